// SPDX-License-Identifier: BSL-1.0
// Points in time and durations, as every fairlead interface uses them.
#pragma once

#include <chrono>

namespace fairlead {

/// A monotonic instant. In a simulation it is virtual; it is never read but through `clock`.
using time_point = std::chrono::steady_clock::time_point;

/// A length of time with nanosecond resolution; any `std::chrono::duration` converts.
using duration = std::chrono::nanoseconds;

/// "No deadline": later than every instant that is ever reached.
inline constexpr time_point no_deadline = time_point::max();

/// `at + wait`, but `no_deadline` instead of an overflow. A negative `wait` gives an earlier
/// instant.
[[nodiscard]] constexpr time_point saturating_add(time_point at, duration wait) noexcept {
  if (at == no_deadline) {
    return no_deadline;
  }
  if (wait > duration::zero() && at > no_deadline - wait) {
    return no_deadline;
  }
  return at + wait;
}

}  // namespace fairlead
