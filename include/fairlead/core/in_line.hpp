// SPDX-License-Identifier: BSL-1.0
// Standing in line for what somebody else says, and waiting there for the end of a drain.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/waiter.hpp>

#include <string_view>

namespace fairlead::detail {

/// The place of a waiter in a queue, also when its frame is destroyed while it waits.
struct in_line {
  in_line(waiter_queue& q, waiter& w) noexcept : queue(q), self(w) { queue.push_back(self); }
  in_line(const in_line&) = delete;
  in_line& operator=(const in_line&) = delete;
  ~in_line() { queue.remove(self); }
  waiter_queue& queue;
  waiter& self;
};

/// Waits in `line`, which is notified of every change, until `over()`, for at most `grace`.
///
/// *Errors*: `timeout` (scope drain) of `name` when the grace has run out; `deadline`, `cancelled`
/// of `cx`. `name` and `over` must outlive it.
template <class Over>
[[nodiscard]] task<result<void>> wait_out(context& cx, duration grace, std::string_view name,
                                          waiter_queue& line, const Over& over) {
  const context limited = cx.with_timeout(grace);
  while (!over()) {
    waiter w(limited, "work to end, before a stop");
    const in_line here(line, w);
    const auto woken = co_await w.wait();
    if (woken == wake::notified || over()) {
      continue;
    }
    if (woken == wake::cancelled) {
      co_return fail(errors::cancelled{});
    }
    if (limited.deadline() < cx.deadline()) {
      co_return fail(errors::timeout{name, grace, timeout_scope::drain});
    }
    co_return fail(errors::deadline{name, grace});
  }
  co_return result<void>{};
}

/// Waits in `line` until `over()`, whatever happens meanwhile: for what has been told to end.
template <class Over>
[[nodiscard]] task<void> join_in(environment& env, waiter_queue& line, const Over& over) {
  while (!over()) {
    cancel_scope unused(env);
    waiter w(joining, unused, "work to end");
    const in_line here(line, w);
    co_await w.wait();
  }
}

}  // namespace fairlead::detail
