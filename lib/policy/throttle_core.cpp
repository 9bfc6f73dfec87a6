// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/throttle_core.hpp>

#include "detail/problems.hpp"

#include <algorithm>
#include <cmath>

namespace fairlead::policy {

namespace {
constexpr std::uint32_t most_throttle_slices = 1U << 16U;
}  // namespace

std::vector<std::string> problems_of(const throttle_options& o) {
  detail::problem_list p;
  p.add_if(!(o.k >= 1) || !std::isfinite(o.k), "k must be a finite number, at least 1");
  p.add_if(o.window <= duration::zero(), "window must be positive");
  p.add_if(o.slices == 0, "slices is 0");
  p.add_if(o.slices > most_throttle_slices, "slices is greater than 65536");
  p.add_if(!(o.cap >= 0 && o.cap <= 1), "cap must be between 0 and 1");
  return p.found;
}

throttle_core::throttle_core(const throttle_options& o)
    : k_(o.k), cap_(o.cap), min_requests_(o.min_requests), counts_(o.window, o.slices) {}

double throttle_core::probability(time_point now) noexcept {
  const auto& n = counts_.totals(now);
  if (n[requests] < min_requests_ || n[refusals] == 0) {
    return 0;
  }
  const auto sent = static_cast<double>(n[requests]);
  const auto excess = sent - k_ * static_cast<double>(n[accepts]);
  return std::clamp(excess / (sent + 1), 0.0, cap_);
}

void throttle_core::end(place began, verdict outcome, time_point now) noexcept {
  switch (outcome) {
    case verdict::success:
      counts_.add(accepts, now);
      break;
    case verdict::failure:
    case verdict::fatal:
      counts_.add(refusals, now);
      break;
    case verdict::neutral:
      forget(began);
      break;
  }
}

throttle_metrics throttle_core::metrics(time_point now) noexcept {
  const auto& n = counts_.totals(now);
  return {n[requests], n[accepts], probability(now)};
}

}  // namespace fairlead::policy
