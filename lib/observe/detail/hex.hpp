// SPDX-License-Identifier: BSL-1.0
// Numbers as hexadecimal digits in lower case, of a fixed length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fairlead::observe::detail {

/// Fills all of `into`; what does not fit is lost at the left.
inline void write_hex(std::uint64_t value, std::span<char> into) noexcept {
  for (std::size_t i = into.size(); i > 0; --i) {
    into[i - 1] = "0123456789abcdef"[value & 15U];
    value >>= 4U;
  }
}

/// At most 16 digits, nothing else.
inline std::optional<std::uint64_t> read_hex(std::string_view digits) noexcept {
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (c >= '0' && c <= '9') {
      value = value << 4U | static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4U | static_cast<unsigned>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

}  // namespace fairlead::observe::detail
