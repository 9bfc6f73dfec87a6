// SPDX-License-Identifier: BSL-1.0
// The handle: shared by stacks and threads, and never left with something that nobody holds.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/policy/policy.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

const time_point start{1000s};
constexpr auto some_failure = extra_attempt::after_failure;

std::vector<budget_options> all_kinds() {
  return {token_budget{}, in_flight_budget{}, window_budget{.min = 3}, quota_budget{}};
}

TEST(RetryBudget, CopiesShareTheirState) {
  const retry_budget a{in_flight_budget{.ratio = 0, .min = 1}};
  const auto b = a;
  auto held = a.reserve(start, some_failure);
  EXPECT_TRUE(held);
  EXPECT_FALSE(b.reserve(start, some_failure));
  EXPECT_EQ(a.identity(), b.identity());
  held = {};
  EXPECT_TRUE(b.reserve(start, some_failure));
}

TEST(RetryBudget, AReservationThatIsDroppedLeavesNoTrace) {
  for (const auto& kind : all_kinds()) {
    const retry_budget b{kind};
    const auto before = b.metrics(start);
    {
      const auto call = b.begin(start);
      auto first = b.reserve(start, some_failure);
      auto moved = std::move(first);
      EXPECT_TRUE(moved);
      EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is the point
      EXPECT_EQ(b.metrics(start).in_use, 1U);
      auto cancelled = b.reserve(start, some_failure);
      cancelled.complete(verdict::neutral);
      EXPECT_FALSE(cancelled);
    }
    const auto after = b.metrics(start);
    EXPECT_EQ(after.in_use, 0U);
    EXPECT_EQ(after.in_flight, 0U);
    EXPECT_EQ(after.spent, 0U);
    EXPECT_EQ(after.tokens, before.tokens) << b.describe();
  }
}

TEST(RetryBudget, WhatAnExtraAttemptCostsDependsOnItsEnd) {
  const auto tokens_after = [](const budget_options& o, extra_attempt why, verdict v) {
    const retry_budget b{o};
    (void)b.begin(start);
    b.first_ended(verdict::failure);
    b.reserve(start, why).complete(v);
    return b.metrics(start).tokens;
  };
  const token_budget token{.tokens = 10, .ratio = 0.1};
  EXPECT_EQ(tokens_after(token, some_failure, verdict::failure), 8);
  EXPECT_EQ(tokens_after(token, some_failure, verdict::success), 9.1);
  EXPECT_EQ(tokens_after(token, some_failure, verdict::fatal), 9);
  const quota_budget quota{};
  EXPECT_EQ(tokens_after(quota, some_failure, verdict::failure), 495);
  EXPECT_EQ(tokens_after(quota, extra_attempt::after_timeout, verdict::fatal), 490);
  EXPECT_EQ(tokens_after(quota, extra_attempt::hedge, verdict::success), 500);
  const window_budget window{.ratio = 1, .min = 2};
  EXPECT_EQ(tokens_after(window, some_failure, verdict::success), 2);
  EXPECT_EQ(tokens_after(window, some_failure, verdict::neutral), 3);
}

TEST(RetryBudget, AFirstSuccessAddsALittle) {
  const retry_budget b{quota_budget{}};
  auto spent = b.reserve(start, some_failure);
  spent.complete(verdict::failure);
  b.first_ended(verdict::success);
  EXPECT_EQ(b.metrics(start).tokens, 496);
  b.first_ended(verdict::fatal);
  EXPECT_EQ(b.metrics(start).tokens, 496);
}

TEST(RetryBudget, RefusesBadOptions) {
  try {
    (void)retry_budget{window_budget{.ratio = -1, .slices = 0}, "users"};
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "retry_budget 'users': ratio must be between 0 and 1000; slices is 0");
  }
  const auto made = retry_budget::make(window_budget{.slices = 0});
  EXPECT_EQ(made.error().get<errors::invalid_argument>()->reason, "slices is 0");
  EXPECT_TRUE(retry_budget::make({}));
}

TEST(RetryBudget, DescribesItself) {
  EXPECT_EQ(retry_budget(token_budget{}, "users").describe(),
            "a retry budget 'users' of 10 tokens");
  EXPECT_EQ(retry_budget(in_flight_budget{}).describe(),
            "a retry budget of 20 % of the calls in flight, at least 3");
  EXPECT_EQ(retry_budget(window_budget{.min = 1}).describe(),
            "a retry budget of 20 % of the calls of the last 10 s, and 1 more");
  EXPECT_NE(stack{retry{}.with_budget(retry_budget{quota_budget{}})}.describe().find(
                "within a retry budget of 500 tokens, 5 for an extra attempt"),
            std::string::npos);
}

