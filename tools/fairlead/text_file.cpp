// SPDX-License-Identifier: BSL-1.0
#include "text_file.hpp"

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

namespace fairlead::cli {

namespace {

// How many bytes of valid UTF-8 `text` begins with: one character, or 0.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) {
    return 0;
  }
  std::uint32_t point = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) {
      return 0;
    }
    point = (point << 6U) | (byte(i) & 0x3fU);
  }
  const bool shortest =
      size == 2 || (size == 3 && point >= 0x800) || (size == 4 && point >= 0x10000);
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  return shortest && !surrogate && point <= 0x10ffff ? size : 0;
}

}  // namespace

tl::expected<std::string, std::string> read_all(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
  }
  try {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    if (in) {
      return std::string(std::istreambuf_iterator<char>(in), {});
    }
    return tl::unexpected<std::string>(std::generic_category().message(errno));
  } catch (const std::ios_base::failure& e) {  // a directory opens, and then cannot be read
    return tl::unexpected<std::string>(e.code().message());
  }
}

std::optional<std::string> write_all(const std::string& path, const std::string& text) {
  errno = 0;
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (out) {
    return std::nullopt;
  }
  return std::generic_category().message(errno);
}

std::string place_in(std::string_view text, std::size_t at) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < at && i < text.size(); ++i) {
    column = text[i] == '\n' ? 1 : column + 1;
    line += text[i] == '\n' ? 1 : 0;
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto size = character_size(text);
    if (size == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto size = character_size(text);
    if (size == 0) {
      return false;
    }
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace fairlead::cli
