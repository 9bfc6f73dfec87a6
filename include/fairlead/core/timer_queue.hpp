// SPDX-License-Identifier: BSL-1.0
// All timers of one environment: a wheel, a clock and one lazily armed alarm.
#pragma once

#include <fairlead/core/alarm.hpp>
#include <fairlead/core/clock.hpp>
#include <fairlead/core/timer_wheel.hpp>

namespace fairlead {

/// Arms and disarms timers. The alarm behind it is set only when a timer becomes the earliest, and
/// is not touched when one is disarmed, so a timeout that does not fire costs a few nanoseconds.
///
/// Expiry functions run on the environment's executor, never inside `arm`.
///
/// *Thread safety*: none; use it on the environment's executor.
class timer_queue {
 public:
  /// Keeps references to both.
  timer_queue(clock& time, alarm& wake);
  timer_queue(const timer_queue&) = delete;
  timer_queue& operator=(const timer_queue&) = delete;
  ~timer_queue() = default;

  /// `node` expires at `when`; it must not be armed. Nothing is armed for `no_deadline`.
  void arm(timer_node& node, time_point when);

  /// Nothing happens when `node` is not armed.
  void disarm(timer_node& node) noexcept;

  /// How many timers are armed.
  [[nodiscard]] std::size_t size() const noexcept { return wheel_.size(); }

 private:
  void on_ring();

  clock& clock_;
  alarm& alarm_;
  timer_wheel wheel_;
  time_point set_for_ = no_deadline;
  bool resting_ = true;
};

}  // namespace fairlead
