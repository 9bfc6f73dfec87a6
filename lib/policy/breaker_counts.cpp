// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/breaker_counts.hpp>

#include <algorithm>

namespace fairlead::policy {

namespace {

bool over(const window_totals& t, const breaker_options& o, double rate) noexcept {
  return t.calls >= *o.min_throughput &&
         static_cast<double>(t.bad) / static_cast<double>(t.calls) >= rate;
}

}  // namespace

breaker_counts::breaker_counts(const breaker_options& o) {
  const bool slow = o.slow_call_rate > 0;
  const bool rates = o.failure_rate > 0 || slow;
  if (rates && o.window_calls == 0) {
    time_ = time_window(o.window, o.slices);
  }
  if (o.failures == 0 && !slow && !(rates && o.window_calls != 0)) {
    return;
  }
  more_ = std::make_unique<more>();
  if (o.failures != 0) {
    more_->recent.emplace(o.of);
  }
  if (rates && o.window_calls != 0) {
    more_->count.emplace(o.window_calls);
  }
  if (slow) {
    more_->slow.emplace(slow_rule{std::nullopt, {}, overdue_calls(o.slow_threshold)});
    if (o.window_calls != 0) {
      more_->slow->count.emplace(o.window_calls);
    } else {
      more_->slow->time = time_window(o.window, o.slices);
    }
  }
}

void breaker_counts::record_outside_windows(bool failure) noexcept {
  ++recorded_;
  if (!failure) {
    run_ = 0;
  } else if (run_ != ~std::uint32_t{0}) {
    ++run_;
  }
}

void breaker_counts::record(bool failure, bool slow, time_point now) noexcept {
  record_outside_windows(failure);
  if (time_) {
    time_.add(failure, now);
  }
  if (!more_) {
    return;
  }
  if (more_->recent) {
    more_->recent->add(failure);
  }
  if (more_->count) {
    more_->count->add(failure);
  }
  if (more_->slow && more_->slow->count) {
    more_->slow->count->add(slow);
  }
  if (more_->slow && more_->slow->time) {
    more_->slow->time.add(slow, now);
  }
}

void breaker_counts::add_successes(std::uint64_t n) noexcept {
  recorded_ += n;
  if (time_) {
    time_.add_good(n);
  }
  if (auto* window = recent()) {
    window->add_good(n);
  }
  if (auto* window = count()) {
    window->add_good(n);
  }
}

void breaker_counts::clear() noexcept {
  recorded_ = 0;
  run_ = 0;
  time_.clear();
  if (!more_) {
    return;
  }
  if (more_->recent) {
    more_->recent->clear();
  }
  if (more_->count) {
    more_->count->clear();
  }
  if (more_->slow) {
    more_->slow->time.clear();
    more_->slow->overdue.clear();
    if (more_->slow->count) {
      more_->slow->count->clear();
    }
  }
}

bool breaker_counts::tripped(const breaker_options& o, time_point now) noexcept {
  if (o.consecutive_failures && run_ >= *o.consecutive_failures) {
    return true;
  }
  if (const auto* window = recent(); window != nullptr && window->totals().bad >= o.failures) {
    return true;
  }
  return (o.failure_rate > 0 && over(totals(now), o, o.failure_rate)) ||
         (o.slow_call_rate > 0 && over(slow_totals(now), o, o.slow_call_rate));
}

// Without failures in sight no success opens anything. With some, one may where it completes the
// minimal throughput, or where older successes have just left the window; past the minimum and
// within one slice it only lowers the rate.
bool breaker_counts::success_is_plain(const breaker_options& o) const noexcept {
  // A window of a number of calls has a failure in it as long as a run lasts.
  const bool run_matters = o.consecutive_failures || !time_;
  if (in_flight() != nullptr || (run_matters && run_ != 0)) {
    return false;
  }
  const auto* recently = recent();
  const auto* counted = count();
  if ((recently != nullptr && recently->totals().bad != 0) ||
      (counted != nullptr && counted->totals().bad != 0)) {
    return false;
  }
  return time_.totals().bad == 0 || time_.totals().calls >= *o.min_throughput;
}

window_totals breaker_counts::totals(time_point now) noexcept {
  if (time_) {
    return time_.totals(now);
  }
  if (const auto* window = count()) {
    return window->totals();
  }
  if (const auto* window = recent()) {
    return window->totals();
  }
  return {.calls = recorded_, .bad = run_};
}

window_totals breaker_counts::slow_totals(time_point now) noexcept {
  if (!more_ || !more_->slow) {
    return {};
  }
  auto& slow = *more_->slow;
  const auto overdue = slow.overdue.count(now);
  const auto t = slow.count ? slow.count->totals() : slow.time.totals(now);
  return {.calls = t.calls + overdue, .bad = t.bad + overdue};
}

bool probe_votes::room(const breaker_options& o) const noexcept {
  return in_flight() < o.probes && in_flight() + good_ + bad_ < *o.of_probes;
}

void probe_votes::end(time_point began) noexcept {
  const auto mine = std::find(began_.begin(), began_.end(), began);
  if (mine != began_.end()) {
    began_.erase(mine);
  }
}

probe_votes::outcome probe_votes::vote(bool good, const breaker_options& o) noexcept {
  (good ? good_ : bad_) += 1;
  if (good_ >= o.successes) {
    return outcome::recovered;
  }
  return bad_ > *o.of_probes - o.successes ? outcome::failed : outcome::undecided;
}

void probe_votes::clear() noexcept {
  began_.clear();
  good_ = 0;
  bad_ = 0;
}

}  // namespace fairlead::policy
