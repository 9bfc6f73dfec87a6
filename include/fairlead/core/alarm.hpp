// SPDX-License-Identifier: BSL-1.0
// The seam between the timer wheel and whatever really waits: the operating system or a simulation.
#pragma once

#include <fairlead/core/time.hpp>

namespace fairlead {

/// Wakes one `timer_queue` once in a while.
///
/// *Thread safety*: none; it belongs to the executor of its environment.
class alarm {
 public:
  alarm() = default;
  alarm(const alarm&) = delete;
  alarm& operator=(const alarm&) = delete;
  virtual ~alarm() = default;

  /// Called once, before anything else: what to call when an instant that was set has come.
  /// `on_ring` runs on the environment's executor.
  virtual void connect(void (*on_ring)(void* arg), void* arg) noexcept = 0;

  /// Ring at `when` instead of what was set before. May ring early; the queue copes.
  virtual void set(time_point when) = 0;

  /// Nothing is armed any more: an event loop that only waits for this alarm may end.
  virtual void rest() noexcept = 0;
};

}  // namespace fairlead
