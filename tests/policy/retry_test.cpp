// SPDX-License-Identifier: BSL-1.0
// Vectors R01 to R27 of the acceptance list, through a stack in virtual time.
#include "policy/scripted_operation.hpp"

#include "support/real_loop.hpp"
#include "support/sim_test.hpp"

#include <fairlead/policy/policy.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

std::vector<duration> starts(const scripted_operation& op) {
  std::vector<duration> out;
  for (const auto& c : op.calls) {
    out.push_back(c.at);
  }
  return out;
}
using times = std::vector<duration>;

TEST(Retry, R01RepeatsUntilItSucceeds) {
  run_in_world(1, [](context& cx) -> task<void> {
    std::vector<std::pair<std::uint32_t, duration>> hooks;
    auto patient = steady_retry(3, 1s).on_retry(
        [&](const retry_event& e) { hooks.emplace_back(e.attempt, e.delay); });
    scripted_operation op({fail_softly(), fail_softly(), succeed(1)});
    auto answer = co_await stack{patient}.run(cx, std::ref(op));
    EXPECT_TRUE(answer);
    EXPECT_EQ(starts(op), (times{0s, 1s, 2s}));
    EXPECT_EQ(op.calls[2].attempt, 3U);
    EXPECT_EQ(hooks, (std::vector<std::pair<std::uint32_t, duration>>{{1, 1s}, {2, 1s}}));
  });
}

TEST(Retry, R02ReturnsTheLastFailureAnnotated) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    scripted_operation op(
        {fail_softly(), fail_softly(), fail_with(errors::connection_refused{"http://users"})});
    auto answer = co_await stack{steady_retry(3, 1s)}.run(cx, std::ref(op));
    EXPECT_EQ(answer.error().kind(), error_kind::connection_refused);
    EXPECT_EQ(answer.error().attempts(), 3U);
    EXPECT_EQ(answer.error().suppressed_by(), retry_stop::attempts);
    EXPECT_EQ(cx.now() - begin, 2s);  // no wait after the last attempt
  });
}

TEST(Retry, R03DoesNotRepeatWhatWillNotPass) {
  run_in_world(1, [](context& cx) -> task<void> {
    int hooks = 0;
    scripted_operation op({fail_for_good()});
    auto s = stack{steady_retry(3, 1s).on_retry([&](const retry_event&) { ++hooks; })};
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(op.calls.size(), 1U);
    EXPECT_EQ(answer.error().suppressed_by(), retry_stop::not_retryable);
    EXPECT_EQ(hooks, 0);
  });
}

TEST(Retry, RepeatsTheStatusesThatPass) {
  for (const unsigned status : {400U, 404U, 408U, 425U, 429U, 500U, 501U, 502U, 503U, 504U}) {
    run_in_world(1, [status](context& cx) -> task<void> {
      scripted_operation op(
          {fail_with(errors::http_error{"http://users", status, {}, {}, std::nullopt})});
      auto once = co_await stack{steady_retry(2, 1ms)}.run(cx, policy::idempotent(std::ref(op)));
      const bool transient =
          status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501);
      EXPECT_EQ(op.calls.size(), transient ? 2U : 1U) << status;
      EXPECT_EQ(once.error().status(), status);
    });
  }
}

TEST(Retry, R11ReturnsTheLastFailureWhenTheDeadlineWouldPass) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    auto bounded = cx.with_timeout(2500ms);
    scripted_operation op({fail_softly()});
    auto answer = co_await stack{steady_retry(100, 1s)}.run(bounded, std::ref(op));
    EXPECT_EQ(starts(op), (times{0s, 1s, 2s}));
    EXPECT_EQ(cx.now() - begin, 2s);
    EXPECT_EQ(answer.error().kind(), error_kind::unavailable);
    EXPECT_EQ(answer.error().suppressed_by(), retry_stop::deadline);
    EXPECT_EQ(answer.error().attempts(), 3U);
  });
}

TEST(Retry, R13NeverComesBackEarlierThanAsked) {
  run_in_world(1, [](context& cx) -> task<void> {
    scripted_operation op({fail_with(errors::unavailable{"users", "busy", 5s}), succeed()});
    auto answer = co_await stack{retry{{.max_attempts = 2}}}.run(cx, std::ref(op));
    EXPECT_TRUE(answer);
    EXPECT_EQ(starts(op), (times{0s, 5s}));
  });
}

TEST(Retry, FailsAtOnceWhenThePeerAsksForMoreThanIsLeft) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    auto bounded = cx.with_timeout(2s);
    scripted_operation op({fail_with(errors::unavailable{"users", "busy", 5s})});
    auto answer = co_await stack{retry{}}.run(bounded, std::ref(op));
    EXPECT_EQ(cx.now(), begin);
    EXPECT_EQ(answer.error().retry_after(), 5s);
    EXPECT_EQ(answer.error().suppressed_by(), retry_stop::deadline);
  });
}

