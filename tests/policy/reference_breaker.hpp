// SPDX-License-Identifier: BSL-1.0
// A breaker written the obvious way: it remembers everything and looks again at each question.
#pragma once

#include <fairlead/policy/breaker_core.hpp>

#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace fairlead::testing {

class reference_breaker {
 public:
  struct call {
    std::uint32_t era;
    time_point began;
    bool open = true;
  };

  explicit reference_breaker(const policy::breaker_options& options)
      : o_(policy::breaker_core(options).options()) {}

  /// What `admit` answers: an index for `complete`, or -1 and, but for isolated breakers, a wait.
  int admit(time_point now) {
    wait_.reset();
    if (state_ == 'I') {
      return -1;
    }
    if (state_ == 'C' && o_.slow_call_rate > 0 && trips(now)) {
      open(now);
      wait_ = until_ - now;
      return -1;
    }
    if (state_ == 'O' && now >= until_) {
      enter('H', now);
    }
    if (state_ == 'O') {
      wait_ = until_ - now;
      return -1;
    }
    if (state_ == 'H') {
      const auto flying = in_flight();
      if (flying.size() >= o_.probes || flying.size() + votes() >= *o_.of_probes) {
        if (now - calls_[flying.front()].began < o_.probe_lease) {
          wait_ = calls_[flying.front()].began + o_.probe_lease - now;
          return -1;
        }
        enter('H', now);
      }
    }
    calls_.push_back({era_, now});
    return static_cast<int>(calls_.size()) - 1;
  }

  void complete(int index, policy::verdict v, time_point now) {
    auto& c = calls_[static_cast<std::size_t>(index)];
    if (!c.open || c.era != era_) {
      return;
    }
    c.open = false;
    if (v == policy::verdict::neutral || state_ == 'D') {
      return;
    }
    const bool slow = o_.slow_call_rate > 0 && now - c.began >= o_.slow_threshold;
    outcomes_.push_back({now, v != policy::verdict::success, slow});
    if (state_ == 'C' && trips(now)) {
      open(now);
    } else if (state_ == 'H') {
      std::uint32_t good = 0;
      for (const auto& r : outcomes_) {
        good += !r.failure && !r.slow ? 1 : 0;
      }
      if (good >= o_.successes) {
        breaks_ = 0;
        enter('C', now);
      } else if (votes() - good > *o_.of_probes - o_.successes) {
        ++breaks_;
        open(now);
      }
    }
  }

  /// Control by hand: C closes as if new, D I M disable, isolate, watch; O opens until `until`.
  void set(char state, time_point now, time_point until) {
    if (state == 'C') {
      breaks_ = 0;
    }
    enter(state, now);
    until_ = until;
  }

  [[nodiscard]] char state() const { return state_; }
  [[nodiscard]] std::uint32_t era() const { return era_; }
  [[nodiscard]] std::optional<duration> wait() const { return wait_; }

  /// Outcomes and failures, as `breaker_metrics` has them.
  [[nodiscard]] std::pair<std::size_t, std::size_t> counted(time_point now) const {
    std::size_t failures = 0;
    if (o_.failure_rate == 0 && o_.slow_call_rate == 0 && o_.of == 0) {
      for (const auto& r : outcomes_) {
        failures = r.failure ? failures + 1 : 0;
      }
      return {outcomes_.size(), failures};
    }
    if (state_ == 'H') {
      return {0, 0};
    }
    auto w = window(now);
    if (o_.failure_rate == 0 && o_.slow_call_rate == 0) {
      const auto n = std::min<std::size_t>(outcomes_.size(), o_.of);
      w.assign(outcomes_.end() - static_cast<std::ptrdiff_t>(n), outcomes_.end());
    }
    for (const auto& r : w) {
      failures += r.failure ? 1 : 0;
    }
    return {w.size(), failures};
  }

 private:
  struct outcome {
    time_point at;
    bool failure;
    bool slow;
  };

  [[nodiscard]] std::vector<std::size_t> in_flight() const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (calls_[i].open && calls_[i].era == era_) {
        out.push_back(i);
      }
    }
    return out;
  }
  [[nodiscard]] std::uint32_t votes() const { return static_cast<std::uint32_t>(outcomes_.size()); }

  // The outcomes that the window still holds.
  [[nodiscard]] std::vector<outcome> window(time_point now) const {
    std::vector<outcome> out;
    if (o_.window_calls != 0) {
      const auto n = std::min<std::size_t>(outcomes_.size(), o_.window_calls);
      out.assign(outcomes_.end() - static_cast<std::ptrdiff_t>(n), outcomes_.end());
      return out;
    }
    const auto width = o_.window / o_.slices;
    for (const auto& r : outcomes_) {
      const auto slice_began = r.at - r.at.time_since_epoch() % width;
      if (now - slice_began < width * o_.slices) {
        out.push_back(r);
      }
    }
    return out;
  }

  [[nodiscard]] bool trips(time_point now) const {
    std::uint32_t run = 0;
    for (const auto& r : outcomes_) {
      run = r.failure ? run + 1 : 0;
    }
    if (o_.consecutive_failures && run >= *o_.consecutive_failures) {
      return true;
    }
    if (o_.of != 0) {
      std::uint32_t bad = 0;
      for (std::size_t i = outcomes_.size() > o_.of ? outcomes_.size() - o_.of : 0;
           i < outcomes_.size(); ++i) {
        bad += outcomes_[i].failure ? 1 : 0;
      }
      if (bad >= o_.failures) {
        return true;
      }
    }
    const auto w = window(now);
    double bad = 0;
    double slow = 0;
    for (const auto& r : w) {
      bad += r.failure ? 1 : 0;
      slow += r.slow ? 1 : 0;
    }
    const auto n = static_cast<double>(w.size());
    if (o_.failure_rate > 0 && n >= *o_.min_throughput && bad >= o_.failure_rate * n) {
      return true;
    }
    if (o_.slow_call_rate > 0) {
      double late = 0;
      const auto part = (o_.slow_threshold + duration(7)) / 8;
      for (const auto i : in_flight()) {
        // Known to be slow once the eighth in which it began is over.
        const auto bucket = calls_[i].began.time_since_epoch() / part;
        late += bucket < (now - o_.slow_threshold).time_since_epoch() / part ? 1 : 0;
      }
      return n + late >= *o_.min_throughput && slow + late >= o_.slow_call_rate * (n + late);
    }
    return false;
  }

  void open(time_point now) {
    const auto ns = static_cast<double>(o_.break_for.count()) *
                    std::pow(o_.break_multiplier, static_cast<double>(breaks_));
    enter('O', now);
    until_ = now + std::min(duration(static_cast<duration::rep>(std::min(ns, 1e18))),
                            std::max(o_.break_cap, o_.break_for));
  }

  void enter(char state, time_point) {
    state_ = state;
    ++era_;
    outcomes_.clear();
  }

  policy::breaker_options o_;
  std::vector<call> calls_;
  std::vector<outcome> outcomes_;  // of this era
  char state_ = 'C';
  std::uint32_t era_ = 0;
  std::uint32_t breaks_ = 0;
  time_point until_{};
  std::optional<duration> wait_;
};

}  // namespace fairlead::testing
