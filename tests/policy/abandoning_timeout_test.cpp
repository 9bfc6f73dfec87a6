// SPDX-License-Identifier: BSL-1.0
// A limit that is kept whatever the operation does: vector T03 and its relatives, in virtual time.
#include "policy/scripted_operation.hpp"

#include <fairlead/policy/abandoning_timeout.hpp>
#include <fairlead/policy/any_stack.hpp>
#include <fairlead/policy/policy.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

sim::world_options in_order() {
  sim::world_options o;
  o.order = sim::ordering::arrival;
  return o;
}

// Whatever its context says, gives 5 after `length`.
auto deaf(duration length) {
  return detachable([length](context& cx) -> task<result<int>> {
    cancel_scope own(cx.env());
    (void)co_await sleep_for(own, length);
    co_return 5;
  });
}

// Looks after its context.
auto attentive(duration length) {
  return detachable([length](context& cx) -> task<result<int>> {
    auto slept = co_await sleep_for(cx, length);
    if (!slept) {
      error e = slept.error();
      e.at(error_stage::body).with_sent(error_sent::unknown);
      co_return tl::unexpected<error>(std::move(e));
    }
    co_return 5;
  });
}

// Writes down when a context is cancelled.
struct ear : cancel_node {
  explicit ear(context& of)
      : cancel_node([](cancel_node& n) noexcept {
          auto& self = static_cast<ear&>(n);
          self.heard = self.cx.now();
        }),
        cx(of) {
    cx.cancel_tree().add(*this);
  }
  context& cx;
  std::optional<time_point> heard;
};

static_assert(detachable_operation<decltype(deaf(1ms))>);
static_assert(!detachable_operation<std::reference_wrapper<scripted_operation>>);

TEST(AbandoningTimeout, T03EndsAtTheLimitAndCountsTheRunUntilItEnds) {
  sim::world world(in_order());
  const abandoning_timeout limit{100ms};
  const auto begin = world.now();
  event_log log(begin);
  const auto s = stack{limit}.observed_by(log, "s");
  const auto told = std::make_shared<duration>();
  world.run([&](context& cx) -> task<void> {
    const auto op = detachable([told, begin](context& c) -> task<result<int>> {
      const ear listening(c);
      cancel_scope own(c.env());
      (void)co_await sleep_for(own, 300ms);
      *told = listening.heard.value_or(begin) - begin;
      co_return 5;
    });
    auto answer = co_await s.run(cx, op);
    EXPECT_EQ(cx.now() - begin, 100ms);
    EXPECT_EQ(answer.error().message(), "timeout: no answer within the total limit of 100 ms");
    EXPECT_EQ(answer.error().sent(), error_sent::unknown);
    EXPECT_EQ(limit.abandoned(), 1U);
    (void)co_await sleep_until(cx, begin + 300ms - 1ns);
    EXPECT_EQ(limit.abandoned(), 1U);
  });
  world.run_until_idle();
  EXPECT_EQ(world.now() - begin, 300ms);
  EXPECT_EQ(limit.abandoned(), 0U);
  EXPECT_EQ(*told, 100ms);
  EXPECT_EQ(log.lines, (lines{"100 timeout abandoned 1", "100 timeout timeout 1",
                              "300 timeout abandoned_ended 1"}));
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(AbandoningTimeout, WhatEndsInTimePasses) {
  sim::world world(1);
  world.run([](context& cx) -> task<void> {
    const auto begin = cx.now();
    const abandoning_timeout limit{100ms};
    const auto op = deaf(50ms);
    auto answer = co_await stack{limit}.run(cx, op);
    EXPECT_EQ(answer.value(), 5);
    EXPECT_EQ(cx.now() - begin, 50ms);
    EXPECT_EQ(cx.env().timers().size(), 0U);
    auto at_once = co_await stack{limit}.run(cx, [](context&) -> result<int> { return 6; });
    EXPECT_EQ(at_once.value(), 6);
    auto moved = co_await stack{limit}.run(
        cx, [](context&) -> result<std::unique_ptr<int>> { return std::make_unique<int>(7); });
    EXPECT_EQ(*moved.value(), 7);
    EXPECT_EQ(limit.abandoned(), 0U);
  });
}

TEST(AbandoningTimeout, WhatStopsAtTheLimitIsJoined) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::world world(seed);
    const abandoning_timeout limit{100ms, {.scope = timeout_scope::attempt}};
    event_log log(world.now());
    const auto s = stack{limit}.observed_by(log, "s");
    world.run([&](context& cx) -> task<void> {
      const auto op = attentive(1h);
      auto answer = co_await s.run(cx, op);
      EXPECT_EQ(answer.error().get<errors::timeout>()->scope, timeout_scope::attempt);
      EXPECT_EQ(answer.error().stage(), error_stage::body);
      EXPECT_EQ(limit.abandoned(), 0U);
    });
    EXPECT_EQ(log.lines, (lines{"100 timeout timeout 1"})) << seed;
    EXPECT_TRUE(world.leftovers().empty());
  }
}

