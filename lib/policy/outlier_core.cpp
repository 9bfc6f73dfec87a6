// SPDX-License-Identifier: BSL-1.0
// How it works: the algorithms are those of gRPC's proposal A50, in its order: both rules run over
// the counts of the interval, then endpoints that are in earn one step of their record back. Unlike
// there an ejected endpoint comes back when its time is over, not at the next interval, so that
// short ejections are short.
#include <fairlead/policy/outlier_core.hpp>

#include "detail/problems.hpp"

#include <algorithm>
#include <cmath>

namespace fairlead::policy {

namespace {

// Of one that was called: no rule looks at others, since every volume is positive.
double success_rate(std::uint64_t successes, std::uint64_t failures) noexcept {
  return static_cast<double>(successes) / static_cast<double>(successes + failures);
}

}  // namespace

std::vector<std::string> problems_of(const outlier_options& o) {
  detail::problem_list p;
  p.add_if(o.interval <= duration::zero(), "interval must be positive");
  p.add_if(o.ejection <= duration::zero(), "ejection must be positive");
  p.add_if(o.max_ejection < o.ejection, "max_ejection is shorter than ejection");
  p.add_if(!(o.max_ejected > 0 && o.max_ejected <= 1),
           "max_ejected must be greater than 0 and at most 1");
  p.add_if(!detail::is_share(o.panic_below), "panic_below must be between 0 and 1");
  p.add_if(!(o.success_rate_stdev >= 0) || !std::isfinite(o.success_rate_stdev),
           "success_rate_stdev must be a finite number, at least 0");
  p.add_if(o.success_rate_volume == 0, "success_rate_volume is 0");
  p.add_if(!detail::is_share(o.failure_share), "failure_share must be between 0 and 1");
  p.add_if(o.failure_volume == 0, "failure_volume is 0");
  p.add_if(o.success_rate_stdev == 0 && o.failure_share == 0 && o.consecutive_failures == 0,
           "every rule is off");
  return p.found;
}

outlier_core::slot outlier_core::add() {
  ++size_;
  const auto free =
      std::find_if(slots_.begin(), slots_.end(), [](const endpoint& e) { return !e.used; });
  const auto at = static_cast<slot>(free - slots_.begin());
  if (free == slots_.end()) {
    slots_.emplace_back();
  }
  slots_[at] = endpoint{};
  slots_[at].used = true;
  return at;
}

void outlier_core::remove(slot s) noexcept {
  slots_[s] = endpoint{};
  --size_;
}

void outlier_core::count(slot s, std::uint64_t successes, std::uint64_t failures) noexcept {
  slots_[s].successes += successes;
  slots_[s].failures += failures;
}

std::size_t outlier_core::ejected(time_point now) const noexcept {
  return static_cast<std::size_t>(std::count_if(
      slots_.begin(), slots_.end(), [now](const endpoint& e) { return now < e.until; }));
}

bool outlier_core::may_eject(time_point now) const noexcept {
  return static_cast<double>(ejected(now)) < options_.max_ejected * static_cast<double>(size_);
}

std::uint32_t outlier_core::next_times(const endpoint& e, time_point now) const noexcept {
  constexpr std::uint32_t most = 1U << 30U;
  if (options_.growth == ejection_growth::linear) {
    return std::min(e.times, most) + 1;
  }
  const bool fresh = e.times == 0 || now >= saturating_add(e.until, options_.max_ejection);
  return fresh ? 1 : std::min(e.times, most) + 1;
}

duration outlier_core::next_ejection(slot s, time_point now) const noexcept {
  const auto times = next_times(slots_[s], now);
  const auto first = static_cast<double>(options_.ejection.count());
  const auto ns = options_.growth == ejection_growth::linear
                      ? first * times
                      : first * std::exp2(std::min(times - 1, 1'000U));
  const auto most = static_cast<double>(options_.max_ejection.count());
  return ns < most ? duration(static_cast<duration::rep>(ns)) : options_.max_ejection;
}

bool outlier_core::eject(slot s, time_point now) noexcept {
  if (ejected(s, now)) {
    return true;
  }
  if (!may_eject(now)) {
    return false;
  }
  auto& e = slots_[s];
  const auto length = next_ejection(s, now);
  e.times = next_times(e, now);
  e.until = saturating_add(now, length);
  return true;
}

std::size_t outlier_core::sweep_success_rate(time_point now) {
  const auto counts = [this](const endpoint& e) {
    return e.used && e.successes + e.failures >= options_.success_rate_volume;
  };
  double sum = 0;
  double hosts = 0;
  for (const auto& e : slots_) {
    if (counts(e)) {
      sum += success_rate(e.successes, e.failures);
      ++hosts;
    }
  }
  if (options_.success_rate_stdev <= 0 || hosts < options_.success_rate_hosts || hosts == 0) {
    return 0;
  }
  const auto mean = sum / hosts;
  double squares = 0;
  for (const auto& e : slots_) {
    if (counts(e)) {
      const auto off = success_rate(e.successes, e.failures) - mean;
      squares += off * off;
    }
  }
  const auto least = mean - options_.success_rate_stdev * std::sqrt(squares / hosts);
  std::size_t out = 0;
  for (slot s = 0; s < slots_.size(); ++s) {
    const auto& e = slots_[s];
    if (counts(e) && success_rate(e.successes, e.failures) < least && !ejected(s, now)) {
      out += eject(s, now) ? 1 : 0;
    }
  }
  return out;
}

std::size_t outlier_core::sweep_failures(time_point now) {
  if (options_.failure_share <= 0 || size_ < options_.failure_hosts) {
    return 0;
  }
  std::size_t out = 0;
  for (slot s = 0; s < slots_.size(); ++s) {
    const auto& e = slots_[s];
    if (e.used && e.successes + e.failures >= options_.failure_volume && !ejected(s, now) &&
        1 - success_rate(e.successes, e.failures) > options_.failure_share) {
      out += eject(s, now) ? 1 : 0;
    }
  }
  return out;
}

std::size_t outlier_core::sweep(time_point now) {
  const auto out = sweep_success_rate(now) + sweep_failures(now);
  for (auto& e : slots_) {
    e.successes = 0;
    e.failures = 0;
    if (options_.growth == ejection_growth::linear && e.times > 0 && now >= e.until) {
      --e.times;
    }
  }
  return out;
}

time_point outlier_core::panic_until(time_point now) const {
  std::vector<time_point> back;
  for (const auto& e : slots_) {
    if (now < e.until) {
      back.push_back(e.until);
    }
  }
  const auto needed = options_.panic_below * static_cast<double>(size_);
  const auto left = static_cast<double>(size_ - back.size());
  if (left >= needed) {
    return time_point::min();
  }
  std::sort(back.begin(), back.end());
  const auto missing = static_cast<std::size_t>(std::ceil(needed - left));
  return back[std::min(missing, back.size()) - 1];
}

}  // namespace fairlead::policy
