// SPDX-License-Identifier: BSL-1.0
// Member names as they are written, escaped while the program is compiled.
#pragma once

#include <array>
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

template <std::size_t N>
constexpr std::array<char, N> quote(std::string_view name) {
  std::array<char, N> out{};
  std::size_t n = 0;
  const auto put = [&](std::string_view text) {
    for (const char c : text) {
      out[n++] = c;
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
  return out;
}

}  // namespace fairlead::json::detail