// G07
TEST(RetryBudget, G07ExactlyAsManyAsThereAreUnderARace) {
  constexpr int threads = 64;
  for (const budget_options& kind :
       {budget_options{in_flight_budget{.ratio = 0, .min = 3}},
        budget_options{window_budget{.ratio = 0, .min = 3}},
        budget_options{quota_budget{.tokens = 17, .cost = 5, .timeout_cost = 5}}}) {
    const retry_budget b{kind};
    std::barrier together(threads);
    std::atomic<int> granted{0};
    std::vector<std::thread> all;
    all.reserve(threads);
    for (int t = 0; t < threads; ++t) {
      all.emplace_back([&] {
        together.arrive_and_wait();
        const auto mine = b.reserve(start, some_failure);
        granted += mine ? 1 : 0;
        together.arrive_and_wait();  // nobody gives back before all have asked
      });
    }
    for (auto& t : all) {
      t.join();
    }
    EXPECT_EQ(granted, 3) << b.describe();
    EXPECT_EQ(b.metrics(start).in_use, 0U);
  }
}

TEST(RetryBudget, LosesNothingBetweenThreads) {
  constexpr int threads = 16;
  constexpr int rounds = 3'000;
  for (const auto& kind : all_kinds()) {
    const retry_budget b{kind};
    const auto before = b.metrics(start).tokens;
    std::vector<std::thread> all;
    all.reserve(threads);
    for (int t = 0; t < threads; ++t) {
      all.emplace_back([&b] {
        for (int i = 0; i < rounds; ++i) {
          const auto call = b.begin(start);
          auto extra = b.reserve(start, some_failure);
          extra.complete(i % 2 == 0 ? verdict::neutral : verdict::success);
        }
      });
    }
    for (auto& t : all) {
      t.join();
    }
    const auto after = b.metrics(start);
    EXPECT_EQ(after.in_use, 0U);
    EXPECT_EQ(after.in_flight, 0U);
    if (!std::holds_alternative<window_budget>(kind)) {
      EXPECT_EQ(after.tokens, before) << b.describe();
    } else {
      EXPECT_EQ(after.tokens + static_cast<double>(after.spent), 3 + threads * rounds / 5);
    }
  }
}

// G01, G11 through a stack.
TEST(RetryBudget, G11ARefusalReturnsTheOriginalError) {
  run_in_world(1, [](context& cx) -> task<void> {
    event_log log(cx.now());
    const retry_budget budget{token_budget{.tokens = 10, .ratio = 0.1}};
    const auto s = stack{steady_retry(100, 1s).with_budget(budget)}.observed_by(log, "s");
    scripted_operation op({fail_softly()});
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(op.calls.size(), 5U);
    EXPECT_EQ(answer.error().kind(), error_kind::unavailable);
    EXPECT_EQ(answer.error().suppressed_by(), retry_stop::budget);
    EXPECT_EQ(answer.error().attempts(), 5U);
    EXPECT_EQ(log.lines.back(), "4000 retry gave_up 5");
    auto again = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(again.error().attempts(), 1U);
    EXPECT_EQ(budget.metrics(cx.now()).tokens, 4);
  });
}

// G09
TEST(RetryBudget, G09WhoWaitsForItsTurnCounts) {
  sim::world w(1);
  const retry_budget budget{in_flight_budget{.ratio = 0, .min = 1}};
  const auto s = stack{steady_retry(2, 1s).with_budget(budget)};
  scripted_operation first({fail_softly(), succeed(1, 1s)});
  scripted_operation second({fail_softly()});
  std::optional<result<int>> refused;
  w.spawn("first", [&](context& cx) -> task<void> { (void)co_await s.run(cx, std::ref(first)); });
  w.run_ready();
  EXPECT_EQ(budget.metrics(w.root().now()).in_use, 1U);
  w.spawn("second", [&](context& cx) -> task<void> {
    auto answer = co_await s.run(cx, std::ref(second));
    refused.emplace(std::move(answer));
  });
  w.run_ready();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->error().suppressed_by(), retry_stop::budget);
  w.advance(1500ms);  // the first one's second attempt runs
  EXPECT_EQ(budget.metrics(w.root().now()).in_use, 1U);
  EXPECT_EQ(budget.metrics(w.root().now()).in_flight, 1U);
  w.run_until_idle();
  EXPECT_EQ(budget.metrics(w.root().now()).in_use, 0U);
  EXPECT_EQ(budget.metrics(w.root().now()).in_flight, 0U);
}

