// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/breaker_core.hpp>

#include <algorithm>
#include <cmath>

namespace fairlead::policy {

namespace {

// Fills in the defaults that depend on other options.
breaker_options complete_options(breaker_options o) {
  o.name = {};  // the text belongs to somebody else
  if (!o.consecutive_failures && o.failures == 0 && o.failure_rate == 0 && o.slow_call_rate == 0) {
    o.consecutive_failures = 5;
  }
  if (!o.min_throughput) {
    o.min_throughput = o.window_calls == 0 ? 20U : std::min(20U, o.window_calls);
  }
  if (!o.of_probes) {
    o.of_probes = o.successes;
  }
  return o;
}

double share(std::uint64_t part, std::uint64_t all) noexcept {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

duration scaled(duration d, double by, duration cap) noexcept {
  const auto ns = static_cast<double>(d.count()) * by;
  return ns < static_cast<double>(cap.count()) ? duration(static_cast<duration::rep>(ns)) : cap;
}

}  // namespace

std::string_view to_string(breaker_state state) noexcept {
  switch (state) {
    case breaker_state::closed:
      return "closed";
    case breaker_state::open:
      return "open";
    case breaker_state::half_open:
      return "half_open";
    case breaker_state::isolated:
      return "isolated";
    case breaker_state::disabled:
      return "disabled";
    case breaker_state::metrics_only:
      return "metrics_only";
  }
  return "?";
}

breaker_core::breaker_core(const breaker_options& options) : options_(complete_options(options)) {
  if (options_.failures != 0) {
    recent_.emplace(options_.of);
  }
  if (options_.failure_rate > 0 || options_.slow_call_rate > 0) {
    if (options_.window_calls != 0) {
      count_.emplace(options_.window_calls);
    } else {
      time_.emplace(options_.window, options_.slices);
    }
  }
  if (options_.slow_call_rate > 0) {
    overdue_.emplace(options_.slow_threshold);
  }
  probes_.reserve(options_.probes);
}

breaker_admission breaker_core::admit(time_point now) {
  switch (state_) {
    case breaker_state::closed:
    case breaker_state::metrics_only:
      return admit_closed(now);
    case breaker_state::disabled:
      return {.admitted = true, .ticket = {era_, now}};
    case breaker_state::isolated:
      return {};
    case breaker_state::open:
      if (now < until_) {
        return {.retry_after = until_ - now};
      }
      return admit_probe(now, go(breaker_state::half_open, now));
    case breaker_state::half_open:
      return admit_probe(now, std::nullopt);
  }
  return {};
}

breaker_admission breaker_core::admit_closed(time_point now) {
  if (!overdue_) {
    return {.admitted = true, .ticket = {era_, now}};
  }
  if (state_ == breaker_state::closed && tripped(now)) {
    const auto change = open(now, std::nullopt, nullptr);
    return {.retry_after = until_ - now, .change = change};
  }
  overdue_->begin(now, now);
  return {.admitted = true, .ticket = {era_, now}};
}

breaker_admission breaker_core::admit_probe(time_point now, std::optional<breaker_change> change) {
  const auto in_flight = static_cast<std::uint32_t>(probes_.size());
  const auto voted = probe_successes_ + probe_failures_;
  const bool free = in_flight < options_.probes && in_flight + voted < *options_.of_probes;
  if (!free) {
    const auto lease_ends = saturating_add(probes_.front(), options_.probe_lease);
    if (now < lease_ends) {
      return {.retry_after = lease_ends - now, .change = change};
    }
    change = go(breaker_state::half_open, now);
  }
  probes_.push_back(now);
  return {.admitted = true, .ticket = {era_, now}, .change = change};
}

std::optional<breaker_change> breaker_core::complete(const breaker_ticket& ticket, verdict outcome,
                                                     time_point now,
                                                     std::optional<duration> retry_after,
                                                     random_source* random) {
  if (ticket.era != era_) {
    return std::nullopt;
  }
  const bool slow = overdue_ && now - ticket.began >= options_.slow_threshold;
  if (state_ == breaker_state::half_open) {
    return complete_probe(ticket, outcome, slow, now, retry_after, random);
  }
  if (state_ != breaker_state::closed && state_ != breaker_state::metrics_only) {
    return std::nullopt;
  }
  if (overdue_) {
    overdue_->end(ticket.began, now);
  }
  if (outcome == verdict::neutral) {
    return std::nullopt;
  }
  record(outcome != verdict::success, slow, now);
  if (state_ == breaker_state::closed && tripped(now)) {
    return open(now, retry_after, random);
  }
  return std::nullopt;
}

std::optional<breaker_change> breaker_core::complete_probe(const breaker_ticket& ticket,
                                                           verdict outcome, bool slow,
                                                           time_point now,
                                                           std::optional<duration> retry_after,
                                                           random_source* random) {
  const auto mine = std::find(probes_.begin(), probes_.end(), ticket.began);
  if (mine != probes_.end()) {
    probes_.erase(mine);
  }
  if (outcome == verdict::neutral) {
    return std::nullopt;
  }
  if (outcome == verdict::success && !slow) {
    ++probe_successes_;
  } else {
    ++probe_failures_;
  }
  if (probe_successes_ >= options_.successes) {
    return reset(now);
  }
  if (probe_failures_ > *options_.of_probes - options_.successes) {
    ++break_index_;
    return open(now, retry_after, random);
  }
  return std::nullopt;
}

void breaker_core::record(bool failure, bool slow, time_point now) noexcept {
  ++recorded_;
  if (!failure) {
    run_ = 0;
  } else if (run_ != ~std::uint32_t{0}) {
    ++run_;
  }
  if (recent_) {
    recent_->add(failure, slow);
  }
  if (count_) {
    count_->add(failure, slow);
  }
  if (time_) {
    time_->add(failure, slow, now);
  }
}

window_totals breaker_core::totals(time_point now) {
  window_totals t;
  if (time_) {
    t = time_->totals(now);
  } else if (count_) {
    t = count_->totals();
  } else if (recent_) {
    t = recent_->totals();
  } else {
    t = {.calls = recorded_, .failures = run_};
  }
  return t;
}

bool breaker_core::tripped(time_point now) {
  if (options_.consecutive_failures && run_ >= *options_.consecutive_failures) {
    return true;
  }
  if (recent_ && recent_->totals().failures >= options_.failures) {
    return true;
  }
  if (!time_ && !count_) {
    return false;
  }
  const auto t = totals(now);
  if (options_.failure_rate > 0 && t.calls >= *options_.min_throughput &&
      share(t.failures, t.calls) >= options_.failure_rate) {
    return true;
  }
  if (options_.slow_call_rate > 0) {
    const auto overdue = overdue_->count(now);
    return t.calls + overdue >= *options_.min_throughput &&
           share(t.slow + overdue, t.calls + overdue) >= options_.slow_call_rate;
  }
  return false;
}

breaker_change breaker_core::go(breaker_state to, time_point now) {
  const breaker_change change{.from = state_, .to = to, .at = now, .era = ++era_};
  state_ = to;
  since_ = now;
  until_ = {};
  recorded_ = 0;
  run_ = 0;
  probe_successes_ = 0;
  probe_failures_ = 0;
  probes_.clear();
  if (recent_) {
    recent_->clear();
  }
  if (count_) {
    count_->clear();
  }
  if (time_) {
    time_->clear();
  }
  if (overdue_) {
    overdue_->clear();
  }
  return change;
}

breaker_change breaker_core::open(time_point now, std::optional<duration> asked,
                                  random_source* random) {
  auto length = scaled(options_.break_for, std::pow(options_.break_multiplier, break_index_),
                       std::max(options_.break_cap, options_.break_for));
  if (options_.break_jitter > 0 && random != nullptr) {
    length = scaled(length, 1 + options_.break_jitter * (2 * random->uniform() - 1),
                    std::max(options_.break_cap, options_.break_for));
  }
  if (options_.break_on_retry_after && asked && *asked >= duration::zero()) {
    length = std::min(*asked, std::max(options_.break_cap, options_.break_for));
  }
  auto change = go(breaker_state::open, now);
  until_ = saturating_add(now, length);
  change.break_for = length;
  change.break_index = break_index_;
  return change;
}

breaker_change breaker_core::reset(time_point now) {
  break_index_ = 0;
  return go(breaker_state::closed, now);
}

breaker_change breaker_core::open_until(time_point when, time_point now) {
  auto change = go(breaker_state::open, now);
  until_ = when;
  change.break_for = when - now;
  change.break_index = break_index_;
  return change;
}

void breaker_core::set_break(std::uint32_t era, duration length) noexcept {
  if (era == era_ && state_ == breaker_state::open) {
    until_ = saturating_add(since_, std::max(length, duration::zero()));
  }
}

breaker_state breaker_core::state(time_point now) const noexcept {
  return state_ == breaker_state::open && now >= until_ ? breaker_state::half_open : state_;
}

breaker_metrics breaker_core::metrics(time_point now) {
  const auto t = totals(now);
  const auto overdue = overdue_ ? overdue_->count(now) : 0;
  breaker_metrics m;
  m.state = state(now);
  m.recorded = t.calls;
  m.failures = t.failures;
  m.slow = t.slow + overdue;
  m.failure_rate = share(t.failures, t.calls);
  m.slow_call_rate = share(t.slow + overdue, t.calls + overdue);
  m.since = since_;
  m.until = until_;
  m.era = era_;
  m.probes_in_flight = static_cast<std::uint32_t>(probes_.size());
  m.break_index = break_index_;
  return m;
}

}  // namespace fairlead::policy
