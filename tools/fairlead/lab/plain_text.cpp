// SPDX-License-Identifier: BSL-1.0
#include "lab/plain_text.hpp"

#include <cmath>
#include <cstdio>

namespace fairlead::lab {

namespace {

bool begins_character(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

// Where the character number `n` begins; the end when there are fewer.
std::size_t offset_of(std::string_view text, std::size_t n) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && n-- == 0) {
      return i;
    }
  }
  return text.size();
}

}  // namespace

std::string short_number(double d) {
  const double size = std::abs(d);
  if (size != 0 && size < 0.1) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.2g", d);
    return text;
  }
  const int decimals = size >= 1000 ? 0 : size >= 10 ? 1 : 2;
  char text[352];
  std::snprintf(text, sizeof(text), "%.*f", decimals, d);
  std::string out = text;
  if (out.find('.') != std::string::npos) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') {
      out.pop_back();
    }
  }
  return out;
}

std::string time_text(duration d) {
  const double ms = std::chrono::duration<double, std::milli>(d).count();
  if (ms < 10'000) {
    return short_number(ms) + " ms";
  }
  const double s = ms / 1000;
  if (s <= 600) {
    return short_number(s) + " s";
  }
  return s <= 36'000 ? short_number(s / 60) + " min" : short_number(s / 3600) + " h";
}

std::string counted(std::size_t n, std::string_view one) {
  return std::to_string(n) + " " + std::string(one) + (n == 1 ? "" : "s");
}

std::size_t length_of(std::string_view text) noexcept {
  std::size_t n = 0;
  for (const char c : text) {
    n += begins_character(c) ? 1 : 0;
  }
  return n;
}

std::string clipped(std::string_view text, std::size_t most) {
  constexpr std::size_t dots = 3;
  if (length_of(text) <= most) {
    return std::string(text);
  }
  return std::string(text.substr(0, offset_of(text, most > dots ? most - dots : 0))) + "...";
}

std::string on_one_line(std::string_view text) {
  std::string out;
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto escape = [&](unsigned character) {
    char code[8];
    std::snprintf(code, sizeof(code), "\\u%04x", character & 0xFFFFU);
    out += code;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (byte(i) < 0x20U || byte(i) == 0x7FU) {
      escape(byte(i));
    } else if (byte(i) == 0xC2U && byte(i + 1) >= 0x80U && byte(i + 1) < 0xA0U) {
      escape(byte(++i));  // the second range of control characters
    } else if (byte(i) == 0xE2U && byte(i + 1) == 0x80U && (byte(i + 2) & 0xFEU) == 0xA8U) {
      escape(0x2000U + (byte(i + 2) & 0x3FU));  // the separators of lines and paragraphs
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (length_of(text) > width) {
    const auto fits = offset_of(text, width);
    auto at = text.rfind(' ', fits);
    const bool word = at == std::string_view::npos || at == 0;
    if (word) {
      at = fits;
    }
    lines.emplace_back(text.substr(0, at));
    text.remove_prefix(word ? at : at + 1);
  }
  if (!text.empty() || lines.empty()) {
    lines.emplace_back(text);
  }
  return lines;
}

}  // namespace fairlead::lab
