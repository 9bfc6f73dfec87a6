// SPDX-License-Identifier: BSL-1.0
// Vectors T01 to T11 of the acceptance list.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/policy/policy.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

TEST(Timeout, T01LetsThroughWhatIsQuick) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    scripted_operation op({succeed(7, 50ms)});
    auto answer = co_await stack{total_timeout{100ms}}.run(cx, std::ref(op));
    EXPECT_EQ(answer.value(), 7);
    EXPECT_EQ(cx.now() - begin, 50ms);
    EXPECT_EQ(cx.env().timers().size(), 0U);
  });
}

TEST(Timeout, T02EndsWhatHangsAtItsLimit) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    scripted_operation op({hang()});
    auto answer = co_await stack{total_timeout{100ms}}.run(cx, std::ref(op));
    EXPECT_EQ(answer.error().message(), "timeout: no answer within the total limit of 100 ms");
    EXPECT_EQ(cx.now() - begin, 100ms);
    const auto named = stack{attempt_timeout{30ms, {.name = "users"}}};
    auto second = co_await named.run(cx, std::ref(op));
    EXPECT_EQ(second.error().message(),
              "timeout: users did not answer within the attempt limit of 30 ms");
  });
}

TEST(Timeout, KeepsWhereItHappenedAndWhatThePeerMayHaveSeen) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto op = [](context& inner) -> task<result<int>> {
      auto slept = co_await sleep_for(inner, 1h);
      error e = slept.error();
      e.at(error_stage::body).with_sent(error_sent::unknown).with_target("http://users/1");
      e.mark_repeatable();
      co_return tl::unexpected<error>(e);
    };
    auto answer = co_await stack{attempt_timeout{1s}}.run(cx, op);
    EXPECT_EQ(answer.error().kind(), error_kind::timeout);
    EXPECT_EQ(answer.error().stage(), error_stage::body);
    EXPECT_EQ(answer.error().sent(), error_sent::unknown);
    EXPECT_TRUE(answer.error().repeatable());
    EXPECT_EQ(answer.error().get<errors::timeout>()->target, "http://users/1");
    EXPECT_EQ(answer.error().get<errors::timeout>()->scope, timeout_scope::attempt);
  });
}

TEST(Timeout, T03DeliversWhatComesLate) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    event_log log(begin);
    scripted_operation op({stubborn(5, 300ms)});
    auto s = stack{total_timeout{100ms}}.observed_by(log, "s");
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.value(), 5);
    EXPECT_EQ(log.lines, (lines{"300 timeout late 1"}));
  });
}

TEST(Timeout, T03DiscardsWhatComesLateWhenTold) {
  run_in_world(1, [](context& cx) -> task<void> {
    event_log log(cx.now());
    scripted_operation op({stubborn(5, 300ms)});
    auto s = stack{total_timeout{100ms, {.late = late_outcome::discard}}}.observed_by(log, "s");
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.error().kind(), error_kind::timeout);
    EXPECT_EQ(answer.error().sent(), error_sent::answered);
    EXPECT_EQ(log.lines, (lines{"300 timeout late 1", "300 timeout timeout 1"}));
    scripted_operation in_time({stubborn(6, 100ms - 1ns)});
    auto second = co_await s.run(cx, std::ref(in_time));
    EXPECT_EQ(second.value(), 6);
  });
}

TEST(Timeout, ALateFailureOfItsOwnIsDelivered) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto op = [](context& inner) -> task<result<int>> {
      cancel_scope own(inner.env());
      (void)co_await sleep_for(own, 300ms);
      co_return fail(errors::connection_reset{"http://users"});
    };
    auto answer = co_await stack{total_timeout{100ms}}.run(cx, op);
    EXPECT_EQ(answer.error().kind(), error_kind::connection_reset);
    auto discarded =
        co_await stack{total_timeout{100ms, {.late = late_outcome::discard}}}.run(cx, op);
    EXPECT_EQ(discarded.error().kind(), error_kind::timeout);
    EXPECT_EQ(discarded.error().cause()->kind(), error_kind::connection_reset);
  });
}

TEST(Timeout, T04TheCallersCancelEndsItAsCancelled) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::world w(seed);
    std::optional<result<int>> answer;
    std::optional<cancel_scope> scope;
    scripted_operation op({hang()});
    const auto s = stack{total_timeout{100ms}};
    w.spawn("call", [&](context& cx) -> task<void> {
      scope.emplace(cx);
      auto outcome = co_await s.run(*scope, std::ref(op));
      answer.emplace(std::move(outcome));
    });
    // T05 at 100: limit and cancel at the same instant.
    const auto when = seed % 2 == 0 ? 100ms : 50ms;
    w.spawn("cancel", [&](context& cx) -> task<void> {
      (void)co_await sleep_for(cx, when);
      scope->cancel();
    });
    w.run_until_idle();
    ASSERT_TRUE(answer) << seed;
    if (when == 50ms) {
      EXPECT_EQ(answer->error().kind(), error_kind::cancelled) << seed;
    } else {
      // At one instant either may come first in a shuffled world; it is never anything else.
      EXPECT_TRUE(answer->error().kind() == error_kind::cancelled ||
                  answer->error().kind() == error_kind::timeout)
          << seed;
    }
    expect_quiet(w);
  }
}

