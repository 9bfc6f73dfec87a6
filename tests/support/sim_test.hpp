// SPDX-License-Identifier: BSL-1.0
// How tests of time are written: a coroutine in a simulated world that must end clean.
#pragma once

#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <concepts>
#include <cstdint>

namespace fairlead::testing {

/// Fails the test when anything is left behind in `w`: suspended tasks, armed timers.
inline void expect_quiet(sim::world& w) {
  w.run_ready();
  for (const auto& left : w.leftovers()) {
    ADD_FAILURE() << "left behind at the end: " << left << "\n" << w.log().tail(30);
  }
}

/// Runs `f` in a world of its own with virtual time: `f(world&, context&)` or `f(context&)`, giving
/// a task. Fails the test when it never ends, and when it leaves anything behind.
///
/// *Example*:
/// ```cpp
/// run_in_world(1, [&](context& cx) -> task<void> {
///   auto slept = co_await sleep_for(cx, 1h);
///   EXPECT_TRUE(slept);
/// });
/// ```
template <class F>
void run_in_world(std::uint64_t seed, F f) {
  sim::world w(seed);
  try {
    w.run([&](context& cx) {
      if constexpr (std::invocable<F&, sim::world&, context&>) {
        return f(w, cx);
      } else {
        return f(cx);
      }
    });
  } catch (const sim::stalled& e) {
    ADD_FAILURE() << "seed " << seed << ": " << e.what();
    return;
  }
  expect_quiet(w);
}

}  // namespace fairlead::testing
