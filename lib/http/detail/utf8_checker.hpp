// SPDX-License-Identifier: BSL-1.0
// Tells whether text that comes in pieces is UTF-8 (RFC 3629).
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::http::detail {

/// Refuses at the first byte that no valid text can have there: overlong forms, surrogates and
/// what is beyond U+10FFFF included.
class utf8_checker {
 public:
  /// False once something was wrong.
  [[nodiscard]] bool feed(std::string_view piece) noexcept;

  /// True when no character is left in the middle.
  [[nodiscard]] bool complete() const noexcept { return missing_ == 0; }

  void reset() noexcept { *this = utf8_checker(); }

 private:
  [[nodiscard]] bool begin(unsigned char first) noexcept;

  std::uint8_t missing_ = 0;   // bytes of the character that are still to come
  std::uint8_t least_ = 0x80;  // bounds of the next of them
  std::uint8_t most_ = 0xbf;
};

}  // namespace fairlead::http::detail
