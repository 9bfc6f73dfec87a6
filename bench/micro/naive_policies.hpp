// SPDX-License-Identifier: BSL-1.0
// The usual way to compose policies, as a yardstick: one coroutine around another.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/policy.hpp>

#include <cstdint>
#include <utility>

namespace naive {

using namespace fairlead;

template <class F, class Op>
task<result<int>> with_fallback(context& cx, F instead, Op op) {
  auto outcome = co_await op(cx);
  if (!outcome && outcome.error().kind() != error_kind::cancelled) {
    co_return instead();
  }
  co_return outcome;
}

template <class Op>
task<result<int>> with_timeout(context& cx, duration limit, Op op) {
  const auto own = saturating_add(cx.now(), limit);
  auto inner = cx.with_deadline(own);
  auto outcome = co_await op(inner);
  if (!outcome && outcome.error().kind() == error_kind::deadline && own < cx.deadline()) {
    co_return fail(errors::timeout{{}, limit, timeout_scope::total});
  }
  co_return outcome;
}

template <class Op>
task<result<int>> with_retry(context& cx, std::uint32_t attempts, Op op) {
  for (std::uint32_t n = 1;; ++n) {
    auto attempt = cx.with_attempt(n);
    auto outcome = co_await op(attempt);
    if (outcome || n == attempts || !outcome.error().is_transient()) {
      co_return outcome;
    }
    (void)co_await sleep_for(cx, std::chrono::milliseconds(100));
  }
}

template <class Op>
task<result<int>> with_breaker(context& cx, const policy::circuit_breaker& breaker, Op op) {
  auto permit = breaker.admit(cx.now());
  if (!permit) {
    co_return tl::unexpected<error>(permit.error());
  }
  auto outcome = co_await op(cx);
  permit->complete(outcome ? policy::verdict::success : policy::default_verdict(outcome.error()),
                   cx.now());
  co_return outcome;
}

}  // namespace naive
