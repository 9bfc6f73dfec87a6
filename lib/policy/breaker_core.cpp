// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/breaker_core.hpp>

#include "detail/text.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

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

breaker_core::breaker_core(const breaker_options& options,
                           std::unique_ptr<breaker_fleet::seat> seat)
    : options_(complete_options(options)), seat_(std::move(seat)), counts_(options_) {}

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
        return refuse(until_ - now, now, std::nullopt);
      }
      return admit_probe(now, go(breaker_state::half_open, now));
    case breaker_state::half_open:
      return admit_probe(now, std::nullopt);
  }
  return {};
}

// A refusal, unless the fleet panics: then the call passes, and counts for nothing.
breaker_admission breaker_core::refuse(duration wait, time_point now,
                                       std::optional<breaker_change> change) const {
  if (panicking()) {
    return {.admitted = true, .ticket = {no_era, now}, .change = change};
  }
  return {.retry_after = wait, .change = change};
}

breaker_admission breaker_core::admit_closed(time_point now) {
  auto* in_flight = counts_.in_flight();
  if (in_flight == nullptr) {
    return {.admitted = true, .ticket = {era_, now}};
  }
  if (state_ == breaker_state::closed && opens(now)) {
    const auto change = open(now, std::nullopt, nullptr);
    return refuse(until_ - now, now, change);
  }
  in_flight->begin(now);
  return {.admitted = true, .ticket = {era_, now}};
}

breaker_admission breaker_core::admit_probe(time_point now, std::optional<breaker_change> change) {
  if (!votes_->room(options_)) {
    const auto lease_ends = saturating_add(votes_->oldest(), options_.probe_lease);
    if (now < lease_ends) {
      return refuse(lease_ends - now, now, change);
    }
    change = go(breaker_state::half_open, now);
  }
  votes_->begin(now);
  return {.admitted = true, .ticket = {era_, now}, .change = change};
}

std::optional<breaker_change> breaker_core::complete(const breaker_ticket& ticket, verdict outcome,
                                                     time_point now,
                                                     std::optional<duration> retry_after,
                                                     random_source* random) {
  if (ticket.era != era_) {
    return std::nullopt;
  }
  auto* in_flight = counts_.in_flight();
  const bool slow = in_flight != nullptr && now - ticket.began >= options_.slow_threshold;
  const bool failure = outcome != verdict::success;
  if (state_ == breaker_state::half_open) {
    votes_->end(ticket.began);
    return outcome == verdict::neutral ? std::nullopt
                                       : vote(failure, slow, now, retry_after, random);
  }
  if (state_ != breaker_state::closed && state_ != breaker_state::metrics_only) {
    return std::nullopt;
  }
  if (in_flight != nullptr) {
    in_flight->end(ticket.began);
  }
  if (outcome == verdict::neutral) {
    return std::nullopt;
  }
  counts_.record(failure, slow, now);
  if (state_ == breaker_state::closed && opens(now)) {
    return open(now, retry_after, random);
  }
  return std::nullopt;
}

std::optional<breaker_change> breaker_core::vote(bool failure, bool slow, time_point now,
                                                 std::optional<duration> retry_after,
                                                 random_source* random) {
  counts_.record_outside_windows(failure);
  switch (votes_->vote(!failure && !slow, options_)) {
    case probe_votes::outcome::recovered:
      return reset(now);
    case probe_votes::outcome::failed:
      ++break_index_;
      return open(now, retry_after, random);
    case probe_votes::outcome::undecided:
      break;
  }
  return std::nullopt;
}

bool breaker_core::success_is_plain() const noexcept {
  const bool counts = state_ == breaker_state::closed || state_ == breaker_state::metrics_only;
  return counts && !(seat_ && seat_->held()) && counts_.success_is_plain(options_);
}

bool breaker_core::opens(time_point now) {
  if (!counts_.tripped(options_, now)) {
    if (seat_) {
      seat_->stay_closed();
    }
    return false;
  }
  return !seat_ || seat_->ask_to_open();
}

breaker_change breaker_core::go(breaker_state to, time_point now) {
  if (to != breaker_state::half_open) {
    votes_.reset();
  } else if (votes_) {
    votes_->clear();
  } else {
    votes_ = std::make_unique<probe_votes>(options_.probes);
  }
  era_ = era_ + 1 == no_era ? 0 : era_ + 1;
  const breaker_change change{.from = state_, .to = to, .at = now, .era = era_};
  state_ = to;
  since_ = now;
  until_ = {};
  counts_.clear();
  if (seat_) {
    seat_stands(to);
  }
  return change;
}

void breaker_core::seat_stands(breaker_state to) noexcept {
  switch (to) {
    case breaker_state::open:
    case breaker_state::half_open:
    case breaker_state::isolated:
      return seat_->must_open();
    case breaker_state::closed:
    case breaker_state::disabled:
    case breaker_state::metrics_only:
      return seat_->stay_closed();
  }
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
  const auto t = counts_.totals(now);
  const auto slow = counts_.slow_totals(now);
  breaker_metrics m;
  m.state = state(now);
  m.recorded = t.calls;
  m.failures = t.bad;
  m.slow = slow.bad;
  m.failure_rate = share(t.bad, t.calls);
  m.slow_call_rate = share(slow.bad, slow.calls);
  m.held = seat_ && seat_->held();
  m.since = since_;
  m.until = until_;
  m.era = era_;
  m.probes_in_flight = votes_ ? votes_->in_flight() : 0;
  m.break_index = break_index_;
  return m;
}

std::string breaker_core::describe(std::string_view name) const {
  auto out = detail::describe_breaker(options_, name);
  if (seat_) {
    out += ", with " + seat_->describe();
  }
  return out;
}

}  // namespace fairlead::policy
