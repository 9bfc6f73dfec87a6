// SPDX-License-Identifier: BSL-1.0
// Content codings as a sans-IO encoder: bytes in, coded bytes out.
#pragma once

#include <fairlead/http/request.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

enum class content_coding : std::uint8_t { identity, gzip, deflate };

/// As in Content-Encoding; "identity" is never written.
[[nodiscard]] std::string_view to_string(content_coding c) noexcept;

/// The best of gzip, deflate and identity, in this order where the client has no preference, for an
/// Accept-Encoding value (RFC 9110, 12.5.3). What is malformed in it is not acceptable; without
/// anything acceptable it is identity all the same.
[[nodiscard]] content_coding choose_coding(std::string_view accept_encoding) noexcept;

/// The request's Accept-Encoding; several fields are one list.
[[nodiscard]] std::string accepted_codings(const request& r);
/// Whether a request accepts a coding, by name or by "*".
[[nodiscard]] bool accepts_coding(const request& r, std::string_view coding);

/// One body. Takes about 260 KiB while it lives.
class content_encoder {
 public:
  /// `level`: 1 (fast) to 9 (small). Throws `std::bad_alloc`.
  content_encoder(content_coding coding, int level);
  content_encoder(const content_encoder&) = delete;
  content_encoder& operator=(const content_encoder&) = delete;
  ~content_encoder();

  /// How much of what was put in must come out.
  enum class until : std::uint8_t {
    now_and_then,  ///< what is worth while
    here,          ///< everything, for a peer that waits for it
    the_end,       ///< everything, and the end of the body
  };
  /// Appends to `out`.
  void put(std::string& out, std::string_view bytes, until how);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace fairlead::http::detail
