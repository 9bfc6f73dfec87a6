// SPDX-License-Identifier: BSL-1.0
// What tests that try every order have in common: calls that can be told to stop at an instant.
#pragma once

#include "policy/oracle.hpp"

#include "support/every_order.hpp"
#include "support/sim_test.hpp"

#include <fairlead/policy/bulkhead.hpp>

#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::testing {

inline void report(std::string_view what, std::uint64_t orders) {
  std::printf("             %.*s: %llu orders\n", static_cast<int>(what.size()), what.data(),
              static_cast<unsigned long long>(orders));
}

/// Leaves the others time to run.
inline task<result<int>> linger(context& cx, int value) {
  auto waited = co_await yield(cx);
  if (!waited) {
    co_return tl::unexpected<error>(waited.error());
  }
  co_return value;
}

inline task<result<void>> pass(context& cx, duration length) {
  return length > duration::zero() ? sleep_for(cx, length) : yield(cx);
}

inline policy::bulkhead_options one_place() {
  return {.max = 1, .queue = 5, .max_wait = 1h};
}

/// A call that can be told to stop.
struct caller {
  std::string name;
  duration comes{};
  duration limit = duration::max();
  cancel_scope* scope = nullptr;
  bool ended = false;
  std::optional<error> failed = {};
  int value = 0;

  task<void> make(context& cx, std::function<task<result<int>>(context&)> call) {
    if (comes > duration::zero()) {
      (void)co_await sleep_for(cx, comes);
    }
    cancel_scope own(cx);
    scope = &own;
    auto mine = own.with_timeout(limit);
    auto got = co_await call(mine);
    scope = nullptr;
    ended = true;
    if (got) {
      value = *got;
    } else {
      failed = got.error();
    }
  }
  [[nodiscard]] bool cancelled() const { return failed && failed->kind() == error_kind::cancelled; }
  void cancel() const {
    if (scope != nullptr) {
      scope->cancel();
    }
  }
};

inline void spawn(sim::world& w, caller& who, std::function<task<result<int>>(context&)> call) {
  w.spawn(who.name, [&who, call = std::move(call)](context& cx) { return who.make(cx, call); });
}

inline void cancel_at(sim::world& w, duration when, const caller& who) {
  w.spawn("cancel", [when, &who](context& cx) -> task<void> {
    (void)co_await sleep_for(cx, when);
    who.cancel();
  });
}

/// Counts the runs of an operation that are under way.
struct presence {
  explicit presence(int& n) noexcept : here(n) { ++here; }
  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;
  ~presence() { --here; }
  int& here;
};

}  // namespace fairlead::testing
