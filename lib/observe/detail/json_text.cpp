// SPDX-License-Identifier: BSL-1.0
#include "json_text.hpp"

#include "utf8.hpp"

#include <charconv>
#include <cmath>
#include <concepts>
#include <type_traits>
#include <variant>

namespace fairlead::observe::detail {

namespace {

void append_escaped_character(std::string& to, char c) {
  switch (c) {
    case '"':
      to += "\\\"";
      return;
    case '\\':
      to += "\\\\";
      return;
    case '\n':
      to += "\\n";
      return;
    case '\r':
      to += "\\r";
      return;
    case '\t':
      to += "\\t";
      return;
    default:
      to += "\\u00";
      to += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4U];
      to += "0123456789abcdef"[static_cast<unsigned char>(c) & 15U];
  }
}

}  // namespace

void append_json(std::string& to, std::string_view text) {
  to += '"';
  while (!text.empty()) {
    const auto length = character(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      to += replacement;
    } else if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) {
      append_escaped_character(to, text[0]);
    } else {
      to += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  to += '"';
}

void append_json(std::string& to, double number) {
  if (!std::isfinite(number)) {
    to += std::isnan(number) ? "\"NaN\"" : number < 0 ? "\"-Infinity\"" : "\"Infinity\"";
    return;
  }
  char text[32];
  to.append(text, std::to_chars(text, text + sizeof(text), number).ptr);
}

void append_json(std::string& to, const value_view& value) {
  std::visit(
      [&](const auto& v) {
        using type = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::same_as<type, bool>) {
          to += v ? "true" : "false";
        } else if constexpr (std::same_as<type, std::int64_t>) {
          to += std::to_string(v);
        } else {
          append_json(to, v);
        }
      },
      value.get());
}

}  // namespace fairlead::observe::detail
