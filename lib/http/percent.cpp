// SPDX-License-Identifier: BSL-1.0
#include "detail/chars.hpp"

#include <fairlead/http/percent.hpp>

namespace fairlead::http {

namespace {

std::string encode(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (detail::is_unreserved(c)) {
      out += c;
    } else {
      const auto u = static_cast<unsigned char>(c);
      out += '%';
      out += digits[u >> 4U];
      out += digits[u & 0xfU];
    }
  }
  return out;
}

enum class plus { literal, space };

std::optional<std::string> decode(std::string_view text, plus meaning) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && meaning == plus::space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 1 < text.size() ? detail::hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? detail::hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return std::nullopt;
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

}  // namespace

std::string encode_segment(std::string_view text) {
  // "." and ".." would be taken for steps in the path, encoded or not; nothing can be done about
  // them here, and a server that matters refuses them.
  return encode(text);
}

std::string encode_query(std::string_view text) {
  return encode(text);
}

std::optional<std::string> percent_decode(std::string_view text) {
  return decode(text, plus::literal);
}

std::optional<std::string> form_decode(std::string_view text) {
  return decode(text, plus::space);
}

std::string with_query(std::string target, std::string_view name, std::string_view value) {
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += encode(name);
  target += '=';
  target += encode(value);
  return target;
}

}  // namespace fairlead::http
