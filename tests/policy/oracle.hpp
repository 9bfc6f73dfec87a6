// SPDX-License-Identifier: BSL-1.0
// Policies the obvious way, one coroutine around another and chosen at run time: what a stack must
// be equal to (X15).
#pragma once

#include "policy/scripted_operation.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/policy.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::testing {

/// What happened in one run: starts of the operation, hooks and changes with their times, the end.
struct history {
  std::vector<std::string> lines;
  void add(context& cx, const std::string& text) {
    lines.push_back(std::to_string(cx.now().time_since_epoch() / 1us) + " " + text);
  }
};

using operation = std::function<task<result<int>>(context&)>;

/// A retry with constant waits, around `inner`.
inline task<result<int>> oracle_retry(context& cx, std::uint32_t most, duration wait, history& log,
                                      operation inner) {
  std::optional<error> last;
  for (std::uint32_t n = 1;; ++n) {
    auto attempt = cx.with_attempt(n);
    auto outcome = co_await inner(attempt);
    if (outcome) {
      co_return outcome;
    }
    error e = outcome.error();
    e.with_attempts(n);
    if (e.kind() == error_kind::cancelled || e.kind() == error_kind::deadline) {
      if (last && e.cause() == nullptr) {
        e.with_cause(*last);
      }
      if (e.kind() == error_kind::deadline) {
        e.with_suppressed_by(retry_stop::deadline);
      }
      co_return tl::unexpected<error>(e);
    }
    if (policy::default_verdict(e) != policy::verdict::failure) {
      e.with_suppressed_by(retry_stop::not_retryable);
      co_return tl::unexpected<error>(e);
    }
    if (n == most) {
      e.with_suppressed_by(retry_stop::attempts);
      co_return tl::unexpected<error>(e);
    }
    if (cx.deadline() != no_deadline && cx.now() + wait >= cx.deadline()) {
      e.with_suppressed_by(retry_stop::deadline);
      co_return tl::unexpected<error>(e);
    }
    log.add(cx, "retry after attempt " + std::to_string(n));
    last = e;
    auto slept = co_await sleep_for(cx, wait);
    if (!slept) {
      error gone = slept.error();
      gone.with_attempts(n).with_sent(e.sent()).with_cause(e);
      co_return tl::unexpected<error>(gone);
    }
  }
}

inline task<result<int>> oracle_timeout(context& cx, duration limit, timeout_scope scope,
                                        operation inner) {
  const auto own = cx.now() + limit;
  if (own >= cx.deadline()) {
    auto outcome = co_await inner(cx);
    co_return outcome;
  }
  auto narrowed = cx.with_deadline(own);
  auto outcome = co_await inner(narrowed);
  if (outcome || outcome.error().kind() != error_kind::deadline || cx.now() < own) {
    co_return outcome;
  }
  if (cx.cancelled()) {
    co_return fail(errors::cancelled{});
  }
  error e = errors::timeout{{}, limit, scope};
  e.at(outcome.error().stage())
      .with_sent(outcome.error().sent())
      .with_attempts(outcome.error().attempts());
  if (outcome.error().cause() != nullptr) {
    e.with_cause(*outcome.error().cause());
  }
  co_return tl::unexpected<error>(e);
}

inline task<result<int>> oracle_breaker(context& cx, policy::circuit_breaker breaker,
                                        operation inner) {
  auto permit = breaker.admit(cx.now());
  if (!permit) {
    co_return tl::unexpected<error>(permit.error());
  }
  auto outcome = co_await inner(cx);
  auto v = policy::verdict::success;
  if (!outcome) {
    v = policy::default_verdict(outcome.error());
  }
  permit->complete(v, cx.now());
  co_return outcome;
}

inline task<result<int>> oracle_fallback(context& cx, int instead, operation inner) {
  auto outcome = co_await inner(cx);
  if (!outcome && outcome.error().kind() != error_kind::cancelled && !cx.cancelled()) {
    co_return instead;
  }
  co_return outcome;
}

}  // namespace fairlead::testing
