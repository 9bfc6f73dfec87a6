// SPDX-License-Identifier: BSL-1.0
// The weights of Accept and its relatives: "q=0.5" (RFC 9110, 12.4.2).
#pragma once

#include "chars.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace fairlead::http::detail {

/// "0.5" in thousandths; nothing when it is no weight.
[[nodiscard]] inline std::optional<int> parse_weight(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') ||
      (text.size() > 1 && text[1] != '.')) {
    return std::nullopt;
  }
  int value = (text[0] - '0') * 1000;
  int scale = 100;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (!is_digit(c)) {
      return std::nullopt;
    }
    value += (c - '0') * scale;
    scale /= 10;
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

}  // namespace fairlead::http::detail