TEST(Timeout, T05ACancelInTheSameTickWins) {
  run_in_world(1, [](context& cx) -> task<void> {
    cancel_scope scope(cx);
    auto op = [&](context& inner) -> task<result<int>> {
      auto slept = co_await sleep_for(inner, 1h);
      scope.cancel();  // after the timer, before the stack has seen anything
      co_return tl::unexpected<error>(slept.error());
    };
    auto answer = co_await stack{total_timeout{100ms}}.run(scope, op);
    EXPECT_EQ(answer.error().kind(), error_kind::cancelled);
  });
}

TEST(Timeout, T07TheOuterLimitIsNamedWhenItComesFirst) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    scripted_operation op({hang()});
    auto s = stack{total_timeout{100ms}, attempt_timeout{200ms}};
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.error().get<errors::timeout>()->limit, 100ms);
    EXPECT_EQ(answer.error().get<errors::timeout>()->scope, timeout_scope::total);
    EXPECT_EQ(cx.now() - begin, 100ms);
  });
}

TEST(Timeout, T08TheCallersDeadlineStaysItsOwn) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    scripted_operation op({hang()});
    auto brief = cx.with_timeout(70ms);
    auto s = stack{steady_retry(3, 1ms), attempt_timeout{100ms}};
    auto answer = co_await s.run(brief, std::ref(op));
    EXPECT_EQ(answer.error().kind(), error_kind::deadline);
    EXPECT_EQ(answer.error().suppressed_by(), retry_stop::deadline);
    EXPECT_EQ(cx.now() - begin, 70ms);
    EXPECT_EQ(op.calls.size(), 1U);
  });
}

TEST(Timeout, T09ALimitMayDependOnTheAttempt) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    scripted_operation op({hang()});
    auto s = stack{steady_retry(2, 0ms),
                   attempt_timeout{[](const context& c) { return c.attempt() * 100ms; }}};
    auto answer = co_await s.run(cx, policy::idempotent(std::ref(op)));
    EXPECT_EQ(answer.error().get<errors::timeout>()->limit, 200ms);
    EXPECT_EQ(cx.now() - begin, 300ms);
  });
}

TEST(Timeout, T11NoLimitIsNoTimer) {
  run_in_world(1, [](context& cx) -> task<void> {
    std::size_t armed = 99;
    time_point deadline{};
    auto op = [&](context& inner) -> result<int> {
      armed = inner.env().timers().size();
      deadline = inner.deadline();
      return 1;
    };
    auto answer = co_await stack{total_timeout{duration::max()}}.run(cx, op);
    EXPECT_TRUE(answer);
    EXPECT_EQ(armed, 0U);
    EXPECT_EQ(deadline, no_deadline);
  });
}

TEST(Timeout, AtZeroWhatCompletesAtOncePassesAndWhatWaitsDoesNot) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    auto s = stack{total_timeout{0ms}};
    scripted_operation quick({succeed(3)});
    auto passes = co_await s.run(cx, std::ref(quick));
    EXPECT_EQ(passes.value(), 3);
    scripted_operation slow({succeed(3, 1ns)});
    auto fails = co_await s.run(cx, std::ref(slow));
    EXPECT_EQ(fails.error().kind(), error_kind::timeout);
    EXPECT_EQ(cx.now(), begin);
  });
}

TEST(Timeout, D03EachAttemptGetsTheSmallerOfItsLimitAndWhatIsLeft) {
  run_in_world(1, [](context& cx) -> task<void> {
    scripted_operation op({hang()});
    auto s = stack{total_timeout{250ms}, steady_retry(9, 0ms), attempt_timeout{100ms}};
    auto answer = co_await s.run(cx, policy::idempotent(std::ref(op)));
    EXPECT_EQ(answer.error().get<errors::timeout>()->scope, timeout_scope::total);
    EXPECT_EQ(answer.error().attempts(), 3U);
    // Why it went on until the total limit: the attempt before had timed out.
    EXPECT_EQ(answer.error().cause()->get<errors::timeout>()->scope, timeout_scope::attempt);
    std::vector<duration> budgets;
    for (const auto& c : op.calls) {
      budgets.push_back(c.remaining);
    }
    EXPECT_EQ(budgets, (std::vector<duration>{100ms, 100ms, 50ms}));
  });
}

TEST(Timeout, RefusesNegativeLimits) {
  EXPECT_THROW((void)total_timeout{-1ms}, std::invalid_argument);
  EXPECT_THROW((void)(attempt_timeout{-1ms, {.name = "users"}}), std::invalid_argument);
}

}  // namespace
}  // namespace fairlead::policy
