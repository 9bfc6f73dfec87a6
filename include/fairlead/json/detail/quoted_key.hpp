// SPDX-License-Identifier: BSL-1.0
// Member names as they are written, escaped while the program is compiled.
#pragma once

#include <cstddef>
#include <string_view>

namespace fairlead::json::detail {

constexpr std::size_t quoted_size(std::string_view name) {
  std::size_t n = 4;  // ,"":
  for (const char c : name) {
    n += c == '"' || c == '\\' ? 2 : static_cast<unsigned char>(c) < 0x20 ? 6 : 1;
  }
  return n;
}

/// Writes `,"name":` to `out`.
constexpr void quote_key(std::string_view name, char* out) {
  const auto put = [&](std::string_view text) {
    for (const char c : text) {
      *out++ = c;
    }
  };
  put(",\"");
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      put("\\");
      put({&c, 1});
    } else if (u < 0x20) {
      constexpr std::string_view digits = "0123456789abcdef";
      put("\\u00");
      put(digits.substr(u >> 4U, 1));
      put(digits.substr(u & 15U, 1));
    } else {
      put({&c, 1});
    }
  }
  put("\":");
}

template <std::size_t N>
struct quoted_key {
  char data[N]{};
  constexpr explicit quoted_key(std::string_view name) { quote_key(name, data); }
  [[nodiscard]] constexpr std::string_view view() const { return {data, N}; }
};

}  // namespace fairlead::json::detail
