// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/hedge_core.hpp>

namespace fairlead::policy {

bool hedge_core::useful(time_point at) const noexcept {
  return plan_.deadline == no_deadline ||
         (at < plan_.deadline && plan_.deadline - at >= plan_.min_useful);
}

std::uint32_t hedge_core::started(time_point now) noexcept {
  const auto number = started_++;
  ++in_flight_;
  const bool on_failure_only = plan_.delay < duration::zero() || plan_.delay == duration::max();
  next_ = on_failure_only || !may_start() ? no_deadline : saturating_add(now, plan_.delay);
  if (next_ != no_deadline && !useful(next_)) {
    next_ = no_deadline;
  }
  return number;
}

bool hedge_core::due(time_point now) const noexcept {
  return may_start() && next_ != no_deadline && now >= next_ && useful(now);
}

bool hedge_core::ended(const hedge_ending& how, time_point now) noexcept {
  --in_flight_;
  if (how.rejected) {
    over_ = over_ || in_flight_ == 0;
    return over_ && in_flight_ == 0;
  }
  if (how.outcome != verdict::failure) {
    over_ = true;
    return true;
  }
  if (how.wait && *how.wait < duration::zero()) {
    over_ = true;
  }
  if (may_start()) {
    const auto at = saturating_add(now, how.wait.value_or(duration::zero()));
    next_ = useful(at) ? at : no_deadline;
  }
  return exhausted();
}

bool hedge_core::exhausted() const noexcept {
  return in_flight_ == 0 && (!may_start() || next_ == no_deadline);
}

}  // namespace fairlead::policy
