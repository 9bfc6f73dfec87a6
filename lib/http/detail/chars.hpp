// SPDX-License-Identifier: BSL-1.0
// Character classes of RFC 9110 and RFC 3986, without locales.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fairlead::http::detail {

[[nodiscard]] constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_alpha(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr bool is_alnum(char c) noexcept {
  return is_alpha(c) || is_digit(c);
}
[[nodiscard]] constexpr bool is_print(char c) noexcept {
  return c >= 0x20 && c < 0x7f;
}
[[nodiscard]] constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
/// The value of a hexadecimal digit, or -1.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
  if (is_digit(c)) {
    return c - '0';
  }
  const char l = to_lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

inline constexpr auto tchar_table = [] {
  std::array<bool, 256> out{};
  for (std::size_t u = 0; u < out.size(); ++u) {
    const auto c = static_cast<char>(u);
    out[u] = is_alnum(c) ||
             (u != 0 && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
  }
  return out;
}();

/// tchar of RFC 9110, 5.6.2.
[[nodiscard]] constexpr bool is_tchar(char c) noexcept {
  return tchar_table[static_cast<unsigned char>(c)];
}
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_tchar(c)) {
      return false;
    }
  }
  return !text.empty();
}

/// unreserved of RFC 3986, 2.3.
[[nodiscard]] constexpr bool is_unreserved(char c) noexcept {
  return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
/// sub-delims of RFC 3986, 2.2.
[[nodiscard]] constexpr bool is_sub_delim(char c) noexcept {
  return c != '\0' && std::string_view("!$&'()*+,;=").find(c) != std::string_view::npos;
}

inline constexpr auto host_table = [] {
  std::array<bool, 256> out{};
  for (std::size_t u = 1; u < 128; ++u) {
    const auto c = static_cast<char>(u);
    out[u] = is_unreserved(c) || is_sub_delim(c) || c == '%' || c == ':' || c == '[' || c == ']';
  }
  return out;
}();

/// What a Host header may consist of (RFC 3986, 3.2.2 and 3.2.3): above all no '/', '@' or space,
/// behind which two readers would see two hosts.
[[nodiscard]] constexpr bool is_host_char(char c) noexcept {
  return host_table[static_cast<unsigned char>(c)];
}

/// Where the first control character other than a tab is; npos when there is none.
[[nodiscard]] inline std::size_t find_control(std::string_view text) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101U;
  constexpr std::uint64_t high = each * 0x80;
  std::size_t i = 0;
  for (std::uint64_t eight = 0; text.size() - i >= sizeof eight;) {
    std::memcpy(&eight, text.data() + i, sizeof eight);
    // The lowest bit set is that of the first byte below 0x20, or 0x7f.
    const auto del = eight ^ (each * 0x7f);
    const auto found = (((eight - each * 0x20) & ~eight) | ((del - each) & ~del)) & high;
    if (found == 0) {
      i += sizeof eight;
      continue;
    }
    if constexpr (std::endian::native != std::endian::little) {
      break;
    }
    i += static_cast<std::size_t>(std::countr_zero(found)) / 8;
    if (text[i] != '\t') {
      return i;
    }
    ++i;
  }
  for (; i < text.size(); ++i) {
    const auto u = static_cast<unsigned char>(text[i]);
    if ((u < 0x20 && u != '\t') || u == 0x7f) {
      return i;
    }
  }
  return std::string_view::npos;
}
[[nodiscard]] constexpr std::string_view name_of_control(char c) noexcept {
  switch (c) {
    case '\r':
      return "a carriage return";
    case '\n':
      return "a line feed";
    case '\0':
      return "a NUL";
    case '\t':
      return "a tab";
    default:
      return "a control character";
  }
}

/// Without the spaces and tabs at both ends.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace fairlead::http::detail
