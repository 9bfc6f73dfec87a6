// SPDX-License-Identifier: BSL-1.0
// The four kinds of chaos, each at its rate.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/policy/chaos.hpp>
#include <fairlead/policy/policy.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

template <class Stack>
task<int> failures_of(context& cx, const Stack& s, int calls) {
  int failed = 0;
  for (int i = 0; i < calls; ++i) {
    auto answer = co_await s.run(cx, [](context&) -> result<int> { return 1; });
    failed += answer ? 0 : 1;
  }
  co_return failed;
}

// E01
TEST(Chaos, E01StrikesWhenTheDrawIsLessThanTheRate) {
  run_in_world(1, [](context& cx) -> task<void> {
    for (int i = 0; i < 200; ++i) {
      const auto draw = random_source(cx.env().random()).uniform();
      auto above =
          co_await failures_of(cx, stack{chaos_fault{{.rate = std::nextafter(draw, 2)}}}, 1);
      EXPECT_EQ(above, draw < 1 ? 1 : 0);
      const auto next = random_source(cx.env().random()).uniform();
      auto same = co_await failures_of(cx, stack{chaos_fault{{.rate = next}}}, 1);
      EXPECT_EQ(same, 0);
    }
    auto never = co_await failures_of(cx, stack{chaos_fault{{.rate = 0}}}, 1'000);
    EXPECT_EQ(never, 0);
    auto always = co_await failures_of(cx, stack{chaos_fault{{.rate = 1}}}, 1'000);
    EXPECT_EQ(always, 1'000);
    auto seldom = co_await failures_of(cx, stack{chaos_fault{}}, 100'000);
    EXPECT_NEAR(seldom, 100, 40);
  });
}

TEST(Chaos, DrawsOncePerCall) {
  run_in_world(1, [](context& cx) -> task<void> {
    random_source expected = cx.env().random();
    (void)co_await failures_of(
        cx, stack{chaos_fault{{.rate = 0.5}}, chaos_latency{{.rate = 0}, 1s}}, 1);
    const bool struck = expected.uniform() < 0.5;
    if (!struck) {
      (void)expected();
    }
    EXPECT_EQ(expected(), cx.env().random()());
  });
}

TEST(Chaos, AFaultLooksLikeTheRealThing) {
  run_in_world(1, [](context& cx) -> task<void> {
    event_log log(cx.now());
    circuit_breaker breaker{{.consecutive_failures = 2}};
    scripted_operation op({succeed()});
    const auto s = stack{steady_retry(2, 1s), breaker,
                         chaos_fault{{.rate = 1}, errors::connection_refused{"http://users"}}}
                       .observed_by(log, "s");
    auto answer = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(answer.error().kind(), error_kind::connection_refused);
    EXPECT_EQ(answer.error().attempts(), 2U);
    EXPECT_TRUE(op.calls.empty());
    EXPECT_EQ(breaker.state_at(cx.now()), breaker_state::open);
    EXPECT_EQ(log.lines[0], "0 chaos injected 1");
    EXPECT_EQ(log.lines[1], "0 retry retry 1 +1000");
  });
}

TEST(Chaos, LatencyComesBeforeTheOperation) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    scripted_operation op({succeed(7)});
    auto answer = co_await stack{chaos_latency{{.rate = 1}, 2s}}.run(cx, std::ref(op));
    EXPECT_EQ(*answer, 7);
    EXPECT_EQ(cx.now() - begin, 2s);
    auto limited = co_await stack{attempt_timeout{500ms}, chaos_latency{{.rate = 1}, 2s}}.run(
        cx, std::ref(op));
    EXPECT_EQ(limited.error().kind(), error_kind::timeout);
    EXPECT_EQ(cx.now() - begin, 2500ms);
    EXPECT_EQ(op.calls.size(), 1U);
    auto longest =
        co_await stack{attempt_timeout{500ms}, chaos_latency{{.rate = 1}, duration::max()}}.run(
            cx, std::ref(op));
    EXPECT_EQ(longest.error().kind(), error_kind::timeout);
    auto none = co_await stack{chaos_latency{{.rate = 1}, 0s}}.run(cx, std::ref(op));
    EXPECT_TRUE(none);
  });
}

TEST(Chaos, LatencyEndsWithTheCaller) {
  sim::world w(1);
  std::optional<cancel_scope> scope;
  std::optional<result<int>> answer;
  scripted_operation op({succeed()});
  const auto s = stack{chaos_latency{{.rate = 1}, 1h}};
  w.spawn("call", [&](context& cx) -> task<void> {
    scope.emplace(cx);
    auto outcome = co_await s.run(*scope, std::ref(op));
    answer.emplace(std::move(outcome));
  });
  w.advance(1s);
  scope->cancel();
  w.run_ready();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().kind(), error_kind::cancelled);
  expect_quiet(w);
}