TEST(Retry, R17ACancelInAWaitEndsItAtOnce) {
  sim::world w(1);
  std::optional<result<int>> answer;
  std::optional<cancel_scope> scope;
  error seen = errors::unavailable{"users", "busy", std::nullopt};
  seen.with_sent(error_sent::answered);
  scripted_operation op({fail_with(seen)});
  const auto s = stack{steady_retry(3, 1s)};
  duration ended{};
  w.spawn("call", [&](context& cx) -> task<void> {
    scope.emplace(cx);
    auto outcome = co_await s.run(*scope, std::ref(op));
    answer.emplace(std::move(outcome));
    ended = w.elapsed();
  });
  w.advance(500ms);
  scope->cancel();
  w.run_ready();
  ASSERT_TRUE(answer);
  EXPECT_EQ(ended, 500ms);
  EXPECT_EQ(answer->error().kind(), error_kind::cancelled);
  EXPECT_EQ(answer->error().cause()->kind(), error_kind::unavailable);
  EXPECT_EQ(answer->error().sent(), error_sent::answered);
  EXPECT_EQ(answer->error().attempts(), 1U);
  EXPECT_EQ(op.calls.size(), 1U);
  expect_quiet(w);
}

TEST(Retry, R19ACancelledAttemptIsNotRepeated) {
  run_in_world(1, [](context& cx) -> task<void> {
    event_log log;
    scripted_operation op({fail_with(errors::cancelled{}), succeed()});
    auto s = stack{steady_retry(3, 1s)}.observed_by(log, "s");
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.error().kind(), error_kind::cancelled);
    EXPECT_EQ(op.calls.size(), 1U);
    EXPECT_TRUE(log.lines.empty());
  });
}

TEST(Retry, R21WhatWasNotSentMayAlwaysBeRepeated) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto strict = cx.with_idempotency(idempotency::not_idempotent);
    scripted_operation op({fail_with(errors::connection_refused{"http://users"}), succeed()});
    auto answer = co_await stack{steady_retry(3, 1s)}.run(strict, std::ref(op));
    EXPECT_TRUE(answer);
    EXPECT_EQ(op.calls.size(), 2U);
  });
}

// Who may say that what the peer may have seen can be repeated, and who wins.
TEST(Retry, R22WhatMayHaveBeenSeenIsRepeatedOnlyWhenIdempotent) {
  error lost = errors::connection_reset{"http://users"};
  lost.with_sent(error_sent::unknown);
  error lost_get = lost;
  lost_get.mark_repeatable();
  run_in_world(1, [&](context& cx) -> task<void> {
    const auto s = stack{steady_retry(2, 1ms)};
    const auto calls_of = [&](context& with, const error& e) -> task<std::size_t> {
      scripted_operation op({fail_with(e)});
      (void)co_await s.run(with, std::ref(op));
      co_return op.calls.size();
    };
    auto yes = cx.with_idempotency(idempotency::idempotent);
    auto no = cx.with_idempotency(idempotency::not_idempotent);
    const auto unsaid = co_await calls_of(cx, lost);
    EXPECT_EQ(unsaid, 1U);
    const auto by_error = co_await calls_of(cx, lost_get);
    EXPECT_EQ(by_error, 2U);
    const auto by_context = co_await calls_of(yes, lost);
    EXPECT_EQ(by_context, 2U);
    const auto forbidden = co_await calls_of(no, lost_get);
    EXPECT_EQ(forbidden, 1U);
    scripted_operation declared({fail_with(lost)});
    auto answer = co_await s.run(cx, policy::idempotent(std::ref(declared)));
    EXPECT_EQ(declared.calls.size(), 2U);
    EXPECT_EQ(answer.error().suppressed_by(), retry_stop::attempts);
    scripted_operation undeclared({fail_with(lost)});
    auto stopped = co_await s.run(cx, std::ref(undeclared));
    EXPECT_EQ(stopped.error().suppressed_by(), retry_stop::not_idempotent);
  });
}

TEST(Retry, AnAnswerThatSaysNothingWasDoneMayBeRepeated) {
  const auto calls_at = [](unsigned status) {
    std::size_t calls = 0;
    run_in_world(1, [&](context& cx) -> task<void> {
      auto strict = cx.with_idempotency(idempotency::not_idempotent);
      scripted_operation op(
          {fail_with(errors::http_error{"http://users", status, {}, {}, std::nullopt})});
      (void)co_await stack{steady_retry(2, 1ms)}.run(strict, std::ref(op));
      calls = op.calls.size();
    });
    return calls;
  };
  EXPECT_EQ(calls_at(503), 2U);
  EXPECT_EQ(calls_at(429), 2U);
  EXPECT_EQ(calls_at(500), 1U);
  EXPECT_EQ(calls_at(504), 1U);
}

