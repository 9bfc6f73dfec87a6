// SPDX-License-Identifier: BSL-1.0
// Fallbacks (C13 and section 2.8 of the requirements) and classification.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/policy/policy.hpp>

#include <gtest/gtest.h>

#include <string>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

TEST(Fallback, IsNotCalledForAValue) {
  run_in_world(1, [](context& cx) -> task<void> {
    int calls = 0;
    scripted_operation op({succeed(7)});
    auto answer = co_await stack{fallback{[&] { return ++calls; }}}.run(cx, std::ref(op));
    EXPECT_EQ(answer.value(), 7);
    EXPECT_EQ(calls, 0);
  });
}

TEST(Fallback, SeesTheErrorAndTheContext) {
  run_in_world(1, [](context& cx) -> task<void> {
    scripted_operation op({fail_for_good()});
    auto by_error = fallback{[](const error& e) { return e.kind() == error_kind::protocol_error; }};
    auto first = co_await stack{by_error}.run(cx, std::ref(op));
    EXPECT_EQ(first.value(), 1);
    auto with_context = fallback{
        [&](context& inner, const error&) { return inner.deadline() == cx.now() + 1s ? 2 : -1; }};
    auto s = stack{total_timeout{1s}, with_context, attempt_timeout{10ms}};
    auto second = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(second.value(), 2);
  });
}

TEST(Fallback, MayWait) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    scripted_operation op({fail_for_good(10ms)});
    scripted_operation second_service({succeed(8, 20ms)});
    auto s = stack{fallback{[&](context& inner, const error&) { return second_service(inner); }},
                   total_timeout{15ms}};
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.value(), 8);
    EXPECT_EQ(cx.now() - begin, 30ms);
    auto plain = [](context& inner, const error&) -> task<int> {
      (void)co_await sleep_for(inner, 1ms);
      co_return 4;
    };
    auto other = co_await stack{fallback{plain}}.run(cx, std::ref(op));
    EXPECT_EQ(other.value(), 4);
  });
}

TEST(Fallback, AnswersVoidOperations) {
  run_in_world(1, [](context& cx) -> task<void> {
    bool called = false;
    auto op = [](context&) -> task<result<void>> { co_return fail(errors::protocol_error{}); };
    auto answer = co_await stack{fallback{[&] { called = true; }}}.run(cx, op);
    EXPECT_TRUE(answer);
    EXPECT_TRUE(called);
    auto later = [&](const error&) -> task<void> {
      called = false;
      co_return;
    };
    auto second = co_await stack{fallback{later}}.run(cx, op);
    EXPECT_TRUE(second);
    EXPECT_FALSE(called);
  });
}

TEST(Fallback, C13ItsOwnFailureHasTheOriginalAsCause) {
  run_in_world(1, [](context& cx) -> task<void> {
    scripted_operation op({fail_for_good()});
    auto at_once = fallback{[]() -> result<int> { return fail(errors::unreachable{"backup"}); }};
    auto first = co_await stack{at_once}.run(cx, std::ref(op));
    EXPECT_EQ(first.error().kind(), error_kind::unreachable);
    EXPECT_EQ(first.error().cause()->kind(), error_kind::protocol_error);
    scripted_operation backup({fail_with(errors::unreachable{"backup"}, 5ms)});
    auto later = fallback{[&](context& inner, const error&) { return backup(inner); }};
    auto second = co_await stack{later}.run(cx, std::ref(op));
    EXPECT_EQ(second.error().kind(), error_kind::unreachable);
    EXPECT_EQ(second.error().cause()->kind(), error_kind::protocol_error);
  });
}

TEST(Fallback, Chains) {
  run_in_world(1, [](context& cx) -> task<void> {
    scripted_operation op({fail_for_good()});
    scripted_operation mirror({fail_softly(5ms)});
    auto s = stack{fallback{[](const error& e) { return e.cause() != nullptr ? 3 : -3; }},
                   fallback{[&](context& inner, const error&) { return mirror(inner); }}};
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.value(), 3);
  });
}

TEST(Fallback, DoesNotAnswerACancelledCall) {
  run_in_world(1, [](context& cx) -> task<void> {
    int calls = 0;
    auto s = stack{fallback{[&] { return ++calls; }}};
    scripted_operation gone({fail_with(errors::cancelled{})});
    auto first = co_await s.run(cx, std::ref(gone));
    EXPECT_EQ(first.error().kind(), error_kind::cancelled);
    // A real failure of a call that nobody waits for any more is delivered as it is.
    cancel_scope scope(cx);
    auto op = [&](context&) -> result<int> {
      scope.cancel();
      return fail(errors::protocol_error{});
    };
    auto second = co_await s.run(scope, op);
    EXPECT_EQ(second.error().kind(), error_kind::protocol_error);
    EXPECT_EQ(calls, 0);
  });
}

TEST(Fallback, AnswersRejectionsAndDeadlines) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker;
    breaker.isolate();
    scripted_operation op({succeed(1)});
    auto s =
        stack{fallback{[](const error& e) { return e.is<errors::isolated>() ? 10 : 20; }}, breaker};
    auto isolated = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(isolated.value(), 10);
    breaker.reset();
    auto late = cx.with_timeout(0ms);
    auto expired = co_await s.run(late, std::ref(op));
    EXPECT_EQ(expired.value(), 20);
  });
}

