// SPDX-License-Identifier: BSL-1.0
// Collects what is wrong with options.
#pragma once

#include <string>
#include <vector>

namespace fairlead::policy::detail {

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