// G13
TEST(RetryBudget, G13TwoStacksShareOnePool) {
  run_in_world(1, [](context& cx) -> task<void> {
    const retry_budget budget{quota_budget{.tokens = 10, .cost = 5, .timeout_cost = 5}};
    const auto one = stack{steady_retry(2, 1s).with_budget(budget)};
    const auto other = stack{steady_retry(2, 1s).with_budget(budget), circuit_breaker{}};
    scripted_operation op({fail_softly()});
    (void)co_await one.run(cx, std::ref(op));
    (void)co_await other.run(cx, std::ref(op));
    EXPECT_EQ(op.calls.size(), 4U);
    auto refused = co_await one.run(cx, std::ref(op));
    EXPECT_EQ(op.calls.size(), 5U);
    EXPECT_EQ(refused.error().suppressed_by(), retry_stop::budget);
  });
}

TEST(RetryBudget, AWindowAllowsItsMinimumAgainInTheNextWindow) {
  run_in_world(1, [](context& cx) -> task<void> {
    const retry_budget budget{window_budget{.ratio = 0.5, .min = 1, .window = 10s, .slices = 10}};
    const auto s = stack{steady_retry(9, 0ms).with_budget(budget)};
    scripted_operation op({fail_softly()});
    (void)co_await s.run(cx, std::ref(op));  // half a token of its own, and the minimum
    EXPECT_EQ(op.calls.size(), 2U);
    (void)co_await s.run(cx, std::ref(op));  // two halves are one
    EXPECT_EQ(op.calls.size(), 4U);
    (void)co_await sleep_for(cx, 10s);
    (void)co_await s.run(cx, std::ref(op));
    EXPECT_EQ(op.calls.size(), 6U);
  });
}

TEST(RetryBudget, EveryWayOutGivesBack) {
  run_in_world(1, [](context& cx) -> task<void> {
    const retry_budget budget{in_flight_budget{.ratio = 0, .min = 1}};
    const auto s = stack{steady_retry(2, 1s).with_budget(budget)};
    const auto clean = [&] {
      const auto m = budget.metrics(cx.now());
      return m.in_use == 0 && m.in_flight == 0;
    };
    scripted_operation good({succeed()});
    (void)co_await s.run(cx, std::ref(good));
    EXPECT_TRUE(clean());
    scripted_operation recovers({fail_softly(), succeed()});
    auto answer = co_await s.run(cx, std::ref(recovers));
    EXPECT_TRUE(answer && clean());
    scripted_operation bad({fail_softly()});
    (void)co_await s.run(cx, std::ref(bad));
    EXPECT_TRUE(clean());
    auto brief = cx.with_timeout(500ms);  // the wait would pass the deadline
    auto late = co_await s.run(brief, std::ref(bad));
    EXPECT_EQ(late.error().suppressed_by(), retry_stop::deadline);
    EXPECT_TRUE(clean());
    scripted_operation hangs({fail_softly(), hang()});
    auto longer = cx.with_timeout(1500ms);
    (void)co_await s.run(longer, std::ref(hangs));
    EXPECT_TRUE(clean());
    auto throwing = stack{steady_retry(2, 1s).with_budget(budget).on_retry(
        [](const retry_event&) { throw std::runtime_error("hook"); })};
    bool thrown = false;
    try {
      (void)co_await throwing.run(cx, std::ref(bad));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown && clean());
    auto explodes = [n = 0](context&) mutable -> result<int> {
      if (n++ == 0) {
        return fail(errors::unavailable{{}, {}, std::nullopt});
      }
      throw std::runtime_error("operation");
    };
    thrown = false;
    try {
      (void)co_await s.run(cx, std::ref(explodes));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown && clean());
  });
}

TEST(RetryBudget, ACancelledWaitGivesBackWhatItReserved) {
  sim::world w(1);
  const retry_budget budget{window_budget{.ratio = 0, .min = 1}};
  const auto s = stack{steady_retry(3, 1s).with_budget(budget)};
  scripted_operation op({fail_softly()});
  std::optional<cancel_scope> scope;
  w.spawn("call", [&](context& cx) -> task<void> {
    scope.emplace(cx);
    (void)co_await s.run(*scope, std::ref(op));
  });
  w.advance(500ms);
  EXPECT_EQ(budget.metrics(w.root().now()).spent, 1U);
  scope->cancel();
  w.run_ready();
  EXPECT_EQ(budget.metrics(w.root().now()).spent, 0U);
  EXPECT_EQ(budget.metrics(w.root().now()).in_use, 0U);
  expect_quiet(w);
}

TEST(RetryBudget, ACallThatIsDestroyedWhereItWaitsGivesBack) {
  for (const auto& script : {std::vector<act>{fail_softly()}, {fail_softly(), hang()}}) {
    const retry_budget budget{in_flight_budget{.ratio = 0, .min = 1}};
    scripted_operation op(script);
    {
      const auto wait = script.size() == 1 ? duration(1h) : duration(0);
      const auto s = stack{total_timeout{2h}, steady_retry(2, wait).with_budget(budget)};
      auto ignored = [&](context& cx) -> task<void> { (void)co_await s.run(cx, std::ref(op)); };
      boost::asio::io_context loop(1);
      cancel_scope root(environment::of(loop.get_executor()));
      boost::asio::co_spawn(loop, ignored(root), boost::asio::detached);
      loop.poll();
      EXPECT_EQ(op.calls.size(), script.size());
      EXPECT_EQ(budget.metrics(start).in_use, 1U);
      EXPECT_EQ(budget.metrics(start).in_flight, 1U);
    }
    EXPECT_EQ(budget.metrics(start).in_use, 0U);
    EXPECT_EQ(budget.metrics(start).in_flight, 0U);
  }
}

