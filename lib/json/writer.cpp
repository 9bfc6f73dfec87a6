// SPDX-License-Identifier: BSL-1.0
// Numbers and strings as JSON.
//
// How it works: strings are scanned eight bytes at a time for the first byte that is not a plain
// ASCII character; plain runs are copied as they are. Beyond ASCII every sequence is checked, since
// a peer would refuse the whole document for one bad byte.
#include "writer.hpp"

#include <charconv>

namespace fairlead::json::detail {

namespace {

constexpr std::uint64_t every_byte = 0x0101010101010101ULL;

// True when all eight characters are plain: printable ASCII but `"` and `\`.
bool all_plain(std::uint64_t word) noexcept {
  const auto quote = word ^ (every_byte * '"');
  const auto slash = word ^ (every_byte * '\\');
  const auto special = (word - every_byte * 0x20) | (quote - every_byte) | (slash - every_byte);
  return ((special | word) & (every_byte * 0x80)) == 0;
}

bool is_plain(char c) noexcept {
  const auto u = static_cast<unsigned char>(c);
  return u >= 0x20 && u < 0x80 && c != '"' && c != '\\';
}

std::uint64_t load(const char* at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return word;
}

// The length of the run of plain characters at the front.
std::size_t plain_run(const char* at, const char* end) noexcept {
  const char* const begin = at;
  while (end - at >= 8 && all_plain(load(at))) {
    at += 8;
  }
  while (at != end && is_plain(*at)) {
    ++at;
  }
  return static_cast<std::size_t>(at - begin);
}

// The length of the UTF-8 sequence (of two bytes or more) at the front; 0 when it is none.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const auto lead = byte(0);
  const auto second = byte(1);
  if (lead >= 0xc2 && lead <= 0xdf) {
    return tail(1) ? 2 : 0;
  }
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool overlong = lead == 0xe0 && second < 0xa0;
    const bool surrogate = lead == 0xed && second > 0x9f;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool overlong = lead == 0xf0 && second < 0x90;
    const bool beyond = lead == 0xf4 && second > 0x8f;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

std::string_view short_escape(char c) noexcept {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    default:
      return {};
  }
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    if (text.size() >= 8 && (load(text.data()) & (every_byte * 0x80)) == 0) {
      text.remove_prefix(8);
      continue;
    }
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    const auto n = sequence_length(text);
    if (n == 0) {
      return false;
    }
    text.remove_prefix(n);
  }
  return true;
}

void writer::put(std::int64_t value) {
  char* const at = begin(24);
  at_ = std::to_chars(at, at + 24, value).ptr;
}
void writer::put(std::uint64_t value) {
  char* const at = begin(24);
  at_ = std::to_chars(at, at + 24, value).ptr;
}
void writer::put(double value) {
  char* const at = begin(32);
  at_ = std::to_chars(at, at + 32, value).ptr;
}
void writer::put(float value) {
  char* const at = begin(32);
  at_ = std::to_chars(at, at + 32, value).ptr;
}

// Copies word by word as long as all is plain, which is the rule; the last word overlaps.
bool writer::string(std::string_view text) {
  const auto n = text.size();
  if (room() < n + 2) {
    flush();
    if (room() < n + 2) {
      return string_with_escapes(text);
    }
  }
  char* out = at_;
  *out++ = '"';
  const char* const from = text.data();
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const auto word = load(from + i);
    if (!all_plain(word)) {
      return string_with_escapes(text);
    }
    std::memcpy(out + i, &word, 8);
  }
  if (i < n && n >= 8) {
    const auto word = load(from + n - 8);
    if (!all_plain(word)) {
      return string_with_escapes(text);
    }
    std::memcpy(out + n - 8, &word, 8);
  } else {
    for (; i < n; ++i) {
      if (!is_plain(from[i])) {
        return string_with_escapes(text);
      }
      out[i] = from[i];
    }
  }
  out[n] = '"';
  at_ = out + n + 1;
  return true;
}

bool writer::string_with_escapes(std::string_view text) {
  put('"');
  while (true) {
    const auto run = plain_run(text.data(), text.data() + text.size());
    put(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) {
      break;
    }
    const char c = text.front();
    if (static_cast<unsigned char>(c) >= 0x80) {
      const auto n = sequence_length(text);
      if (n == 0) {
        return false;
      }
      put(text.substr(0, n));
      text.remove_prefix(n);
      continue;
    }
    if (const auto escape = short_escape(c); !escape.empty()) {
      put(escape);
    } else {
      static constexpr std::string_view digits = "0123456789abcdef";
      const auto u = static_cast<unsigned char>(c);
      put("\\u00");
      put(digits[u >> 4U]);
      put(digits[u & 15U]);
    }
    text.remove_prefix(1);
  }
  put('"');
  return true;
}

}  // namespace fairlead::json::detail
