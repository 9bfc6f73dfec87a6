// SPDX-License-Identifier: BSL-1.0
// Content codings as a sans-IO encoder: bytes in, coded bytes out.
#pragma once

#include <fairlead/http/request.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

enum class content_coding : std::uint8_t { identity, gzip, deflate, br, zstd };

/// As in Content-Encoding; "identity" is never written.
[[nodiscard]] std::string_view to_string(content_coding c) noexcept;

/// The codings that this build can encode, the ones that are preferred first.
[[nodiscard]] std::span<const content_coding> built_in_codings() noexcept;

/// The best of `offered` and identity for an Accept-Encoding value (RFC 9110, 12.5.3): the one with
/// the largest weight, and among equals the first. What is malformed in the value is not
/// acceptable; without anything acceptable it is identity all the same.
[[nodiscard]] content_coding choose_coding(std::string_view accept_encoding,
                                           std::span<const content_coding> offered) noexcept;

/// The request's Accept-Encoding; several fields are one list.
[[nodiscard]] std::string accepted_codings(const request& r);
/// Whether a request accepts a coding, by name or by "*".
[[nodiscard]] bool accepts_coding(const request& r, std::string_view coding);

/// One body.
class content_encoder {
 public:
  /// For one of `built_in_codings()`. `level`: 1 (fast) to 9 (small), as zlib counts; the levels of
  /// other codings are those that take about as long. Throws `std::bad_alloc`.
  [[nodiscard]] static std::unique_ptr<content_encoder> make(content_coding coding, int level);

  content_encoder() = default;
  content_encoder(const content_encoder&) = delete;
  content_encoder& operator=(const content_encoder&) = delete;
  virtual ~content_encoder() = default;

  /// How much of what was put in must come out.
  enum class until : std::uint8_t {
    now_and_then,  ///< what is worth while
    here,          ///< everything, for a peer that waits for it
    the_end,       ///< everything, and the end of the body
  };
  /// Appends to `out`. Throws `std::bad_alloc`.
  virtual void put(std::string& out, std::string_view bytes, until how) = 0;
};

}  // namespace fairlead::http::detail
