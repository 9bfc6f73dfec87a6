// SPDX-License-Identifier: BSL-1.0
#include "set_cookie.hpp"

#include <fairlead/http/headers.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace fairlead::http::detail {

namespace {

using wall_point = std::chrono::system_clock::time_point;

constexpr std::size_t longest_attribute = 1024;              // RFC 6265bis, 5.6
constexpr auto longest_life = std::chrono::hours(400 * 24);  // RFC 6265bis, 5.5

constexpr auto no_place = std::string_view::npos;

bool is_decimal(char c) noexcept {
  return c >= '0' && c <= '9';
}

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::string_view without_blanks(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == no_place) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// What stands before the next semicolon, which is taken away with it.
std::string_view next_part(std::string_view& rest) noexcept {
  const auto end = rest.find(';');
  const auto part = rest.substr(0, end);
  rest = end == no_place ? std::string_view() : rest.substr(end + 1);
  return part;
}

struct name_and_value {
  std::string_view name;
  std::string_view value;
};

name_and_value split(std::string_view part) noexcept {
  const auto equals = part.find('=');
  if (equals == no_place) {
    return {without_blanks(part), {}};
  }
  return {without_blanks(part.substr(0, equals)), without_blanks(part.substr(equals + 1))};
}

// A number of `least` to `most` digits at the front, which is cut off; a digit more is none.
std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t n = 0;
  int value = 0;
  while (n < text.size() && n < most && is_decimal(text[n])) {
    value = value * 10 + (text[n] - '0');
    ++n;
  }
  if (n < least || (n < text.size() && is_decimal(text[n]))) {
    return std::nullopt;
  }
  text.remove_prefix(n);
  return value;
}

bool take_colon(std::string_view& text) noexcept {
  if (!text.starts_with(':')) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

struct date_parts {
  std::optional<std::array<int, 3>> clock;
  std::optional<int> day;
  std::optional<int> month;
  std::optional<int> year;
};

bool read_clock(std::string_view token, date_parts& out) {
  std::array<int, 3> hms{};
  for (std::size_t i = 0; i < hms.size(); ++i) {
    const auto n = take_number(token, 1, 2);
    if (!n || (i < 2 && !take_colon(token))) {
      return false;
    }
    hms[i] = *n;
  }
  out.clock = hms;
  return true;
}

bool read_month(std::string_view token, date_parts& out) {
  constexpr std::string_view names = "janfebmaraprmayjunjulaugsepoctnovdec";
  if (token.size() < 3) {
    return false;
  }
  const auto at = names.find(lowered(token.substr(0, 3)));
  if (at == no_place || at % 3 != 0) {
    return false;
  }
  out.month = static_cast<int>(at / 3) + 1;
  return true;
}

void read_token(std::string_view token, date_parts& out) {
  if (!out.clock && read_clock(token, out)) {
    return;
  }
  auto rest = token;
  if (!out.day) {
    if (const auto n = take_number(rest, 1, 2)) {
      out.day = n;
      return;
    }
  }
  if (!out.month && read_month(token, out)) {
    return;
  }
  rest = token;
  if (!out.year) {
    out.year = take_number(rest, 2, 4);
  }
}

bool is_date_delimiter(char c) noexcept {
  return c == '\t' || (c >= ' ' && c <= '/') || (c >= ';' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

// "/a/b/c" gives "/a/b".
std::string_view default_path(std::string_view of) noexcept {
  const auto last = of.rfind('/');
  return last == no_place || last == 0 ? std::string_view("/") : of.substr(0, last);
}

struct attributes {
  std::optional<wall_point> expires;
  std::optional<wall_point> max_age;  // wins over `expires`
  std::string domain;
  std::string_view path;
  bool secure = false;
  bool http_only = false;
  same_site site = same_site::unset;
};

std::optional<wall_point> read_max_age(std::string_view value, wall_point now) {
  const bool negative = value.starts_with('-');
  const auto digits = negative ? value.substr(1) : value;
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_decimal)) {
    return std::nullopt;
  }
  constexpr auto most = std::chrono::duration_cast<std::chrono::seconds>(longest_life).count();
  std::int64_t seconds = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  static_cast<void>(end);
  if (wrong != std::errc()) {
    seconds = most;
  }
  return negative || seconds == 0 ? wall_point::min()
                                  : now + std::chrono::seconds(std::min(seconds, most));
}

same_site read_same_site(std::string_view value) noexcept {
  if (iequals(value, "strict")) {
    return same_site::strict;
  }
  if (iequals(value, "lax")) {
    return same_site::lax;
  }
  return iequals(value, "none") ? same_site::none : same_site::unset;
}

void read_attribute(const name_and_value& a, wall_point now, attributes& out) {
  if (a.value.size() > longest_attribute) {
    return;
  }
  if (iequals(a.name, "Expires")) {
    if (const auto at = parse_cookie_date(a.value)) {
      out.expires = std::min(*at, now + longest_life);
    }
  } else if (iequals(a.name, "Max-Age")) {
    if (const auto at = read_max_age(a.value, now)) {
      out.max_age = at;
    }
  } else if (iequals(a.name, "Domain")) {
    out.domain = lowered(a.value.starts_with('.') ? a.value.substr(1) : a.value);
  } else if (iequals(a.name, "Path")) {
    out.path = a.value;
  } else if (iequals(a.name, "Secure")) {
    out.secure = true;
  } else if (iequals(a.name, "HttpOnly")) {
    out.http_only = true;
  } else if (iequals(a.name, "SameSite")) {
    out.site = read_same_site(a.value);
  }
}

// Puts the cookie where it belongs; false when it must not be set from there.
bool place(cookie& c, const attributes& a, const url& from) {
  c.domain = from.host();
  if (!a.domain.empty() && a.domain != c.domain) {
    // "com." is one label too.
    if (!domain_matches(c.domain, a.domain) || a.domain.find('.') >= a.domain.size() - 1) {
      return false;
    }
    c.domain = a.domain;
    c.host_only = false;
  } else if (!a.domain.empty()) {
    // For itself and what is below it, unless nothing can be, or everything would.
    c.host_only = is_address(c.domain) || c.domain.find('.') == no_place;
  }
  c.path = a.path.starts_with('/') ? a.path : default_path(from.path());
  return is_plain(c.path);
}

// Names that promise something.
bool keeps_promise(const cookie& c, const attributes& a) {
  const auto name = lowered(c.name);
  if (name.starts_with("__secure-")) {
    return c.secure;
  }
  if (name.starts_with("__host-")) {
    return c.secure && a.domain.empty() && a.path == "/";
  }
  return true;
}

}  // namespace

