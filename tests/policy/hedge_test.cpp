// SPDX-License-Identifier: BSL-1.0
// Hedged calls in virtual time: when attempts start, who wins, what becomes of the others.
#include "policy/scripted_operation.hpp"

#include <fairlead/core/when_all.hpp>
#include <fairlead/policy/any_stack.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using testing::act;

// What one hedged call did.
struct played {
  std::vector<int> starts;     // of the attempts, in ms
  std::vector<int> cancelled;  // attempts that were told to stop, from 0
  int ended = 0;               // ms
  std::string how;             // "value 3", or the kind of the error
};

struct scenario {
  policy::hedge_options options;
  std::vector<act> script;
  duration deadline = duration::max();
  bool idempotent = true;
};

// An operation whose n-th run does the n-th act; what it does is written into a shared place, since
// runs may outlive the call.
struct acting {
  std::shared_ptr<std::vector<act>> script;
  std::shared_ptr<played> log;
  time_point begin;

  task<result<int>> operator()(context& cx) const {
    const auto n = log->starts.size();
    log->starts.push_back(static_cast<int>((cx.now() - begin) / 1ms));
    return perform(cx, (*script)[std::min(n, script->size() - 1)], static_cast<int>(n), log);
  }
  static task<result<int>> perform(context& cx, act todo, int n, std::shared_ptr<played> log) {
    if (todo.hangs || todo.after > duration::zero()) {
      cancel_scope own(cx.env());
      context& under = todo.ignores_context ? static_cast<context&>(own) : cx;
      auto slept = co_await sleep_for(under, todo.hangs ? 1h : todo.after);
      if (!slept) {
        if (slept.error().kind() == error_kind::cancelled) {
          log->cancelled.push_back(n);
        }
        co_return tl::unexpected<error>(slept.error());
      }
    }
    if (todo.fails) {
      co_return tl::unexpected<error>(*todo.fails);
    }
    co_return todo.value;
  }
};

played play(const scenario& s) {
  sim::world_options in_order;
  in_order.order = sim::ordering::arrival;
  sim::world world(in_order);
  auto log = std::make_shared<played>();
  const policy::stack hedged{policy::hedge(s.options)};
  const auto begin = world.now();
  world.run([&](context& cx) -> task<void> {
    context mine =
        cx.with_idempotency(s.idempotent ? idempotency::idempotent : idempotency::not_idempotent);
    if (s.deadline != duration::max()) {
      mine = mine.with_timeout(s.deadline);
    }
    auto script = std::make_shared<std::vector<act>>(s.script);
    const acting what{script, log, begin};
    const auto op = policy::detachable(what);
    auto outcome = co_await hedged.run(mine, op);
    log->ended = static_cast<int>((cx.now() - begin) / 1ms);
    log->how = outcome ? "value " + std::to_string(*outcome)
                       : std::string(to_string(outcome.error().kind()));
  });
  world.run_until_idle();
  EXPECT_TRUE(world.leftovers().empty());
  std::sort(log->cancelled.begin(), log->cancelled.end());
  return *log;
}

act S(duration after, int value) {
  return testing::succeed(value, after);
}
act F(duration after) {
  return testing::fail_softly(after);
}

using ints = std::vector<int>;

TEST(Hedge, AFastAnswerNeedsNoOther) {  // H01
  const auto p = play({{.delay = 100ms}, {S(50ms, 1)}});
  EXPECT_EQ(p.starts, (ints{0}));
  EXPECT_EQ(p.ended, 50);
  EXPECT_EQ(p.how, "value 1");
}

TEST(Hedge, ASlowAttemptGetsCompany) {
  const auto p = play({{.delay = 100ms}, {S(300ms, 1), S(50ms, 2)}});
  EXPECT_EQ(p.starts, (ints{0, 100}));
  EXPECT_EQ(p.ended, 150);
  EXPECT_EQ(p.how, "value 2");
  EXPECT_EQ(p.cancelled, (ints{0}));
}

TEST(Hedge, AFailureStartsTheNextAtOnce) {  // H03
  const auto p = play({{.delay = 100ms}, {F(30ms), S(50ms, 2)}});
  EXPECT_EQ(p.starts, (ints{0, 30}));
  EXPECT_EQ(p.ended, 80);
}

TEST(Hedge, NoDelayStartsAllAtOnce) {  // H05
  const auto p = play({{.delay = 0ms, .max_hedges = 2}, {S(50ms, 1), S(40ms, 2), S(30ms, 3)}});
  EXPECT_EQ(p.starts, (ints{0, 0, 0}));
  EXPECT_EQ(p.ended, 30);
  EXPECT_EQ(p.how, "value 3");
  EXPECT_EQ(p.cancelled, (ints{0, 1}));
}

TEST(Hedge, TheFirstOfFourWins) {  // H11
  const auto p = play(
      {{.delay = 100ms, .max_hedges = 3}, {S(350ms, 1), S(300ms, 2), S(300ms, 3), S(300ms, 4)}});
  EXPECT_EQ(p.starts, (ints{0, 100, 200, 300}));
  EXPECT_EQ(p.ended, 350);
  EXPECT_EQ(p.how, "value 1");
  EXPECT_EQ(p.cancelled, (ints{1, 2, 3}));
}

