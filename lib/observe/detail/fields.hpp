// SPDX-License-Identifier: BSL-1.0
// Taking apart what stands in header fields.
#pragma once

#include <string_view>

namespace fairlead::observe::detail {

/// Without the spaces and tabs at both ends (OWS of RFC 9110).
inline std::string_view trimmed(std::string_view s) noexcept {
  const auto from = s.find_first_not_of(" \t");
  if (from == std::string_view::npos) {
    return {};
  }
  return s.substr(from, s.find_last_not_of(" \t") - from + 1);
}

/// What stands before the next `separator`; `rest` is then what comes after it. At the end, all of
/// it, and `rest` is empty.
inline std::string_view take_until(std::string_view& rest, char separator) noexcept {
  const auto at = rest.find(separator);
  const auto first = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return first;
}

}  // namespace fairlead::observe::detail