std::optional<wall_point> parse_cookie_date(std::string_view text) noexcept {
  date_parts parts;
  while (!text.empty()) {
    std::size_t n = 0;
    while (n < text.size() && !is_date_delimiter(text[n])) {
      ++n;
    }
    if (n > 0) {
      read_token(text.substr(0, n), parts);
    }
    text.remove_prefix(std::min(n + 1, text.size()));
  }
  if (!parts.clock || !parts.day || !parts.month || !parts.year) {
    return std::nullopt;
  }
  auto year = *parts.year;
  if (year < 100) {
    year += year < 70 ? 2000 : 1900;
  }
  const auto [hour, minute, second] = *parts.clock;
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(*parts.month)),
                                         std::chrono::day(static_cast<unsigned>(*parts.day)));
  if (year < 1601 || !date.ok() || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  // The clock of C++ ends in 2262.
  if (year > 2261) {
    return wall_point::max();
  }
  if (year < 1678) {
    return wall_point::min();
  }
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

std::optional<cookie> parse_set_cookie(std::string_view text, const url& from, wall_point now) {
  const auto first = next_part(text);
  const auto equals = first.find('=');
  if (equals == no_place) {
    return std::nullopt;
  }
  const auto [name, value] = split(first);
  if (name.empty() || !is_plain(name) || !is_plain(value)) {
    return std::nullopt;
  }
  attributes a;
  while (!text.empty()) {
    const auto part = next_part(text);
    read_attribute(split(part), now, a);
  }
  cookie out;
  out.name = name;
  out.value = value;
  out.expires = a.max_age ? a.max_age : a.expires;
  out.secure = a.secure;
  out.http_only = a.http_only;
  out.same_site = a.site;
  if (!place(out, a, from) || !keeps_promise(out, a) || (out.secure && from.scheme() != "https")) {
    return std::nullopt;
  }
  return out;
}

bool is_address(std::string_view host) noexcept {
  if (host.find(':') != no_place) {
    return true;
  }
  const auto last = host.substr(host.rfind('.') + 1);
  return !last.empty() && std::all_of(last.begin(), last.end(), is_decimal);
}

bool domain_matches(std::string_view host, std::string_view domain) noexcept {
  if (host == domain) {
    return true;
  }
  return !domain.empty() && host.size() > domain.size() && host.ends_with(domain) &&
         host[host.size() - domain.size() - 1] == '.' && !is_address(host);
}

bool path_matches(std::string_view path, std::string_view prefix) noexcept {
  return path.starts_with(prefix) &&
         (path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/');
}

bool is_plain(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || c == ';';
  });
}

}  // namespace fairlead::http::detail