TEST(AbandoningTimeout, WhatTheRunHoldsComesBackWhenItEnds) {
  sim::world world(1);
  const bulkhead places{{.max = 1}};
  const abandoning_timeout limit{100ms};
  const auto s = stack{limit, places};
  world.run([&](context& cx) -> task<void> {
    const auto op = deaf(300ms);
    auto first = co_await s.run(cx, op);
    EXPECT_EQ(first.error().kind(), error_kind::timeout);
    auto second = co_await s.run(cx, op);
    EXPECT_EQ(second.error().kind(), error_kind::bulkhead_full);
    EXPECT_EQ(places.metrics().in_use, 1U);
    (void)co_await sleep_for(cx, 200ms + 1ns);
    EXPECT_EQ(places.metrics().in_use, 0U);
  });
}

TEST(AbandoningTimeout, LayersInsideCountTheRealOutcome) {
  sim::world world(1);
  const circuit_breaker breaker{{.failures = 1, .of = 10}};
  const auto s = stack{abandoning_timeout{100ms}, breaker};
  world.run([&](context& cx) -> task<void> {
    const auto op = deaf(300ms);
    auto answer = co_await s.run(cx, op);
    EXPECT_EQ(answer.error().kind(), error_kind::timeout);
    EXPECT_EQ(breaker.metrics(cx.now()).recorded, 0U);
    (void)co_await sleep_for(cx, 201ms);
    EXPECT_EQ(breaker.metrics(cx.now()).recorded, 1U);
    EXPECT_EQ(breaker.metrics(cx.now()).failures, 0U);
  });
}

TEST(AbandoningTimeout, AtTheCapTheCallWaits) {
  for (const auto late : {late_outcome::deliver, late_outcome::discard}) {
    sim::world world(in_order());
    const abandoning_timeout limit{100ms, {.late = late, .max_abandoned = 1}};
    const auto begin = world.now();
    event_log log(begin);
    const auto s = stack{limit}.observed_by(log, "s");
    world.run([&](context& cx) -> task<void> {
      const auto longer = deaf(1s);
      const auto shorter = deaf(300ms);
      auto first = co_await s.run(cx, longer);
      EXPECT_EQ(first.error().kind(), error_kind::timeout);
      auto second = co_await s.run(cx, shorter);
      EXPECT_EQ(cx.now() - begin, 400ms);
      EXPECT_EQ(limit.abandoned(), 1U);
      if (late == late_outcome::deliver) {
        EXPECT_EQ(second.value(), 5);
      } else {
        EXPECT_EQ(second.error().kind(), error_kind::timeout);
        EXPECT_EQ(second.error().sent(), error_sent::answered);
      }
    });
    lines expected{"100 timeout abandoned 1", "100 timeout timeout 1",
                   "200 timeout not_abandoned 1", "400 timeout late 1"};
    if (late == late_outcome::discard) {
      expected.emplace_back("400 timeout timeout 1");
    }
    expected.emplace_back("1000 timeout abandoned_ended 1");
    world.run_until_idle();
    EXPECT_EQ(log.lines, expected);
  }
}

TEST(AbandoningTimeout, AnOutcomeAtTheLimitIsDelivered) {
  sim::world world(in_order());
  const abandoning_timeout limit{100ms};
  event_log log(world.now());
  const auto s = stack{limit}.observed_by(log, "s");
  world.run([&](context& cx) -> task<void> {
    const auto op = deaf(100ms);
    auto answer = co_await s.run(cx, op);
    EXPECT_EQ(answer.value(), 5);
  });
  EXPECT_EQ(log.lines, (lines{"100 timeout late 1"}));
}

TEST(AbandoningTimeout, WhicheverComesFirstInATickTheCountIsRight) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    sim::world world(seed);
    const abandoning_timeout limit{100ms};
    const auto s = stack{limit};
    world.run([&](context& cx) -> task<void> {
      const auto begin = cx.now();
      const auto op = deaf(100ms);
      auto answer = co_await s.run(cx, op);
      EXPECT_EQ(cx.now() - begin, 100ms) << seed;
      EXPECT_TRUE(answer ? *answer == 5 : answer.error().kind() == error_kind::timeout) << seed;
    });
    world.run_until_idle();
    EXPECT_EQ(limit.abandoned(), 0U) << seed;
    EXPECT_TRUE(world.leftovers().empty()) << seed;
  }
}

