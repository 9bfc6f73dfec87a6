// SPDX-License-Identifier: BSL-1.0
// Probes the peer behind an open breaker, so that no caller has to be the probe.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/circuit_breaker.hpp>
#include <fairlead/policy/operation.hpp>

#include <algorithm>
#include <concepts>
#include <functional>
#include <utility>

namespace fairlead::policy {

namespace detail {

/// When to look at `breaker` again: when its break is over, or `look_every` from now.
[[nodiscard]] time_point next_look(const circuit_breaker& breaker, time_point now,
                                   duration look_every);

}  // namespace detail

/// Runs `op` as a probe of `breaker` whenever its break is over: a health check, or the cheapest
/// request that the peer understands. By itself a breaker waits for the next call to be its probe;
/// with this it is half-open, and closed again, although nobody calls, and its changes are reported
/// in time.
///
/// `op` is called with (context&) or nothing and gives a `task<result<T>>`. Its outcome counts as a
/// probe's (see `default_verdict`). Give it a timeout of its own, by `stack::wrap`: the next probe
/// waits until it has ended. There is at most one probe of this kind at a time, and at least
/// `look_every` between two of an era. Run it in a task scope, one per breaker; it takes no part in
/// calls, and while the breaker is closed it wakes up every `look_every` and looks at a number.
///
/// *Completes when* `cx` is cancelled or its deadline is over, with that error. *Cancellation*:
/// ends a wait at once, a probe as `op` does; the probe counts for nothing then.
///
/// *Example*:
/// ```cpp
/// auto ping = [&](context& cx) { return client.get<std::string>(cx, "/health"); };
/// scope.spawn(policy::keep_probing(cx, breaker, ping));
/// ```
template <class Op>
[[nodiscard]] task<result<void>> keep_probing(context& cx, circuit_breaker breaker, Op op,
                                              duration look_every = std::chrono::seconds(1)) {
  for (;;) {
    const auto wake = detail::next_look(breaker, cx.now(), look_every);
    auto slept = co_await sleep_until(cx, wake);
    if (!slept) {
      co_return slept;
    }
    if (breaker.state_at(cx.now()) != breaker_state::half_open) {
      continue;
    }
    auto permit = breaker.admit(cx.now());
    if (!permit) {
      continue;
    }
    auto outcome = co_await detail::operation_traits<Op>::invoke(op, cx);
    if (outcome) {
      permit->complete(verdict::success, cx.now());
    } else {
      const error& e = outcome.error();
      permit->complete(default_verdict(e), cx.now(), e.retry_after(), &cx.env().random());
    }
  }
}

}  // namespace fairlead::policy