TEST(Chaos, AnOutcomeTakesThePlaceOfTheOperation) {
  run_in_world(1, [](context& cx) -> task<void> {
    scripted_operation op({succeed(1)});
    auto value = co_await stack{chaos_outcome{{.rate = 1}, [](context&) { return 42; }}}.run(
        cx, std::ref(op));
    EXPECT_EQ(*value, 42);
    const auto refuses = [](context& inner) -> result<int> {
      EXPECT_EQ(inner.attempt(), 1U);
      return fail(errors::http_error{"http://users", 404, {}, {}, std::nullopt});
    };
    circuit_breaker breaker{{.consecutive_failures = 1}};
    auto error = co_await stack{breaker, chaos_outcome{{.rate = 1}, refuses}}.run(cx, std::ref(op));
    EXPECT_EQ(error.error().status(), 404U);
    EXPECT_EQ(breaker.metrics(cx.now()).recorded, 1U);
    EXPECT_TRUE(op.calls.empty());
    auto passes = co_await stack{chaos_outcome{{.rate = 0}, refuses}}.run(cx, std::ref(op));
    EXPECT_EQ(*passes, 1);
  });
}

TEST(Chaos, AnOutcomeMayBeMovedOnly) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto s =
        stack{chaos_outcome{{.rate = 1}, [](context&) { return std::make_unique<int>(5); }}};
    auto op = [](context&) -> task<result<std::unique_ptr<int>>> { co_return nullptr; };
    auto answer = co_await s.run(cx, op);
    EXPECT_EQ(**answer, 5);
  });
}

TEST(Chaos, ABehaviourHappensBeforeTheOperation) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto begin = cx.now();
    int effects = 0;
    scripted_operation op({succeed()});
    auto now = co_await stack{chaos_behaviour{{.rate = 1}, [&](context&) { ++effects; }}}.run(
        cx, std::ref(op));
    EXPECT_TRUE(now);
    const auto slow = [&](context& inner) -> task<void> {
      (void)co_await sleep_for(inner, 1s);
      ++effects;
    };
    auto later = co_await stack{chaos_behaviour{{.rate = 1}, slow}}.run(cx, std::ref(op));
    EXPECT_TRUE(later);
    EXPECT_EQ(effects, 2);
    EXPECT_EQ(cx.now() - begin, 1s);
    bool thrown = false;
    try {
      (void)co_await stack{
          chaos_behaviour{{.rate = 1}, [](context&) { throw std::runtime_error("chaos"); }}}
          .run(cx, std::ref(op));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(op.calls.size(), 2U);
  });
}

TEST(Chaos, TheRateMayDependOnTheCall) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto s = stack{
        chaos_fault{}.rate_by([](const context& c) { return c.key() == "canary" ? 1.0 : 0.0; })};
    auto canary = cx.with_key("canary");
    auto struck = co_await failures_of(canary, s, 10);
    auto spared = co_await failures_of(cx, s, 10);
    EXPECT_EQ(struck, 10);
    EXPECT_EQ(spared, 0);
    auto nan = co_await failures_of(cx, stack{chaos_fault{{.rate = 1}}.rate_by([](const context&) {
                                      return std::numeric_limits<double>::quiet_NaN();
                                    })},
                                    10);
    EXPECT_EQ(nan, 0);
  });
}

TEST(Chaos, RefusesBadOptions) {
  EXPECT_TRUE(problems_of(chaos_options{}).empty());
  for (const double rate : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(problems_of(chaos_options{.rate = rate}).size(), 1U);
  }
  EXPECT_THROW(chaos_fault({.rate = 2}), std::invalid_argument);
  try {
    (void)chaos_latency{{.name = "net"}, -1s};
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "chaos 'net': the delay is negative");
  }
  EXPECT_EQ(chaos_latency({.rate = 0.05, .name = "net"}, 2s).describe(),
            "chaos 'net' with 2 s before 5 % of the calls");
  EXPECT_EQ(chaos_fault{}.describe(), "chaos with errors for 0.1 % of the calls");
}

}  // namespace
}  // namespace fairlead::policy
