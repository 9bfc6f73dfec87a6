// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/metrics_snapshot.hpp>

namespace fairlead::observe {

std::string_view metric_point::at(std::string_view label_name) const noexcept {
  for (const auto& l : labels) {
    if (l.name == label_name) {
      return l.value;
    }
  }
  return {};
}

const instrument* metrics_snapshot::find(std::string_view name) const noexcept {
  for (const auto& i : instruments) {
    if (i.name == name) {
      return &i;
    }
  }
  return nullptr;
}

}  // namespace fairlead::observe