TEST(Hedge, WhatMayNotHappenTwiceIsNotHedged) {  // H13
  const auto p = play({{.delay = 100ms}, {S(300ms, 1)}, duration::max(), false});
  EXPECT_EQ(p.starts, (ints{0}));
  EXPECT_EQ(p.ended, 300);
}

TEST(Hedge, OfTwoAtTheSameInstantTheFirstWins) {  // H17
  const auto p = play({{.delay = 100ms}, {S(200ms, 1), S(100ms, 2)}});
  EXPECT_EQ(p.ended, 200);
  EXPECT_EQ(p.how, "value 1");
}

TEST(Hedge, WithoutADelayTheNextWaitsForAFailure) {  // H19
  const auto p = play({{.delay = duration::max()}, {F(300ms), S(10ms, 2)}});
  EXPECT_EQ(p.starts, (ints{0, 300}));
  EXPECT_EQ(p.how, "value 2");
}

TEST(Hedge, TheLastFailureIsTheOutcomeWhenAllFail) {
  const auto p = play({{.delay = 100ms}, {F(150ms), F(100ms)}});
  EXPECT_EQ(p.starts, (ints{0, 100}));
  EXPECT_EQ(p.ended, 200);
  EXPECT_EQ(p.how, "unavailable");
}

TEST(Hedge, ALoserThatDoesNotStopIsWaitedFor) {
  const auto p = play({{.delay = 100ms}, {testing::stubborn(1, 500ms), S(50ms, 2)}});
  EXPECT_EQ(p.ended, 500);
  EXPECT_EQ(p.how, "value 2");
}

TEST(Hedge, OrIsLeftBehindAfterItsGrace) {
  const auto p =
      play({{.delay = 100ms, .loser_grace = 20ms}, {testing::stubborn(1, 500ms), S(50ms, 2)}});
  EXPECT_EQ(p.ended, 170);
  EXPECT_EQ(p.how, "value 2");
}

TEST(Hedge, TheDeadlineEndsAllAttempts) {
  const auto p = play({{.delay = 100ms}, {testing::hang(), S(1h, 1)}, 250ms});
  EXPECT_EQ(p.starts, (ints{0, 100}));
  EXPECT_EQ(p.ended, 250);
  EXPECT_EQ(p.how, "deadline");
}

// What the one attempt gives in spite of the cancellation is the outcome; none is started that
// could only end in "cancelled".
TEST(Hedge, AfterACancellationNoAttemptStarts) {
  for (const bool fails : {false, true}) {
    sim::world world(1);
    testing::event_log log(world.now());
    const policy::retry_budget budget{policy::in_flight_budget{.ratio = 0, .min = 1}};
    const policy::stack hedged =
        policy::stack{policy::hedge{{.delay = 100ms}}.with_budget(budget)}.observed_by(log, "s");
    std::optional<result<int>> got;
    int runs = 0;
    world.run([&](context& cx) -> task<void> {
      cancel_scope scope(cx);
      const auto call = [&](context&) -> task<result<int>> {
        const auto op = [&](context& c) -> task<result<int>> {
          ++runs;
          testing::scripted_operation slow(
              {fails ? testing::fail_softly(500ms) : testing::stubborn(7, 500ms)});
          cancel_scope apart(c.env());
          auto outcome = co_await slow(apart);
          co_return outcome;
        };
        auto outcome = co_await hedged.run(scope, policy::idempotent(op));
        got = outcome;
        co_return outcome;
      };
      const auto cancel = [&](context& c) -> task<result<int>> {
        (void)co_await sleep_for(c, 50ms);
        scope.cancel();
        co_return 1;
      };
      (void)co_await when_all_settled(cx, call, cancel);
    });
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(log.lines, testing::lines{});
    ASSERT_TRUE(got);
    if (fails) {
      EXPECT_EQ(got->error().kind(), error_kind::cancelled);
      EXPECT_EQ(got->error().cause()->kind(), error_kind::unavailable);
    } else {
      EXPECT_EQ(got->value_or(-1), 7) << got->error().message();
    }
  }
}

// What completes at once passes a limit of zero, with a hedge inside as without.
TEST(Hedge, ALimitOfZeroLetsThroughWhatCompletesAtOnce) {
  sim::world world(1);
  world.run([](context& cx) -> task<void> {
    const policy::stack bare{policy::total_timeout{0ms}};
    const policy::stack hedged{policy::total_timeout{0ms}, policy::hedge{{.delay = 100ms}}};
    const policy::any_stack any{hedged};
    const auto at_once = policy::idempotent([](context&) -> result<int> { return 1; });
    auto plain = co_await bare.run(cx, at_once);
    auto inside = co_await hedged.run(cx, at_once);
    auto erased = co_await any.run(cx, at_once);
    EXPECT_EQ(plain.value_or(-1), 1);
    EXPECT_EQ(inside.value_or(-1), 1);
    EXPECT_EQ(erased.value_or(-1), 1);
    const auto waits = policy::idempotent([](context& c) -> task<result<int>> {
      auto slept = co_await sleep_for(c, 1ms);
      if (!slept) {
        co_return tl::unexpected<error>(slept.error());
      }
      co_return 1;
    });
    auto late = co_await hedged.run(cx, waits);
    EXPECT_FALSE(late);
  });
}

