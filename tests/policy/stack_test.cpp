// SPDX-License-Identifier: BSL-1.0
// What stacks do as a whole.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/observe/recorder.hpp>
#include <fairlead/policy/policy.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

TEST(Stack, PassesAValueThroughAllLayers) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker{{.failure_rate = 0.5, .window = 10s}};
    auto resilient = stack{fallback{[](const error&) { return -1; }}, total_timeout{3s},
                           retry{{.max_attempts = 3}}, breaker, attempt_timeout{800ms}};
    scripted_operation op({succeed(42, 10ms)});
    auto answer = co_await resilient.run(cx, std::ref(op));
    EXPECT_EQ(answer.value(), 42);
    EXPECT_EQ(op.calls.size(), 1U);
    EXPECT_EQ(op.calls[0].remaining, 800ms);
    EXPECT_EQ(breaker.metrics(cx.now()).recorded, 1U);
  });
}

TEST(Stack, TakesOperationsWithAndWithoutContext) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto s = stack{total_timeout{1s}};
    auto direct = [](context&) -> result<std::string> { return "direct"; };
    auto bare = []() -> result<int> { return 7; };
    auto awaited = []() -> task<result<void>> { co_return result<void>{}; };
    auto with_args = [](context&, int a, const std::string& b) -> result<std::string> {
      return b + std::to_string(a);
    };
    auto first = co_await s.run(cx, direct);
    EXPECT_EQ(first.value(), "direct");
    auto second = co_await s.run(cx, bare);
    EXPECT_EQ(second.value(), 7);
    auto third = co_await s.run(cx, awaited);
    EXPECT_TRUE(third.has_value());
    const std::string text = "n=";
    auto fourth = co_await s.run(cx, with_args, 5, text);
    EXPECT_EQ(fourth.value(), "n=5");
  });
}

TEST(Stack, TakesAOneShotOperationWhereNothingRepeatsIt) {
  struct once {
    std::unique_ptr<int> value;
    result<int> operator()() && { return *value; }
  };
  run_in_world(1, [](context& cx) -> task<void> {
    auto s = stack{total_timeout{1s}};
    once op{std::make_unique<int>(3)};
    auto answer = co_await s.run(cx, std::move(op));
    EXPECT_EQ(answer.value(), 3);
  });
}

TEST(Stack, MovesMoveOnlyValuesThrough) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto s = stack{retry{}, total_timeout{1s}};
    auto op = []() -> task<result<std::unique_ptr<int>>> { co_return std::make_unique<int>(9); };
    auto answer = co_await s.run(cx, op);
    EXPECT_EQ(**answer, 9);
  });
}

// X05
TEST(Stack, ABreakerInsideARetrySeesEachAttempt) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker{{.consecutive_failures = 10}};
    auto s = stack{steady_retry(3, 10ms), breaker};
    scripted_operation op({fail_softly()});
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_FALSE(answer);
    EXPECT_EQ(answer.error().attempts(), 3U);
    EXPECT_EQ(answer.error().suppressed_by(), retry_stop::attempts);
    EXPECT_EQ(breaker.metrics(cx.now()).recorded, 3U);
  });
}

// X03
TEST(Stack, RetriedRejectionsAreAttemptsButNotExecutions) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker{{.consecutive_failures = 1, .break_for = 1min}};
    auto s = stack{
        retry{{.max_attempts = 3,
               .backoff = {.kind = backoff_kind::constant, .delay = 10ms, .jitter = jitter::none},
               .retry_rejections = true}},
        breaker};
    scripted_operation op({fail_softly()});
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.error().kind(), error_kind::circuit_open);
    EXPECT_EQ(answer.error().attempts(), 3U);
    EXPECT_EQ(op.calls.size(), 1U);
  });
}

