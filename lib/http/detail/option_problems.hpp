// SPDX-License-Identifier: BSL-1.0
// What is wrong with options, for one message.
#pragma once

#include <string>
#include <vector>

namespace fairlead::http::detail {

[[nodiscard]] inline std::string in_one_line(const std::vector<std::string>& problems) {
  std::string out;
  for (const auto& p : problems) {
    out += out.empty() ? "" : "; ";
    out += p;
  }
  return out;
}

}  // namespace fairlead::http::detail
