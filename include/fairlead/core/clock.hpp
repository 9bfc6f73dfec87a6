// SPDX-License-Identifier: BSL-1.0
// The seam through which all of fairlead learns what time it is.
#pragma once

#include <fairlead/core/time.hpp>

namespace fairlead {

/// A source of time. Nothing else in fairlead reads a clock.
///
/// *Thread safety*: every member may be called from any thread.
class clock {
 public:
  clock() = default;
  clock(const clock&) = delete;
  clock& operator=(const clock&) = delete;
  virtual ~clock() = default;

  /// The monotonic instant that deadlines and timers are compared with.
  [[nodiscard]] virtual time_point now() const noexcept = 0;

  /// An instant between the last tick of the clock (some milliseconds ago) and now, for a fraction
  /// of what `now` costs. For statistics whose grain is far coarser than a tick, never for
  /// deadlines and timers.
  [[nodiscard]] virtual time_point recently() const noexcept { return now(); }

  /// Civil time, for what leaves the process (HTTP dates, logs). Never used to measure.
  [[nodiscard]] virtual std::chrono::system_clock::time_point wall_now() const noexcept = 0;
};

/// The machine's clock: `CLOCK_MONOTONIC` and `CLOCK_REALTIME`. Lives for the whole program.
[[nodiscard]] clock& system_clock() noexcept;

}  // namespace fairlead
