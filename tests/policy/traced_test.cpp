// SPDX-License-Identifier: BSL-1.0
// Runs that a policy starts by itself stay in the trace of their call, also when they outlive it.
#include "support/sim_test.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>
#include <fairlead/policy/abandoning_timeout.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/policy.hpp>

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;
using testing::run_in_world;

TEST(Traced, ARunThatIsLeftBehindStillBelongsToTheTrace) {
  observe::tracer tracer;
  run_in_world(1, [&](context& cx) -> task<void> {
    const stack resilient{abandoning_timeout{100ms}};
    observe::traceparent caller;
    {
      observe::span outer(tracer, cx, "outer");
      caller = outer.id();
      auto traced = outer.under(cx);
      const auto op = detachable([](context& c) -> task<result<int>> {
        cancel_scope own(c.env());
        static_cast<void>(co_await sleep_for(own, 300ms));  // deaf to the cancellation
        observe::set_attribute(c, "too", "late");
        const observe::span inner(c, "inner");
        co_return 5;
      });
      const auto outcome = co_await resilient.run(traced, op);
      EXPECT_FALSE(outcome);
    }
    static_cast<void>(co_await sleep_for(cx, 1s));
    const auto done = tracer.take();
    EXPECT_EQ(done.size(), 2U);
    EXPECT_EQ(done.at(0).name, "outer");
    EXPECT_EQ(done.at(0).find("too"), nullptr);
    EXPECT_EQ(done.at(1).name, "inner");
    EXPECT_EQ(done.at(1).id.trace, caller.trace);
    EXPECT_EQ(done.at(1).parent, caller.span);
  });
}

TEST(Traced, AttemptsSideBySideAreChildrenOfTheCall) {
  observe::tracer tracer;
  run_in_world(1, [&](context& cx) -> task<void> {
    const stack resilient{hedge{{.delay = 50ms}}};
    observe::traceparent caller;
    {
      observe::span outer(tracer, cx, "outer");
      caller = outer.id();
      auto traced = outer.under(cx).with_idempotency(idempotency::idempotent);
      const auto answer = [&](context& c) -> task<result<int>> {
        observe::span attempt(c, "attempt", observe::span_kind::client);
        const auto slept = co_await sleep_for(c, c.attempt() == 1 ? 10s : 100ms);
        if (!slept) {
          attempt.fail(slept.error());
          co_return fail(slept.error());
        }
        observe::add_event(c, "answered");
        co_return 5;
      };
      const auto outcome = co_await resilient.run(traced, answer);
      EXPECT_TRUE(outcome);
    }
    const auto done = tracer.take();
    EXPECT_EQ(done.size(), 3U);
    for (const auto& s : done) {
      EXPECT_EQ(s.id.trace, caller.trace);
      EXPECT_TRUE(s.name == "outer" || s.parent == caller.span);
    }
    EXPECT_EQ(done.back().events.size(), 1U);  // while it is open, the call's own span is shared
  });
}

}  // namespace
}  // namespace fairlead::policy