TEST(Retry, R23AMillionFailuresWithoutWaitStarveNobody) {
  constexpr int failures = 1'000'000;
  int done = 0;
  int turns_of_others = 0;
  std::size_t most_timers = 0;
  auto op = [&](context& inner) -> result<int> {
    most_timers = std::max(most_timers, inner.env().timers().size());
    if (++done < failures) {
      return fail(errors::unavailable{{}, {}, std::nullopt});
    }
    return 1;
  };
  const auto s = stack{steady_retry(unlimited, 0ms)};
  std::optional<result<int>> answer;
  auto call = [&](context& cx) -> task<void> {
    auto outcome = co_await s.run(cx, std::ref(op));
    answer.emplace(std::move(outcome));
  };
  auto other = [&](context& cx) -> task<void> {
    for (; turns_of_others < failures / 2; ++turns_of_others) {
      EXPECT_LE(std::abs(done - turns_of_others), 2);
      (void)co_await yield(cx);
    }
  };
  testing::real_loop loop;
  loop.spawn(call);
  loop.spawn(other);
  loop.run();
  ASSERT_TRUE(answer && answer->has_value());
  EXPECT_EQ(done, failures);
  EXPECT_EQ(most_timers, 0U);
}

TEST(Retry, R25WhatNeverLeftIsNotAnAttempt) {
  run_in_world(1, [](context& cx) -> task<void> {
    scripted_operation op({never_left(), fail_softly()});
    auto answer = co_await stack{steady_retry(3, 1s)}.run(cx, std::ref(op));
    EXPECT_EQ(starts(op), (times{0s, 0s, 1s, 2s}));
    EXPECT_EQ(answer.error().attempts(), 3U);
  });
}

TEST(Retry, R27WhatAHookThrowsLeavesThroughTheStack) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker;
    auto s = stack{
        steady_retry(3, 1s).on_retry([](const retry_event&) { throw std::runtime_error("hook"); }),
        breaker};
    scripted_operation op({fail_softly()});
    bool thrown = false;
    try {
      (void)co_await s.run(cx, std::ref(op));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(op.calls.size(), 1U);
  });
}

TEST(Retry, ADelayFunctionTakesThePlaceOfTheBackoff) {
  run_in_world(1, [](context& cx) -> task<void> {
    scripted_operation op({fail_softly()});
    auto s =
        stack{steady_retry(4, 1s).delay_for([](const retry_event& e) -> std::optional<duration> {
          EXPECT_EQ(e.failure->kind(), error_kind::unavailable);
          if (e.attempt == 2) {
            return std::nullopt;
          }
          return e.attempt * 10ms;
        })};
    (void)co_await s.run(cx, std::ref(op));
    EXPECT_EQ(starts(op), (times{0ms, 10ms, 1010ms, 1040ms}));
  });
}

TEST(Retry, DrawsOnlyForWaits) {
  run_in_world(1, [](context& cx) -> task<void> {
    random_source expected = cx.env().random();
    scripted_operation op({fail_softly()});
    (void)co_await stack{retry{{.max_attempts = 3}}}.run(cx, std::ref(op));
    (void)expected();
    (void)expected();
    EXPECT_EQ(expected(), cx.env().random()());
  });
}

TEST(Retry, DestroysADiscardedValueBeforeItWaits) {
  run_in_world(1, [](context& cx) -> task<void> {
    std::weak_ptr<int> old;
    bool gone = false;
    int calls = 0;
    auto op = [&](context&) -> task<result<std::shared_ptr<int>>> {
      gone = old.expired();
      auto value = std::make_shared<int>(++calls);
      old = value;
      co_return value;
    };
    auto twice = classify{
        [](const std::shared_ptr<int>& v) { return *v < 2 ? verdict::failure : verdict::success; }};
    auto answer = co_await stack{steady_retry(3, 1s), twice}.run(cx, std::ref(op));
    EXPECT_EQ(**answer, 2);
    EXPECT_TRUE(gone);
  });
}

TEST(Retry, TheOutermostCountsTheAttempts) {
  run_in_world(1, [](context& cx) -> task<void> {
    scripted_operation op({fail_softly()});
    auto s = stack{steady_retry(2, 1s), steady_retry(3, 10ms)};
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(op.calls.size(), 6U);
    EXPECT_EQ(answer.error().attempts(), 2U);
    EXPECT_EQ(op.calls[4].attempt, 2U);
  });
}

TEST(Retry, RefusesBadOptions) {
  try {
    (void)retry({.max_attempts = 0, .backoff = {.delay = -1s}}, "users");
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "retry 'users': backoff.delay is negative; max_attempts is 0; it counts the first "
                 "attempt too");
  }
  const auto made = retry::make({.max_attempts = 0});
  EXPECT_EQ(made.error().kind(), error_kind::invalid_argument);
  EXPECT_TRUE(retry::make({}).has_value());
}

}  // namespace
}  // namespace fairlead::policy