TEST(Fallback, AnswersOnlyWhatItsPredicateSays) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto unreachable_only =
        fallback{[](const error& e) { return e.is<errors::unreachable>(); }, [] { return 1; }};
    scripted_operation far({fail_with(errors::unreachable{"users"})});
    auto first = co_await stack{unreachable_only}.run(cx, std::ref(far));
    EXPECT_EQ(first.value(), 1);
    // With a predicate it may stand inside a retry: some failures remain.
    scripted_operation other({fail_softly(), succeed(5)});
    auto second = co_await stack{steady_retry(2, 1ms), unreachable_only}.run(cx, std::ref(other));
    EXPECT_EQ(second.value(), 5);
  });
}

TEST(Fallback, HasANameInEvents) {
  run_in_world(1, [](context& cx) -> task<void> {
    event_log log(cx.now());
    scripted_operation op({fail_for_good(3ms)});
    auto s = stack{fallback{[] { return 1; }}.named("manual shipping")}.observed_by(log, "s");
    (void)co_await s.run(cx, std::ref(op));
    EXPECT_EQ(log.lines, (lines{"3 manual shipping fallback 1"}));
  });
}

TEST(Classify, ValuesMayBeFailures) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker{{.consecutive_failures = 100}};
    scripted_operation op({succeed(0), succeed(0), succeed(5)});
    auto s =
        stack{steady_retry(5, 1ms), breaker,
              classify{[](const int& v) { return v == 0 ? verdict::failure : verdict::success; }}};
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.value(), 5);
    EXPECT_EQ(op.calls.size(), 3U);
    EXPECT_EQ(breaker.metrics(cx.now()).recorded, 3U);
    scripted_operation never({succeed(0)});
    auto last = co_await s.run(cx, std::ref(never));
    EXPECT_EQ(last.value(), 0);  // the last real result, never an error instead
    EXPECT_EQ(never.calls.size(), 5U);
  });
}

TEST(Classify, ErrorsMayMeanSomethingElse) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker{{.consecutive_failures = 1}};
    auto busy = classify{[](const error& e) {
      const auto own = e.get<errors::application>();
      return own && own->code == "busy" ? verdict::failure : default_verdict(e);
    }};
    scripted_operation op({fail_with(errors::application{"busy", "later"}), succeed(1)});
    auto answer =
        co_await stack{steady_retry(2, 1ms), busy}.run(cx, policy::idempotent(std::ref(op)));
    EXPECT_EQ(answer.value(), 1);
    scripted_operation refused({fail_with(errors::application{"no", "never"})});
    (void)co_await stack{steady_retry(2, 1ms), breaker, busy}.run(cx, std::ref(refused));
    EXPECT_EQ(refused.calls.size(), 1U);
    EXPECT_EQ(breaker.state_at(cx.now()), breaker_state::closed);
  });
}

TEST(Classify, MayTakeWholeResultsAndNeverTouchesCancellations) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker{{.consecutive_failures = 1}};
    auto all_bad =
        classify{[](const auto& r) { return r.has_value() ? verdict::fatal : verdict::failure; }};
    auto s = stack{breaker, all_bad};
    scripted_operation gone({fail_with(errors::cancelled{})});
    (void)co_await s.run(cx, std::ref(gone));
    EXPECT_EQ(breaker.state_at(cx.now()), breaker_state::closed);
    scripted_operation good({succeed(1)});
    auto answer = co_await s.run(cx, std::ref(good));
    EXPECT_EQ(answer.value(), 1);
    EXPECT_EQ(breaker.state_at(cx.now()), breaker_state::open);
  });
}

struct verdict_row {
  error e;
  verdict expected;
};

TEST(Verdict, TheDefaultForEveryKind) {
  const auto status = [](unsigned s) {
    return error(errors::http_error{"http://users", s, {}, {}, std::nullopt});
  };
  error undecodable = errors::serialization_error{"bad", {}, {}, {}};
  undecodable.with_sent(error_sent::answered);
  const std::vector<verdict_row> rows{
      {errors::cancelled{}, verdict::neutral},
      {errors::deadline{}, verdict::neutral},
      {errors::circuit_open{}, verdict::neutral},
      {errors::isolated{}, verdict::neutral},
      {errors::bulkhead_full{}, verdict::neutral},
      {errors::rate_limited{}, verdict::neutral},
      {errors::throttled{}, verdict::neutral},
      {errors::shed{}, verdict::neutral},
      {errors::pool_exhausted{}, verdict::neutral},
      {errors::invalid_url{}, verdict::neutral},
      {errors::invalid_argument{}, verdict::neutral},
      {errors::too_large{}, verdict::neutral},
      {errors::serialization_error{}, verdict::neutral},
      {errors::application{}, verdict::success},
      {status(404), verdict::success},
      {status(422), verdict::success},
      {status(408), verdict::failure},
      {status(429), verdict::failure},
      {status(500), verdict::failure},
      {status(501), verdict::fatal},
      {errors::timeout{}, verdict::failure},
      {errors::connection_refused{}, verdict::failure},
      {errors::connection_reset{}, verdict::failure},
      {errors::connection_closed{}, verdict::failure},
      {errors::unreachable{}, verdict::failure},
      {errors::dns_failure{}, verdict::failure},
      {errors::unavailable{}, verdict::failure},
      {undecodable, verdict::fatal},
      {errors::tls_failure{}, verdict::fatal},
      {errors::protocol_error{}, verdict::fatal},
      {errors::outcome_unknown{}, verdict::fatal},
      {errors::system_error{}, verdict::fatal},
  };
  for (const auto& r : rows) {
    EXPECT_EQ(default_verdict(r.e), r.expected) << r.e.message();
  }
  EXPECT_EQ(to_string(verdict::fatal), "fatal");
}

}  // namespace
}  // namespace fairlead::policy
