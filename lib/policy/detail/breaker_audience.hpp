// SPDX-License-Identifier: BSL-1.0
// Those who are told of a breaker's changes, and the one who is asked for the length of a break.
//
// How it works: changes are queued under the breaker's lock and reported after it was released, by
// one thread at a time; whoever finds somebody reporting leaves its changes to them. So listeners
// see every change once and in order, and may use the breaker.
#pragma once

#include <fairlead/policy/circuit_breaker.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace fairlead::policy::detail {

class breaker_audience {
 public:
  explicit breaker_audience(circuit_breaker::break_function f) : length_of_break_(std::move(f)) {}

  // All of this under the breaker's lock, which `deliver` and `ask` open while they call out.

  void listen(circuit_breaker::listener f) {
    auto all = std::make_shared<std::vector<circuit_breaker::listener>>(*listeners_);
    all->push_back(std::move(f));
    listeners_ = std::move(all);
  }

  [[nodiscard]] bool decides_lengths() const noexcept {
    return static_cast<bool>(length_of_break_);
  }

  /// Queues a change; one that is not `ready` holds back those after it.
  void add(const breaker_change& change, bool ready) { pending_.push_back({change, ready}); }

  /// How long the break shall be that began with `change`.
  [[nodiscard]] duration ask(const breaker_change& change,
                             std::unique_lock<std::mutex>& hold) noexcept {
    hold.unlock();
    auto length = change.break_for;
    try {
      length = std::max(length_of_break_({change.break_index, change.break_for}), duration::zero());
    } catch (...) {  // NOLINT(bugprone-empty-catch): not the fault of the call that opened it
    }
    hold.lock();
    return length;
  }

  /// The change of that era is complete now.
  void complete(const breaker_change& change) noexcept {
    for (auto& r : pending_) {
      if (r.change.era == change.era) {
        r = {change, true};
      }
    }
  }

  void deliver(std::unique_lock<std::mutex>& hold) {
    if (delivering_) {
      return;
    }
    delivering_ = true;
    while (!pending_.empty() && pending_.front().ready) {
      const auto change = pending_.front().change;
      pending_.pop_front();
      const auto all = listeners_;
      hold.unlock();
      for (const auto& f : *all) {
        try {
          f(change);
        } catch (...) {  // NOLINT(bugprone-empty-catch): see on_transition
        }
      }
      hold.lock();
    }
    delivering_ = false;
  }

 private:
  struct report {
    breaker_change change;
    bool ready;
  };

  const circuit_breaker::break_function length_of_break_;
  bool delivering_ = false;
  std::deque<report> pending_;
  std::shared_ptr<const std::vector<circuit_breaker::listener>> listeners_ =
      std::make_shared<const std::vector<circuit_breaker::listener>>();
};

}  // namespace fairlead::policy::detail
