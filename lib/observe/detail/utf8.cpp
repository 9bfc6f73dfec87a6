// SPDX-License-Identifier: BSL-1.0
#include "utf8.hpp"

namespace fairlead::observe::detail {

std::size_t character(std::string_view s) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || s.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) {
      return 0;
    }
  }
  const auto second = byte(1);  // overlong forms, surrogates, above U+10FFFF
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
      (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return length;
}

std::string valid_utf8(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  while (!s.empty()) {
    const auto length = character(s);
    out += length == 0 ? replacement : s.substr(0, length);
    s.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string_view cut(std::string_view s, std::size_t most) noexcept {
  if (s.size() <= most) {
    return s;
  }
  // Back over the bytes that continue a character, three at most.
  std::size_t end = most;
  while (end > 0 && most - end < 3 && (static_cast<unsigned char>(s[end]) & 0xc0U) == 0x80) {
    --end;
  }
  return s.substr(0, (static_cast<unsigned char>(s[end]) & 0xc0U) == 0x80 ? most : end);
}

}  // namespace fairlead::observe::detail