TEST(Hedge, EventsCarryTheTimeAtWhichTheyHappen) {
  sim::world world(1);
  testing::event_log log(world.now());
  const policy::stack hedged = policy::stack{policy::hedge{{.delay = 100ms}}}.observed_by(log, "s");
  world.run([&](context& cx) -> task<void> {
    testing::scripted_operation op({testing::hang(), testing::succeed(1, 50ms)});
    const auto call = policy::idempotent([&](context& c) { return op(c); });
    (void)co_await hedged.run(cx, call);
  });
  EXPECT_EQ(log.lines, (testing::lines{"100 hedge hedge 2", "150 hedge hedge_cancelled 1"}));
}

TEST(Hedge, ABudgetSharedWithTheRetryCountsTheCallOnce) {
  sim::world world(1);
  const policy::retry_budget budget{policy::in_flight_budget{.ratio = 0.2, .min = 1}};
  const policy::stack both{policy::retry{}.with_budget(budget),
                           policy::hedge{{.delay = 100ms}}.with_budget(budget)};
  world.run([&](context& cx) -> task<void> {
    context mine = cx.with_idempotency(idempotency::idempotent);
    std::uint64_t seen = 0;
    const auto op = [&](context& c) -> task<result<int>> {
      auto slept = co_await sleep_for(c, 10ms);
      seen = budget.metrics(c.now()).in_flight;
      if (!slept) {
        co_return tl::unexpected<error>(slept.error());
      }
      co_return 1;
    };
    (void)co_await both.run(mine, op);
    EXPECT_EQ(seen, 1u);
    EXPECT_EQ(budget.metrics(cx.now()).in_flight, 0u);
  });
}

// The tokens that are left of ten after one call, whose attempts last 10 ms and fail or not; 'h'
// hangs.
double tokens_after(const std::string& attempts) {
  sim::world world(1);
  const policy::retry_budget budget{policy::token_budget{.tokens = 10, .ratio = 0.2}};
  const policy::stack both{
      policy::retry{{.max_attempts = 2, .backoff = {.delay = 10ms}}}.with_budget(budget),
      policy::hedge{{.delay = 100ms}}.with_budget(budget)};
  world.run([&](context& cx) -> task<void> {
    context mine = cx.with_idempotency(idempotency::idempotent);
    std::size_t runs = 0;
    const auto op = [&](context& c) -> task<result<int>> {
      const char what = attempts.at(runs++);
      auto slept = co_await sleep_for(c, what == 'h' ? 1h : 10ms);
      if (!slept) {
        co_return tl::unexpected<error>(slept.error());
      }
      if (what == 'F') {
        co_return fail(errors::unavailable{"op", "down", std::nullopt});
      }
      co_return 1;
    };
    (void)co_await both.run(mine, op);
    EXPECT_EQ(runs, attempts.size());
  });
  return budget.metrics(world.now()).tokens;
}

TEST(Hedge, EachAttemptCountsOnceInABudgetSharedWithTheRetry) {
  EXPECT_DOUBLE_EQ(tokens_after("S"), 10);
  EXPECT_DOUBLE_EQ(tokens_after("FS"), 9.2) << "the hedge after a failure";
  EXPECT_DOUBLE_EQ(tokens_after("FFS"), 8.2) << "the retry";
  EXPECT_DOUBLE_EQ(tokens_after("FFFS"), 7.2) << "the hedge of the retry";
  EXPECT_DOUBLE_EQ(tokens_after("FFFF"), 6);
  EXPECT_DOUBLE_EQ(tokens_after("hS"), 10) << "a loser that was told to stop";
}

TEST(Hedge, AnEmptyBudgetMakesNoFurtherAttempt) {  // H09
  sim::world world(1);
  const policy::retry_budget one{policy::in_flight_budget{.ratio = 0.1, .min = 1}};
  const policy::stack hedged{policy::hedge{{.delay = 100ms}}.with_budget(one)};
  world.run([&](context& cx) -> task<void> {
    const auto taken = one.reserve(cx.now(), policy::extra_attempt::hedge);
    EXPECT_TRUE(taken);
    context mine = cx.with_idempotency(idempotency::idempotent);
    int runs = 0;
    const auto op = [&](context& c) -> task<result<int>> {
      ++runs;
      auto slept = co_await sleep_for(c, 300ms);
      if (!slept) {
        co_return tl::unexpected<error>(slept.error());
      }
      co_return runs;
    };
    const auto begin = cx.now();
    auto got = co_await hedged.run(mine, op);
    EXPECT_EQ(got.value_or(-1), 1);
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(cx.now() - begin, 300ms);
  });
}

}  // namespace
}  // namespace fairlead