TEST(AbandoningTimeout, ACancelledCallEndsWithItsRunOrAtTheLimit) {
  for (const bool listens : {true, false}) {
    sim::world world(1);
    const abandoning_timeout limit{100ms};
    const auto s = stack{limit};
    const auto begin = world.now();
    std::optional<cancel_scope> scope;
    std::optional<duration> ended;
    world.spawn("call", [&](context& cx) -> task<void> {
      scope.emplace(cx);
      const auto quiet = deaf(300ms);
      const auto good = attentive(300ms);
      result<int> answer;
      if (listens) {
        answer = co_await s.run(*scope, good);
      } else {
        answer = co_await s.run(*scope, quiet);
      }
      EXPECT_EQ(answer.error().kind(), error_kind::cancelled);
      ended = cx.now() - begin;
    });
    world.spawn("cancel", [&](context& cx) -> task<void> {
      (void)co_await sleep_for(cx, 50ms);
      scope->cancel();
    });
    world.run_until_idle();
    EXPECT_EQ(ended, listens ? 50ms : 100ms);
    EXPECT_EQ(limit.abandoned(), 0U);
    EXPECT_TRUE(world.leftovers().empty());
  }
}

TEST(AbandoningTimeout, T05ACancelInTheSameTickIsOneOrTheOther) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    sim::world world(seed);
    const abandoning_timeout limit{100ms};
    const auto s = stack{limit};
    std::optional<cancel_scope> scope;
    std::optional<error_kind> kind;
    world.spawn("call", [&](context& cx) -> task<void> {
      scope.emplace(cx);
      const auto op = deaf(300ms);
      auto answer = co_await s.run(*scope, op);
      kind = answer.error().kind();
    });
    world.spawn("cancel", [&](context& cx) -> task<void> {
      (void)co_await sleep_for(cx, 100ms);
      scope->cancel();
    });
    world.run_until_idle();
    EXPECT_TRUE(kind == error_kind::cancelled || kind == error_kind::timeout) << seed;
    EXPECT_EQ(limit.abandoned(), 0U);
  }
}

TEST(AbandoningTimeout, ACancelAfterTheCallIsNothingToTheRun) {
  sim::world world(1);
  const abandoning_timeout limit{100ms};
  const auto s = stack{limit};
  world.run([&](context& cx) -> task<void> {
    {
      cancel_scope scope(cx);
      const auto op = deaf(300ms);
      auto answer = co_await s.run(scope, op);
      EXPECT_EQ(answer.error().kind(), error_kind::timeout);
      (void)co_await sleep_for(cx, 50ms);
      scope.cancel();
    }
    (void)co_await sleep_for(cx, 50ms);
    EXPECT_EQ(limit.abandoned(), 1U);
    (void)co_await sleep_for(cx, 101ms);
    EXPECT_EQ(limit.abandoned(), 0U);
  });
}

TEST(AbandoningTimeout, AnEarlierDeadlineIsKeptToo) {
  sim::world world(1);
  const abandoning_timeout limit{100ms};
  world.run([&](context& cx) -> task<void> {
    const auto begin = cx.now();
    const auto op = deaf(300ms);
    auto brief = cx.with_timeout(70ms);
    auto answer = co_await stack{limit}.run(brief, op);
    EXPECT_EQ(answer.error().kind(), error_kind::deadline);
    EXPECT_EQ(answer.error().sent(), error_sent::unknown);
    EXPECT_EQ(cx.now() - begin, 70ms);
    EXPECT_EQ(limit.abandoned(), 1U);
    const auto both = stack{total_timeout{50ms}, limit};
    auto named = co_await both.run(cx, op);
    EXPECT_EQ(named.error().get<errors::timeout>()->limit, 50ms);
    EXPECT_EQ(cx.now() - begin, 120ms);
  });
}

TEST(AbandoningTimeout, TheLimitMayDependOnTheCall) {
  sim::world world(1);
  auto made = abandoning_timeout{1s}.limit_by([](const context& c) { return c.attempt() * 100ms; });
  const abandoning_timeout limit = std::move(made);
  world.run([&](context& cx) -> task<void> {
    const auto begin = cx.now();
    const auto s = stack{steady_retry(3, 0ms), limit};
    const auto op = idempotent(deaf(2s));
    auto answer = co_await s.run(cx, op);
    EXPECT_EQ(answer.error().get<errors::timeout>()->limit, 300ms);
    EXPECT_EQ(answer.error().attempts(), 3U);
    EXPECT_EQ(cx.now() - begin, 600ms);
    EXPECT_EQ(limit.abandoned(), 3U);
    (void)co_await sleep_until(cx, begin + 2s + 1ns);
    EXPECT_EQ(limit.abandoned(), 2U);
    (void)co_await sleep_until(cx, begin + 2300ms + 1ns);
    EXPECT_EQ(limit.abandoned(), 0U);
  });
}

