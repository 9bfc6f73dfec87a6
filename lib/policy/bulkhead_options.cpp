// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/bulkhead_core.hpp>
#include <fairlead/policy/bulkhead_options.hpp>

namespace fairlead::policy {

std::vector<std::string> problems_of(const bulkhead_options& options) {
  std::vector<std::string> found;
  const auto add_if = [&](bool wrong, const char* text) {
    if (wrong) {
      found.emplace_back(text);
    }
  };
  const auto& o = options;
  add_if(o.max == 0, "max is 0");
  add_if(o.max > permit_word::most, "max is greater than 2147483647");
  add_if(o.max_wait < duration::zero(), "max_wait is negative");
  add_if(o.sojourn_target < duration::zero(), "sojourn_target is negative");
  add_if(o.overload_after < duration::zero(), "overload_after is negative");
  return found;
}

}  // namespace fairlead::policy
