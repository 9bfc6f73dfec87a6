// SPDX-License-Identifier: BSL-1.0
// How it works: one pass finds the ends of names and values; the fields, which stand there as
// `headers` keeps them, are then copied in one piece.
#include "plain_head.hpp"

#include "chars.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace fairlead::http::detail {

namespace {

constexpr auto separator = headers_access::separator;
constexpr auto line_end = headers_access::line_end;
constexpr std::string_view version_and_end = " HTTP/1.1\r\n";
constexpr std::string_view version_and_space = "HTTP/1.1 ";

/// Reads the fields of one head and remembers those that say how to go on.
class plain_fields {
 public:
  plain_fields(std::string_view bytes, std::size_t begin, std::size_t most)
      : bytes_(bytes), begin_(begin), most_(most) {}

  /// Returns the size of the head, or 0.
  std::size_t read(const headers_access& into) {
    const auto size = read_index(into);
    if (size != 0) {
      into.set_text(bytes_.substr(begin_, size - line_end.size() - begin_));
    }
    return size;
  }

  [[nodiscard]] std::size_t hosts() const noexcept { return hosts_; }
  [[nodiscard]] std::optional<std::uint64_t> length() const noexcept { return length_; }
  [[nodiscard]] bool closes() const noexcept { return closes_; }

 private:
  std::size_t read_index(const headers_access& into) {
    const auto bytes = bytes_;
    auto at = begin_;
    for (std::size_t fields = 0;; ++fields) {
      const auto name_begin = at;
      at = end_of_token(bytes, at);
      const auto name = bytes.substr(name_begin, at - name_begin);
      if (name.empty()) {
        return stands_at(bytes, at, line_end) ? at + line_end.size() : 0;
      }
      if (fields == most_ || !stands_at(bytes, at, separator)) {
        return 0;
      }
      const auto value_begin = at + separator.size();
      const auto value_size = find_control(bytes.substr(value_begin));
      if (value_size == std::string_view::npos) {
        return 0;
      }
      const auto value = bytes.substr(value_begin, value_size);
      at = value_begin + value_size;
      if (!stands_at(bytes, at, line_end) || has_space_around(value) || !is_plain(name, value)) {
        return 0;
      }
      at += line_end.size();
      into.add_index(name_begin - begin_, name, value.size());
    }
  }

  static std::size_t end_of_token(std::string_view bytes, std::size_t at) noexcept {
    const auto* p = bytes.data() + at;
    const auto* const end = bytes.data() + bytes.size();
    while (end - p >= 4 && is_tchar(p[0]) && is_tchar(p[1]) && is_tchar(p[2]) && is_tchar(p[3])) {
      p += 4;
    }
    while (p != end && is_tchar(*p)) {
      ++p;
    }
    return static_cast<std::size_t>(p - bytes.data());
  }

  // Whether these two bytes are next.
  static bool stands_at(std::string_view bytes, std::size_t at, std::string_view two) noexcept {
    return bytes.size() - at >= 2 && bytes[at] == two[0] && bytes[at + 1] == two[1];
  }

  static bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }
  static bool has_space_around(std::string_view value) noexcept {
    return !value.empty() && (is_space(value.front()) || is_space(value.back()));
  }

  // False when the parser has to look at it.
  bool is_plain(std::string_view name, std::string_view value) {
    switch (name.size()) {
      case 4:
        return !iequals(name, "host") ||
               (++hosts_ == 1 && std::all_of(value.begin(), value.end(), is_host_char));
      case 7:
        return !iequals(name, "upgrade");
      case 10:
        return !iequals(name, "connection") || is_plain_connection(value);
      case 14:
        return !iequals(name, "content-length") || is_plain_length(value);
      case 16:
        return !iequals(name, "proxy-connection");
      case 17:
        return !iequals(name, "transfer-encoding");
      default:
        return true;
    }
  }

  bool is_plain_connection(std::string_view value) noexcept {
    if (iequals(value, "close")) {
      closes_ = true;
      return true;
    }
    return iequals(value, "keep-alive");
  }

  bool is_plain_length(std::string_view value) noexcept {
    std::uint64_t n = 0;
    const auto end = value.data() + value.size();
    const auto [read_to, ec] = std::from_chars(value.data(), end, n);
    if (length_ || ec != std::errc() || read_to != end) {
      return false;
    }
    length_ = n;
    return true;
  }

  std::string_view bytes_;
  std::size_t begin_;
  std::size_t most_;
  std::size_t hosts_ = 0;
  std::optional<std::uint64_t> length_;
  bool closes_ = false;
};

}  // namespace

plain_head read_plain_head(std::string_view bytes, std::size_t most_fields,
                           const request_access& into) {
  const auto space = bytes.find(' ');
  if (space == std::string_view::npos) {
    return {};
  }
  const auto method = parse_method(bytes.substr(0, space));
  if (!method) {
    return {};
  }
  const auto target_begin = space + 1;
  auto at = target_begin;
  while (at < bytes.size() && is_print(bytes[at]) && bytes[at] != ' ') {
    ++at;
  }
  const auto target = bytes.substr(target_begin, at - target_begin);
  if (target.empty() || !bytes.substr(at).starts_with(version_and_end)) {
    return {};
  }
  plain_fields fields(bytes, at + version_and_end.size(), most_fields);
  const auto size = fields.read(headers_access{into.fields()});
  if (size == 0 || fields.hosts() != 1) {
    into.fields().clear();
    return {};
  }
  into.set_method(*method);
  into.set_minor(1);
  into.target() = target;
  return {size, fields.length().value_or(0), fields.length().has_value(), fields.closes()};
}

plain_head read_plain_head(std::string_view bytes, std::size_t most_fields,
                           const response_access& into) {
  constexpr std::size_t digits = 3;
  constexpr auto reason_begin = version_and_space.size() + digits + 1;
  if (bytes.size() < reason_begin || !bytes.starts_with(version_and_space) ||
      bytes[reason_begin - 1] != ' ') {
    return {};
  }
  int code = 0;
  for (const char c : bytes.substr(version_and_space.size(), digits)) {
    if (!is_digit(c)) {
      return {};
    }
    code = code * 10 + (c - '0');
  }
  // These have no body, whatever their fields say.
  if (code < 200 || code == 204 || code == 304) {
    return {};
  }
  auto at = reason_begin;
  while (at < bytes.size() && is_print(bytes[at])) {
    ++at;
  }
  if (bytes.substr(at, line_end.size()) != line_end) {
    return {};
  }
  plain_fields fields(bytes, at + line_end.size(), most_fields);
  const auto size = fields.read(headers_access{into.fields()});
  if (size == 0 || !fields.length()) {
    into.fields().clear();
    return {};
  }
  into.r.status(static_cast<status>(code));
  into.set_minor(1);
  return {size, *fields.length(), true, fields.closes()};
}

}  // namespace fairlead::http::detail
