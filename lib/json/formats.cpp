// SPDX-License-Identifier: BSL-1.0
// What counts as an email address and as an absolute URL. One pass each.
#include "rules.hpp"

#include <algorithm>
#include <string_view>

namespace fairlead::json::detail {

namespace {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_alphanumeric(char c) {
  return is_digit(c) || is_letter(c);
}
bool is_in(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

// Labels of letters, digits and inner hyphens, at most 63 each, with dots between them.
bool is_domain(std::string_view domain) {
  std::size_t begin = 0;
  while (begin <= domain.size()) {
    const auto end = std::min(domain.find('.', begin), domain.size());
    const auto label = domain.substr(begin, end - begin);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    for (const char c : label) {
      if (!is_alphanumeric(c) && c != '-') {
        return false;
      }
    }
    begin = end + 1;
  }
  return true;
}

constexpr bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

bool is_email(std::string_view text) noexcept {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) {
    return false;
  }
  for (const char c : text.substr(0, at)) {
    if (!is_alphanumeric(c) && !is_in(c, ".!#$%&'*+/=?^_`{|}~-")) {
      return false;
    }
  }
  return is_domain(text.substr(at + 1));
}

bool is_url(std::string_view text) noexcept {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text.front())) {
    return false;
  }
  for (const char c : text.substr(0, colon)) {
    if (!is_alphanumeric(c) && !is_in(c, "+-.")) {
      return false;
    }
  }
  const auto rest = text.substr(colon + 3);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == '%') {
      if (i + 2 >= rest.size() || !is_hex(rest[i + 1]) || !is_hex(rest[i + 2])) {
        return false;
      }
    } else if (!is_alphanumeric(c) && !is_in(c, "-._~:/?#[]@!$&'()*+,;=")) {
      return false;
    }
  }
  auto host = rest.substr(0, rest.find_first_of("/?#"));
  host = host.substr(host.find('@') + 1);
  return !host.empty() && host.front() != ':';
}

}  // namespace fairlead::json::detail
