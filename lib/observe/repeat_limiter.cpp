// SPDX-License-Identifier: BSL-1.0
// How it works: keys that fall into the same row share its four places; of these the one whose
// window began first is given up.
#include <fairlead/observe/repeat_limiter.hpp>

#include <algorithm>
#include <utility>

namespace fairlead::observe {

repeat_limiter::verdict repeat_limiter::admit(std::uint64_t key, time_point now) noexcept {
  auto& row = slots_[(key * 0x9e3779b97f4a7c15U) >> 58U];
  auto* at = std::find_if(row.begin(), row.end(),
                          [&](const slot& s) { return s.passed != 0 && s.key == key; });
  if (at == row.end()) {
    at = std::min_element(row.begin(), row.end(), [](const slot& a, const slot& b) {
      return std::make_pair(a.passed != 0, a.since) < std::make_pair(b.passed != 0, b.since);
    });
    *at = {key, now, 0, 0};
  } else if (now - at->since >= per_) {
    at->since = now;
    at->passed = 0;
  }
  if (at->passed >= burst_) {
    ++at->suppressed;
    return {};
  }
  ++at->passed;
  return {true, std::exchange(at->suppressed, 0)};
}

}  // namespace fairlead::observe
