// SPDX-License-Identifier: BSL-1.0
#include "url_parts.hpp"

#include "chars.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace fairlead::http::detail {

namespace {

constexpr auto plain_in_path = [] {
  std::array<bool, 256> out{};
  for (std::size_t u = 0; u < 128; ++u) {
    const auto c = static_cast<char>(u);
    out[u] = is_unreserved(c) || is_sub_delim(c) || c == ':' || c == '@' || c == '/';
  }
  return out;
}();

std::string at_byte(std::size_t i) {
  return " at byte " + std::to_string(i);
}

std::string quoted(char c) {
  return std::string("\"") + c + "\"";
}

std::string broken_percent(std::string_view text, std::size_t i, std::size_t offset) {
  if (i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
    return {};
  }
  return "\"%\"" + at_byte(offset + i) + " is not followed by two hexadecimal digits";
}

bool is_ip(int family, std::string_view text) {
  std::array<char, 64> copy{};
  std::array<unsigned char, 16> parsed{};
  if (text.size() >= copy.size()) {
    return false;
  }
  std::copy(text.begin(), text.end(), copy.begin());
  return ::inet_pton(family, copy.data(), parsed.data()) == 1;
}

// WHATWG's test: a host whose last label is a number is meant as an IPv4 address.
bool ends_in_number(std::string_view host) {
  if (host.ends_with('.')) {
    host.remove_suffix(1);
  }
  const auto last = host.substr(host.rfind('.') + 1);
  if (last.empty()) {
    return false;
  }
  if (std::all_of(last.begin(), last.end(), is_digit)) {
    return true;
  }
  return last.size() >= 2 && last[0] == '0' && to_lower(last[1]) == 'x' &&
         std::all_of(last.begin() + 2, last.end(), [](char c) { return hex_value(c) >= 0; });
}

std::string refused_name(std::string_view host, std::size_t offset) {
  std::size_t label = 0;
  for (std::size_t i = 0; i < host.size(); ++i) {
    const char c = host[i];
    if (c == '.') {
      if (label == 0) {
        return "the host name has an empty label" + at_byte(offset + i);
      }
      label = 0;
    } else if (c == '%') {
      return "percent-encoding in a host name" + at_byte(offset + i) + " is refused";
    } else if (!is_alnum(c) && c != '-' && c != '_') {
      return quoted(c) + at_byte(offset + i) + " is not allowed in a host name";
    } else if (++label > 63) {
      return "a label of the host name is longer than 63 characters";
    }
  }
  if (host.size() > 253) {
    return "the host name is longer than 253 characters";
  }
  if (ends_in_number(host) && !is_ip(AF_INET, host)) {
    return "the host looks like an IPv4 address but is none";
  }
  return {};
}

void parse_port(authority_parts& out, std::string_view text, std::size_t offset) {
  unsigned value = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (!std::all_of(text.begin(), text.end(), is_digit)) {
    out.problem = "the port" + at_byte(offset) + " is not a number";
  } else if (parsed.ec != std::errc{} || value > 65535) {
    out.problem = "the port" + at_byte(offset) + " is above 65535";
  } else {
    out.port = static_cast<std::uint16_t>(value);
  }
}

}  // namespace

bool starts_with_scheme(std::string_view text) noexcept {
  const auto colon = text.find_first_of(":/?#");
  if (colon == std::string_view::npos || text[colon] != ':' || colon == 0 || !is_alpha(text[0])) {
    return false;
  }
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; });
}

url_parts split_url(std::string_view text) noexcept {
  url_parts out;
  if (starts_with_scheme(text)) {
    out.scheme = text.substr(0, text.find(':'));
    text.remove_prefix(out.scheme.size() + 1);
  }
  text = text.substr(0, text.find('#'));
  if (const auto mark = text.find('?'); mark != std::string_view::npos) {
    out.has_query = true;
    out.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    out.has_authority = true;
    text.remove_prefix(2);
    out.authority = text.substr(0, text.find('/'));
    text.remove_prefix(out.authority.size());
  }
  out.path = text;
  return out;
}

bool is_plain_path(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return plain_in_path[static_cast<unsigned char>(c)]; });
}

std::string refused_anywhere(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto u = static_cast<unsigned char>(text[i]);
    if (u == ' ') {
      return "a space" + at_byte(i);
    }
    if (u < 0x20 || u == 0x7f) {
      return std::string(name_of_control(text[i])) + at_byte(i);
    }
    if (u >= 0x80) {
      return "a character that is not ASCII" + at_byte(i) +
             "; percent-encode it, or in a host name use the \"xn--\" form";
    }
  }
  return {};
}

std::string refused_in_path(std::string_view path, std::size_t offset) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '%') {
      if (auto why = broken_percent(path, i, offset); !why.empty()) {
        return why;
      }
    } else if (!plain_in_path[static_cast<unsigned char>(c)]) {
      return quoted(c) + at_byte(offset + i) + " must be percent-encoded";
    }
  }
  return {};
}

std::string refused_in_query(std::string_view query, std::size_t offset) {
  for (std::size_t i = 0; i < query.size(); ++i) {
    const char c = query[i];
    if (c == '%') {
      if (auto why = broken_percent(query, i, offset); !why.empty()) {
        return why;
      }
    } else if (c == '"' || c == '<' || c == '>' || c == '#') {
      return quoted(c) + at_byte(offset + i) + " must be percent-encoded";
    }
  }
  return {};
}

authority_parts parse_authority(std::string_view text, std::size_t offset) {
  authority_parts out;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    out.problem = "user information" + at_byte(offset) +
                  " is refused; send credentials in an Authorization header";
    return out;
  }
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) {
      out.problem = "\"[\"" + at_byte(offset) + " has no \"]\"";
      return out;
    }
    const auto address = text.substr(1, close - 1);
    if (!is_ip(AF_INET6, address)) {
      out.problem = "what stands in brackets" + at_byte(offset) + " is not an IPv6 address";
      return out;
    }
    const auto rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') {
      out.problem = quoted(rest.front()) + at_byte(offset + close + 1) + " follows an IPv6 address";
      return out;
    }
    if (rest.size() > 1) {
      parse_port(out, rest.substr(1), offset + close + 2);
    }
    for (const char c : text.substr(0, close + 1)) {
      out.host += to_lower(c);
    }
    return out;
  }
  const auto colon = text.find(':');
  const auto host = text.substr(0, colon);
  if (host.empty()) {
    out.problem = "the host is missing" + at_byte(offset);
    return out;
  }
  out.problem = refused_name(host, offset);
  if (out.problem.empty() && colon != std::string_view::npos && colon + 1 < text.size()) {
    parse_port(out, text.substr(colon + 1), offset + colon + 1);
  }
  for (const char c : host) {
    out.host += to_lower(c);
  }
  return out;
}

void append_without_dots(std::string& out, std::string_view path) {
  const auto floor = out.size();
  if (path.empty()) {
    out += '/';
    return;
  }
  std::size_t i = 0;
  while (i < path.size()) {  // path[i] is '/'
    auto end = path.find('/', i + 1);
    const bool last = end == std::string_view::npos;
    end = last ? path.size() : end;
    const auto segment = path.substr(i + 1, end - i - 1);
    if (segment == "." || segment == "..") {
      if (segment == "..") {
        const auto cut = out.rfind('/');
        out.resize(cut == std::string::npos || cut < floor ? floor : cut);
      }
      if (last) {
        out += '/';
      }
    } else {
      out += '/';
      out += segment;
    }
    i = end;
  }
}

}  // namespace fairlead::http::detail
