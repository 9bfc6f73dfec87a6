// SPDX-License-Identifier: BSL-1.0
#include "span_facts.hpp"

#include "chars.hpp"

#include <fairlead/http/headers.hpp>

#include <algorithm>
#include <charconv>

namespace fairlead::http::detail {

namespace {

bool is_secret(std::string_view name) noexcept {
  constexpr std::string_view secrets[] = {
      "AWSAccessKeyId",       "Signature",      "sig", "X-Goog-Signature",
      "X-Amz-Security-Token", "X-Amz-Signature"};
  return std::any_of(std::begin(secrets), std::end(secrets),
                     [&](std::string_view s) { return iequals(s, name); });
}

}  // namespace

address_parts split_address(std::string_view text) noexcept {
  address_parts out{text};
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  if (colon != std::string_view::npos && (bracketed || text.find(':') == colon)) {
    const auto digits = text.substr(colon + 1);
    const auto* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, out.port);
    if (read.ec == std::errc() && read.ptr == end) {
      out.address = text.substr(0, colon);
    } else {
      out.port = 0;
    }
  }
  if (bracketed && out.address.ends_with(']')) {
    out.address = out.address.substr(1, out.address.size() - 2);
  }
  return out;
}

std::string redacted(std::string_view target) {
  const auto mark = std::min(target.find('?'), target.size());
  std::string out(target.substr(0, mark));
  auto rest = target.substr(mark);
  while (!rest.empty()) {
    out += rest.front();  // '?' or '&'
    rest.remove_prefix(1);
    const auto member = rest.substr(0, rest.find('&'));
    rest.remove_prefix(member.size());
    const auto equals = member.find('=');
    if (equals != std::string_view::npos && is_secret(member.substr(0, equals))) {
      out.append(member.substr(0, equals + 1)).append("REDACTED");
    } else {
      out += member;
    }
  }
  return out;
}

}  // namespace fairlead::http::detail