TEST(Stack, DoesNotRetryRejectionsByDefault) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker{{.name = "users", .consecutive_failures = 1, .break_for = 1min}};
    auto s = stack{steady_retry(3, 10ms), breaker};
    scripted_operation op({fail_softly()});
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.error().kind(), error_kind::circuit_open);
    EXPECT_EQ(answer.error().get<errors::circuit_open>()->policy, "users");
    EXPECT_EQ(answer.error().retry_after(), 1min - 10ms);
    EXPECT_EQ(answer.error().attempts(), 2U);
    EXPECT_EQ(op.calls.size(), 1U);
  });
}

// X07
TEST(Stack, AFallbackAnswersWhenAllAttemptsFailed) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto s = stack{fallback{[](const error& e) { return static_cast<int>(e.attempts()) * 100; }},
                   steady_retry(3, 10ms)};
    scripted_operation op({fail_softly()});
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.value(), 300);
    EXPECT_EQ(op.calls.size(), 3U);
  });
}

// X09
TEST(Stack, RefusesTheSameBreakerTwice) {
  circuit_breaker breaker{{.name = "users"}};
  const auto copy = breaker;
  try {
    (void)stack{breaker, retry{}, copy};
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_NE(std::string(e.what()).find("positions 1 and 3"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("'users'"), std::string::npos) << e.what();
  }
  EXPECT_THROW((void)(breaker | total_timeout{1s} | copy), std::invalid_argument);
}

// X13
TEST(Stack, MayBeDestroyedWhileItsCallsAreInFlight) {
  run_in_world(1, [](context& cx) -> task<void> {
    scripted_operation op({fail_softly(10ms), succeed(5, 10ms)});
    std::optional<task<result<int>>> call;
    {
      circuit_breaker breaker;
      auto s = stack{steady_retry(2, 10ms), breaker, attempt_timeout{1s}};
      auto copy = s;
      call.emplace(copy.run(cx, std::ref(op)));
    }
    auto pending = std::move(*call);
    auto answer = co_await std::move(pending);
    EXPECT_EQ(answer.value(), 5);
  });
}

TEST(Stack, ComposesWithBars) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker;
    auto barred = total_timeout{3s} | steady_retry(3, 1ms) | breaker | attempt_timeout{800ms};
    auto listed = stack{total_timeout{3s}, steady_retry(3, 1ms), breaker, attempt_timeout{800ms}};
    static_assert(std::same_as<decltype(barred), decltype(listed)>);
    auto nested = total_timeout{3s} | (steady_retry(3, 1ms) | (breaker | attempt_timeout{800ms}));
    static_assert(std::same_as<decltype(barred), decltype(nested)>);
    EXPECT_EQ(barred.describe(), listed.describe());
    scripted_operation op({fail_softly(), succeed(2)});
    auto answer = co_await barred.run(cx, std::ref(op));
    EXPECT_EQ(answer.value(), 2);
  });
}

TEST(Stack, WrapsAFunction) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto twice = [](context&, int x) -> task<result<int>> { co_return 2 * x; };
    auto safe = stack{total_timeout{1s}, retry{}}.wrap(twice);
    auto answer = co_await safe(cx, 21);
    EXPECT_EQ(answer.value(), 42);
  });
}

TEST(Stack, DescribesItselfInAParagraph) {
  circuit_breaker breaker{{.name = "payments", .failure_rate = 0.5, .break_for = 30s}};
  auto s = stack{fallback{[] { return 0; }}, total_timeout{3s}, retry{{.max_attempts = 3}}, breaker,
                 attempt_timeout{800ms}};
  EXPECT_EQ(s.describe(),
            "From the outside in: a fallback for every failure; a limit for everything inside of "
            "3 s; up to 3 attempts, first 100 ms apart, growing up to 10 s, spread at random; a "
            "circuit breaker 'payments' that opens for 30 s after 50 % failures in the last 10 s "
            "(of at least 20), and closes again after 2 good probes; a limit per attempt of "
            "800 ms; then the operation.");
  EXPECT_EQ(stack{}.describe(), "The operation, with nothing around it.");
}

