// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/retry_core.hpp>

#include <algorithm>

namespace fairlead::policy {

namespace {

bool safe_to_repeat(const retry_facts& f) noexcept {
  switch (f.sent) {
    case error_sent::not_sent:
      return true;
    case error_sent::unknown:
      return f.repeatable;
    case error_sent::answered:
      return f.repeatable || f.declined;
  }
  return false;
}

bool too_late(const retry_options& o, const retry_facts& f, duration wait) noexcept {
  if (f.deadline == no_deadline) {
    return false;
  }
  const auto start = saturating_add(f.now, wait);
  return start >= f.deadline || saturating_add(start, o.min_useful) > f.deadline;
}

duration saturating_sum(duration a, duration b) noexcept {
  return a > duration::max() - b ? duration::max() : a + b;
}

}  // namespace

std::vector<std::string> problems_of(const retry_options& o) {
  auto out = problems_of(o.backoff);
  if (o.max_attempts == 0) {
    out.emplace_back("max_attempts is 0; it counts the first attempt too");
  }
  if (o.retry_after_cap < duration::zero()) {
    out.emplace_back("retry_after_cap is negative");
  }
  if (o.retry_after_spread < duration::zero()) {
    out.emplace_back("retry_after_spread is negative");
  }
  if (o.min_useful < duration::zero()) {
    out.emplace_back("min_useful is negative");
  }
  return out;
}

retry_stop retry_core::forbids(const retry_options& o, const retry_facts& f) const noexcept {
  if (f.outcome != verdict::failure) {
    return retry_stop::not_retryable;
  }
  if (!safe_to_repeat(f)) {
    return retry_stop::not_idempotent;
  }
  if (attempt_ >= o.max_attempts && o.max_attempts != unlimited && !resends(f)) {
    return retry_stop::attempts;
  }
  return retry_stop::none;
}

retry_decision retry_core::decide(const retry_options& o, const retry_facts& f) noexcept {
  if (const auto rule = forbids(o, f); rule != retry_stop::none) {
    return {.stop = rule};
  }
  if (resends(f)) {
    resent_ = true;
    if (too_late(o, f, duration::zero())) {
      return {.stop = retry_stop::deadline};
    }
    return {.uncounted = true};
  }
  duration wait;
  if (f.pushback) {
    if (*f.pushback < duration::zero()) {
      return {.stop = retry_stop::retry_after};
    }
    wait = *f.pushback;
    backoff_.restart();
  } else {
    wait = backoff_.next(o.backoff, f.uniform);
    if (f.own_delay && *f.own_delay >= duration::zero()) {
      wait = *f.own_delay;
    }
    if (o.honour_retry_after && f.retry_after && *f.retry_after >= duration::zero()) {
      const auto spread = static_cast<double>(o.retry_after_spread.count()) * f.uniform;
      const auto asked =
          saturating_sum(*f.retry_after, duration(static_cast<duration::rep>(spread)));
      if (*f.retry_after > o.retry_after_cap) {
        return {.stop = retry_stop::retry_after};
      }
      wait = std::max(wait, asked);
    }
  }
  if (too_late(o, f, wait)) {
    return {.stop = retry_stop::deadline};
  }
  if (attempt_ != unlimited) {
    ++attempt_;
  }
  return {.wait = wait};
}

}  // namespace fairlead::policy
