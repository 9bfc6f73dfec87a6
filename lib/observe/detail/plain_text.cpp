// SPDX-License-Identifier: BSL-1.0
#include "plain_text.hpp"

#include "json_text.hpp"
#include "utf8.hpp"

#include <algorithm>

namespace fairlead::observe::detail {

std::string shown(std::string_view text) {
  std::string out = valid_utf8(text);
  for (auto& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    c = byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return out;
}

std::size_t columns(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
  }));
}

std::string plain_text(const value_view& value) {
  std::string out;
  const auto* const text = std::get_if<std::string_view>(&value.get());
  if (text == nullptr) {
    append_json(out, value);
    return out;
  }
  const bool odd = text->empty() || std::any_of(text->begin(), text->end(), [](char c) {
                     const auto byte = static_cast<unsigned char>(c);
                     return byte <= 0x20 || byte == 0x7f || c == '"' || c == '=';
                   });
  if (odd) {
    append_json(out, *text);
    return out;
  }
  return shown(*text);
}

void append_pair(std::string& to, std::string_view key, const value_view& value) {
  to += to.empty() ? "" : " ";
  to += shown(key);
  to += '=';
  to += plain_text(value);
}

std::string pairs(const std::vector<attribute>& all) {
  std::string out;
  for (const auto& a : all) {
    append_pair(out, a.key, view_of(a.value));
  }
  return out;
}

}  // namespace fairlead::observe::detail
