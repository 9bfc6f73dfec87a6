// SPDX-License-Identifier: BSL-1.0
// Undoes content codings (RFC 9110, 8.4), piece by piece and without I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// What one step took from the front of its input, and where the body stands.
struct decode_step {
  enum class state : std::uint8_t {
    more,    ///< all of the input was taken
    full,    ///< there may be more output in what was taken; ask again with what is left
    failed,  ///< see `reason`
  };
  std::size_t taken;
  state now;
};

/// Decodes one body. Its memory is bounded whatever comes: gzip and deflate 50 KiB, br 17 MiB, zstd
/// 9 MiB (RFC 9659 lets a window be no larger than 8 MiB).
class content_decoder {
 public:
  /// Nullptr for "identity", for a list, and for what this build does not know. "deflate" means
  /// zlib's format, and bare deflate too, which some servers send under that name.
  [[nodiscard]] static std::unique_ptr<content_decoder> make(std::string_view coding);

  /// What a client says that it understands: "gzip, deflate", and what else was built in.
  [[nodiscard]] static std::string_view accepted() noexcept;

  content_decoder() = default;
  content_decoder(const content_decoder&) = delete;
  content_decoder& operator=(const content_decoder&) = delete;
  virtual ~content_decoder() = default;

  /// Decodes from the front of `in` and appends at most `most` bytes (at least 1) to `out`.
  [[nodiscard]] virtual decode_step decode(std::string_view in, std::string& out,
                                           std::size_t most) = 0;
  /// Whether the body may end here.
  [[nodiscard]] virtual bool complete() const noexcept = 0;
  /// What is wrong, in words, after `failed`.
  [[nodiscard]] virtual std::string_view reason() const noexcept = 0;
};

/// Holds a decoded body to a size, and a stream to a ratio: a body that grows like no honest one
/// (zip bombs) is given up early.
class decode_guard {
 public:
  /// Apache's DeflateInflateRatioLimit. Below `free` bytes any ratio will do.
  static constexpr std::uint64_t ratio = 200;
  static constexpr std::uint64_t free = 16 * 1024 * 1024;

  void saw(std::uint64_t encoded, std::uint64_t decoded) noexcept {
    encoded_ += encoded;
    decoded_ += decoded;
  }
  [[nodiscard]] std::uint64_t decoded() const noexcept { return decoded_; }
  [[nodiscard]] bool suspicious() const noexcept {
    return decoded_ > free && decoded_ / ratio > encoded_;
  }

 private:
  std::uint64_t encoded_ = 0;
  std::uint64_t decoded_ = 0;
};

}  // namespace fairlead::http::detail
