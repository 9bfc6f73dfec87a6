// SPDX-License-Identifier: BSL-1.0
// Collects what is wrong with options.
#pragma once

#include <string>
#include <vector>

namespace fairlead::policy::detail {

// Between 0 and 1; false for NaN.
inline bool is_share(double x) noexcept {
  return x >= 0 && x <= 1;
}

class problem_list {
 public:
  void add_if(bool wrong, const char* text) {
    if (wrong) {
      found.emplace_back(text);
    }
  }
  std::vector<std::string> found;
};

}  // namespace fairlead::policy::detail