TEST(AbandoningTimeout, WithoutTimeNothingIsStarted) {
  sim::world world(1);
  auto made = abandoning_timeout{1s}.limit_by([](const context&) { return 0ms; });
  auto none = abandoning_timeout{1s}.limit_by([](const context&) { return duration::max(); });
  const auto s = stack{std::move(made)};
  const auto endless = stack{std::move(none)};
  world.run([&](context& cx) -> task<void> {
    const auto runs = std::make_shared<int>(0);
    const auto op = detachable([runs](context& c) -> task<result<int>> {
      ++*runs;
      (void)co_await sleep_for(c, 1h);
      co_return 5;
    });
    auto answer = co_await s.run(cx, op);
    EXPECT_EQ(answer.error().kind(), error_kind::timeout);
    EXPECT_EQ(answer.error().sent(), error_sent::not_sent);
    EXPECT_EQ(*runs, 0);
    auto unlimited = co_await endless.run(cx, op);
    EXPECT_EQ(unlimited.value(), 5);
  });
}

TEST(AbandoningTimeout, ExceptionsLeaveInTimeAndAreDroppedLater) {
  sim::world world(1);
  const abandoning_timeout limit{100ms};
  event_log log(world.now());
  const auto s = stack{limit}.observed_by(log, "s");
  const auto throws_after = [](duration length) {
    return detachable([length](context& cx) -> task<result<int>> {
      cancel_scope own(cx.env());
      (void)co_await sleep_for(own, length);
      throw std::runtime_error("boom");
    });
  };
  world.run([&](context& cx) -> task<void> {
    bool thrown = false;
    const auto soon = throws_after(50ms);
    try {
      (void)co_await s.run(cx, soon);
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    const auto later = throws_after(300ms);
    auto answer = co_await s.run(cx, later);
    EXPECT_EQ(answer.error().kind(), error_kind::timeout);
  });
  world.run_until_idle();
  EXPECT_EQ(limit.abandoned(), 0U);
  EXPECT_EQ(log.lines, (lines{"150 timeout abandoned 1", "150 timeout timeout 1",
                              "350 timeout abandoned_ended 1"}));
}

TEST(AbandoningTimeout, AnyStackWaitsForWhatMayNotOutliveTheCall) {
  sim::world world(1);
  const abandoning_timeout limit{100ms};
  const any_stack any{stack{limit}};
  world.run([&](context& cx) -> task<void> {
    const auto begin = cx.now();
    scripted_operation op({stubborn(5, 300ms)});
    auto waited = co_await any.run(cx, std::ref(op));
    EXPECT_EQ(waited.value(), 5);
    EXPECT_EQ(cx.now() - begin, 300ms);
    const auto owning = deaf(300ms);
    auto left = co_await any.run(cx, owning);
    EXPECT_EQ(left.error().kind(), error_kind::timeout);
    EXPECT_EQ(cx.now() - begin, 400ms);
    EXPECT_EQ(limit.abandoned(), 1U);
  });
}

TEST(AbandoningTimeout, CopiesShareTheCount) {
  const abandoning_timeout limit{100ms, {.name = "legacy", .max_abandoned = 3}};
  const abandoning_timeout copy(limit);
  EXPECT_EQ(copy.identity(), limit.identity());
  EXPECT_EQ(copy.name(), "legacy");
  EXPECT_EQ(copy.max_abandoned(), 3U);
  EXPECT_THROW((void)(stack{limit, copy}), std::invalid_argument);
  EXPECT_EQ(stack{limit}.describe(),
            "From the outside in: a limit for everything inside of 100 ms that leaves behind what "
            "does not stop, at most 3 at a time; then the operation.");
}

TEST(AbandoningTimeout, RefusesWhatCannotBeMeant) {
  EXPECT_THROW((void)abandoning_timeout{0ms}, std::invalid_argument);
  const auto made = abandoning_timeout::make(-1ms, {.max_abandoned = 0});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("max_abandoned is 0"), std::string::npos);
  EXPECT_NE(made.error().message().find("the limit is not positive"), std::string::npos);
  EXPECT_TRUE(abandoning_timeout::make(1ms));
}

}  // namespace
}  // namespace fairlead::policy