TEST(RetryBudget, WhatIsSentAgainUncountedCostsNothing) {
  run_in_world(1, [](context& cx) -> task<void> {
    const retry_budget budget{quota_budget{.tokens = 5, .cost = 5, .timeout_cost = 5}};
    scripted_operation op({never_left(), fail_softly(), fail_softly()});
    auto answer = co_await stack{steady_retry(9, 1s).with_budget(budget)}.run(cx, std::ref(op));
    EXPECT_EQ(op.calls.size(), 3U);
    EXPECT_EQ(answer.error().attempts(), 2U);
  });
}

TEST(RetryBudget, RejectionsInsideCostNothing) {
  run_in_world(1, [](context& cx) -> task<void> {
    const retry_budget budget{token_budget{}};
    circuit_breaker breaker;
    breaker.open_until(cx.now() + 1h, cx.now());
    const auto s = stack{
        retry{{.max_attempts = 9,
               .backoff = {.kind = backoff_kind::constant, .delay = 1ms, .jitter = jitter::none},
               .retry_rejections = true}}
            .with_budget(budget),
        breaker};
    scripted_operation op({succeed()});
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.error().attempts(), 9U);
    EXPECT_EQ(budget.metrics(cx.now()).tokens, 10);
  });
}

TEST(RetryBudget, ARefusalDrawsNothing) {
  run_in_world(1, [](context& cx) -> task<void> {
    random_source untouched = cx.env().random();
    scripted_operation op({fail_softly()});
    auto alone = stack{retry{{.max_attempts = 2}}.with_budget(
        retry_budget{in_flight_budget{.ratio = 0.5, .min = 0}})};
    auto answer = co_await alone.run(cx, std::ref(op));
    EXPECT_EQ(answer.error().suppressed_by(), retry_stop::budget);
    EXPECT_EQ(untouched(), cx.env().random()());
  });
}

// Pushback (A6).
TEST(RetryPushback, TellsExactlyHowLongAndThenTheBackoffBeginsAnew) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    error pushed = errors::unavailable{"users", "busy", 9s};
    pushed.with_pushback(50ms);
    scripted_operation op({fail_softly(), fail_softly(), fail_with(pushed), fail_softly()});
    const auto s = stack{retry{
        {.max_attempts = 5, .backoff = {.delay = 1s, .multiplier = 2, .jitter = jitter::none}}}};
    (void)co_await s.run(cx, std::ref(op));
    std::vector<duration> at;
    for (const auto& call : op.calls) {
      at.push_back(call.at);
    }
    EXPECT_EQ(at, (std::vector<duration>{0s, 1s, 3s, 3050ms, 4050ms}));
    EXPECT_EQ(cx.now() - begin, 4050ms);
  });
}

TEST(RetryPushback, ANegativeOneEndsItAndCountsAsAFailure) {
  run_in_world(1, [](context& cx) -> task<void> {
    const retry_budget budget{token_budget{}};
    const auto s = stack{steady_retry(5, 1s).with_budget(budget)};
    error pushed = errors::unavailable{"users", "busy", std::nullopt};
    pushed.with_pushback(-1ms);
    scripted_operation op({fail_with(pushed)});
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(op.calls.size(), 1U);
    EXPECT_EQ(answer.error().suppressed_by(), retry_stop::retry_after);
    EXPECT_EQ(budget.metrics(cx.now()).tokens, 9);
    error fatal = errors::protocol_error{"users", "refused"};
    fatal.with_pushback(-1ms);
    scripted_operation other({fail_with(fatal)});
    (void)co_await s.run(cx, std::ref(other));
    EXPECT_EQ(budget.metrics(cx.now()).tokens, 8);
  });
}

TEST(RetryPushback, IsNotWaitedForPastTheDeadline) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    auto brief = cx.with_timeout(1s);
    error pushed = errors::unavailable{"users", "busy", std::nullopt};
    pushed.with_pushback(duration::max());
    scripted_operation op({fail_with(pushed)});
    auto answer = co_await stack{steady_retry(5, 1ms)}.run(brief, std::ref(op));
    EXPECT_EQ(answer.error().suppressed_by(), retry_stop::deadline);
    EXPECT_EQ(cx.now(), begin);
  });
}

}  // namespace
}  // namespace fairlead::policy