TEST(Stack, LetsExceptionsOutAndCountsThemForNothing) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker{{.consecutive_failures = 1, .break_for = 1s, .successes = 1}};
    auto s = stack{steady_retry(3, 10ms), breaker, attempt_timeout{1s}};
    int calls = 0;
    auto broken = [&](context&) -> task<result<int>> {
      ++calls;
      throw std::runtime_error("bug");
      co_return 0;
    };
    bool thrown = false;
    try {
      (void)co_await s.run(cx, std::ref(broken));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(breaker.metrics(cx.now()).recorded, 0U);

    // The only probe of a half-open breaker comes back too.
    scripted_operation fails({fail_softly()});
    auto once = stack{breaker};
    (void)co_await once.run(cx, std::ref(fails));
    (void)co_await sleep_for(cx, 1s);
    thrown = false;
    try {
      (void)co_await s.run(cx, std::ref(broken));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(breaker.metrics(cx.now()).probes_in_flight, 0U);
    scripted_operation works({succeed()});
    auto healed = co_await once.run(cx, std::ref(works));
    EXPECT_TRUE(healed);
    EXPECT_EQ(breaker.state_at(cx.now()), breaker_state::closed);
  });
}

TEST(Stack, StartsNothingForACallerThatGaveUp) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker;
    auto s = stack{fallback{[] { return 0; }}, steady_retry(3, 10ms), breaker};
    scripted_operation op({succeed()});
    cancel_scope gone(cx);
    gone.cancel();
    auto answer = co_await s.run(gone, std::ref(op));
    EXPECT_EQ(answer.error().kind(), error_kind::cancelled);
    EXPECT_TRUE(op.calls.empty());
  });
}

TEST(Stack, StartsNothingAfterTheCallersDeadline) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker;
    auto s = stack{steady_retry(3, 10ms), breaker};
    scripted_operation op({succeed()});
    auto late = cx.with_timeout(0ms);
    auto answer = co_await s.run(late, std::ref(op));
    EXPECT_EQ(answer.error().kind(), error_kind::deadline);
    EXPECT_TRUE(op.calls.empty());
    EXPECT_EQ(breaker.metrics(cx.now()).recorded, 0U);
  });
}

TEST(Stack, ReportsWhatItsPoliciesDo) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker{{.name = "users", .consecutive_failures = 2, .break_for = 1min}};
    event_log log(cx.now());
    observe::recorder seen;
    auto plain =
        stack{fallback{[] { return 0; }}, steady_retry(3, 100ms), breaker, attempt_timeout{50ms}};
    auto watched = plain.observed_by(log, "users");
    scripted_operation op({fail_softly(10ms), hang()});
    auto answer = co_await watched.run(cx, policy::idempotent(std::ref(op)));
    EXPECT_EQ(answer.value(), 0);
    EXPECT_EQ(log.lines,
              (lines{"10 retry retry 1 +100", "160 timeout timeout 2",
                     "160 users state closed>open", "160 retry retry 2 +100",
                     "260 users rejected 3", "260 retry gave_up 3", "260 fallback fallback 1"}));
    // The unobserved original shares the breaker and reports nothing.
    const auto before = log.lines.size();
    (void)co_await plain.run(cx, std::ref(op));
    EXPECT_EQ(log.lines.size(), before);
    auto counted = plain.observed_by(seen, "counted");
    (void)co_await counted.run(cx, std::ref(op));
    EXPECT_EQ(seen.total(observe::policy_action::rejected), 1U);
    EXPECT_EQ(seen.counts().front().stack, "counted");
  });
}

TEST(Stack, MayBeEmpty) {
  run_in_world(1, [](context& cx) -> task<void> {
    scripted_operation op({fail_softly(5ms)});
    auto answer = co_await stack{}.run(cx, std::ref(op));
    EXPECT_EQ(answer.error().kind(), error_kind::unavailable);
  });
}

}  // namespace
}  // namespace fairlead::policy
