// SPDX-License-Identifier: BSL-1.0
// Waiting for time to pass.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>

namespace fairlead {

/// Suspends until `when`; returns at once, without suspending, when it has passed.
///
/// *Errors*: `cancelled`; `deadline` when the deadline of `cx` comes before `when` (at the
/// deadline).
[[nodiscard]] task<result<void>> sleep_until(context& cx, time_point when);

/// Suspends for `length`; see `sleep_until`.
[[nodiscard]] task<result<void>> sleep_for(context& cx, duration length);

/// Lets everything else that is ready run first. *Errors*: `cancelled`, `deadline`.
[[nodiscard]] task<result<void>> yield(context& cx);

}  // namespace fairlead
