// SPDX-License-Identifier: BSL-1.0
// What stacks tell metrics, in virtual time: exact counts, durations and gauges.
#include "policy/scripted_operation.hpp"

#include <fairlead/core/when_all.hpp>
#include <fairlead/observe/metrics.hpp>
#include <fairlead/observe/recorder.hpp>
#include <fairlead/policy/abandoning_timeout.hpp>
#include <fairlead/policy/adaptive_limit.hpp>
#include <fairlead/policy/any_stack.hpp>
#include <fairlead/policy/cache.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/keyed.hpp>
#include <fairlead/policy/policy.hpp>
#include <fairlead/policy/watch.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;
using observe::metrics;
using observe::metrics_snapshot;

using table = std::map<std::string, std::uint64_t>;

// The counts of an instrument by the values of its labels, "users" left out: "1 false".
table counts(const metrics_snapshot& s, std::string_view instrument) {
  table out;
  const auto* in = s.find(instrument);
  if (in != nullptr) {
    for (const auto& p : in->points) {
      std::string key;
      for (const auto& l : p.labels) {
        if (l.name != "pipeline") {
          key += (key.empty() ? "" : " ") + l.value;
        }
      }
      out[key] += p.count;
    }
  }
  return out;
}

double sum(const metrics_snapshot& s, std::string_view instrument, std::string_view first_label) {
  double out = 0;
  const auto* in = s.find(instrument);
  if (in != nullptr) {
    for (const auto& p : in->points) {
      out += p.labels.at(0).value == first_label ? p.sum : 0;
    }
  }
  return out;
}

std::optional<double> gauge(const metrics_snapshot& s, std::string_view instrument) {
  const auto* in = s.find(instrument);
  if (in == nullptr || in->points.size() != 1) {
    return std::nullopt;
  }
  return in->points[0].value;
}

// Tells two sinks the same.
class tee final : public observe::sink {
 public:
  tee(observe::sink& a, observe::sink& b) : a_(a), b_(b) {}
  void on_event(const observe::policy_event& e) noexcept override {
    a_.on_event(e);
    b_.on_event(e);
  }
  void on_attempt(const observe::attempt_event& e) noexcept override {
    a_.on_attempt(e);
    b_.on_attempt(e);
  }
  void on_execution(const observe::execution_event& e) noexcept override {
    a_.on_execution(e);
    b_.on_execution(e);
  }

 private:
  observe::sink& a_;
  observe::sink& b_;
};

std::uint64_t all_of(const table& counts) {
  std::uint64_t sum = 0;
  for (const auto& [key, n] : counts) {
    sum += n;
  }
  return sum;
}

TEST(Measured, AnOutageThroughFivePoliciesIsCountedExactly) {
  metrics measured;
  observe::recorder seen;
  tee both(measured, seen);
  sim::world world(1);
  const circuit_breaker breaker{
      {.name = "users", .consecutive_failures = 3, .break_for = 1s, .successes = 1}};
  const auto s = stack{fallback{[](const error&) { return 0; }}, total_timeout{1s},
                       steady_retry(3, 100ms), breaker, attempt_timeout{200ms}}
                     .observed_by(both, "users");
  const auto watched = watch(measured, breaker, {}, world.env().time());
  std::vector<double> states;
  world.run([&](context& cx) -> task<void> {
    const auto begin = cx.now();
    int runs = 0;
    // Down for a second; the second attempt hangs.
    const auto op = [&, begin](context& c) -> task<result<int>> {
      ++runs;
      auto slept = co_await sleep_for(c, runs == 2 ? 1h : 10ms);
      if (!slept) {
        co_return tl::unexpected<error>(slept.error());
      }
      if (c.now() - begin < 1s) {
        co_return fail(errors::unavailable{"users", "down", std::nullopt});
      }
      co_return 1;
    };
    context mine = cx.with_idempotency(fairlead::idempotency::idempotent);
    for (const auto at : {0ms, 600ms, 1700ms}) {
      (void)co_await sleep_until(cx, begin + at);
      const auto answer = co_await s.run(mine, op);
      EXPECT_EQ(answer.value(), at == 1700ms ? 1 : 0);
      states.push_back(*gauge(measured.snapshot(), "resilience.breaker.state"));
    }
  });
  // At 0 an attempt fails after 10 ms, the next times out after 200, the third fails after 10: with
  // two waits of 100 ms that is 420, and the breaker opens. At 600 it refuses. At 1700 a probe of
  // 10 ms closes it.
  EXPECT_EQ(states, (std::vector<double>{1, 1, 0}));
  const auto all = measured.snapshot();
  EXPECT_EQ(counts(all, "resilience.events"), (table{{"retry retry warning", 2},
                                                     {"retry gave_up error", 2},
                                                     {"timeout timeout error", 1},
                                                     {"users state_open error", 1},
                                                     {"users rejected error", 1},
                                                     {"users state_half_open warning", 1},
                                                     {"users state_closed information", 1},
                                                     {"fallback fallback warning", 2}}));
  std::uint64_t recorded = 0;
  for (const auto& line : seen.counts()) {
    recorded += line.times;
  }
  EXPECT_EQ(all_of(counts(all, "resilience.events")), recorded);
  EXPECT_EQ(counts(all, "resilience.attempt.duration"),
            (table{{"1 true", 1}, {"2 true", 1}, {"3 true", 1}, {"1 false", 1}}));
  EXPECT_DOUBLE_EQ(sum(all, "resilience.attempt.duration", "2"), 0.2);
  EXPECT_DOUBLE_EQ(sum(all, "resilience.attempt.duration", "1"), 0.02);
  EXPECT_EQ(counts(all, "resilience.execution.duration"), (table{{"success", 3}}));
  EXPECT_DOUBLE_EQ(sum(all, "resilience.execution.duration", "success"), 0.43);
  EXPECT_TRUE(counts(all, "resilience.queue.wait").empty());
}

TEST(Measured, OutcomesAreTheOnesThatTheCallerSees) {
  sim::world world(1);
  metrics measured;
  circuit_breaker breaker{{.name = "b"}};
  const auto s = stack{total_timeout{100ms}, breaker}.observed_by(measured, "users");
  world.run([&](context& cx) -> task<void> {
    scripted_operation good({succeed(1, 10ms)});
    scripted_operation bad({fail_for_good(10ms)});
    scripted_operation slow({hang()});
    (void)co_await s.run(cx, std::ref(good));
    (void)co_await s.run(cx, std::ref(bad));
    (void)co_await s.run(cx, std::ref(slow));
    auto brief = cx.with_timeout(50ms);
    (void)co_await s.run(brief, std::ref(slow));
    const auto missing = [](context&) -> result<int> {
      return fail(errors::application{"gone", "no such user"});
    };
    (void)co_await s.run(cx, missing);
    cancel_scope gone(cx);
    gone.cancel();
    (void)co_await s.run(gone, std::ref(good));
    breaker.isolate(cx.now());
    (void)co_await s.run(cx, std::ref(good));
  });
  EXPECT_EQ(
      counts(measured.snapshot(), "resilience.execution.duration"),
      (table{{"success", 2}, {"failure", 1}, {"timeout", 2}, {"cancelled", 1}, {"rejected", 1}}));
  EXPECT_EQ(counts(measured.snapshot(), "resilience.attempt.duration"),
            (table{{"1 false", 3}, {"1 true", 2}}));
}

TEST(Measured, AnExceptionIsNotMeasured) {
  sim::world world(1);
  metrics measured;
  const auto s = stack{retry{}}.observed_by(measured, "users");
  world.run([&](context& cx) -> task<void> {
    const auto op = [](context&) -> result<int> { throw std::runtime_error("boom"); };
    bool thrown = false;
    try {
      (void)co_await s.run(cx, op);
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
  });
  EXPECT_TRUE(measured.snapshot().instruments.empty());
}

TEST(Measured, HandledIsWhatTheClassifierSays) {
  sim::world world(1);
  metrics measured;
  const auto pending = classify{[](int v) { return v == 7 ? verdict::failure : verdict::success; }};
  const auto s = stack{steady_retry(2, 1ms), pending}.observed_by(measured, "users");
  const auto outside = stack{pending, steady_retry(1, 1ms)}.observed_by(measured, "others");
  world.run([&](context& cx) -> task<void> {
    scripted_operation op({succeed(7, 1ms), succeed(8, 1ms)});
    context mine = cx.with_idempotency(fairlead::idempotency::idempotent);
    auto answer = co_await s.run(mine, std::ref(op));
    EXPECT_EQ(answer.value(), 8);
    scripted_operation again({succeed(7, 1ms)});
    (void)co_await outside.run(mine, std::ref(again));
  });
  const auto all = measured.snapshot();
  EXPECT_EQ(counts(all, "resilience.attempt.duration"),
            (table{{"1 true", 1}, {"2 false", 1}, {"1 false", 1}}));
  EXPECT_EQ(counts(all, "resilience.execution.duration"), (table{{"success", 1}, {"failure", 1}}));
}

TEST(Measured, AnyStackMeasuresTheSame) {
  sim::world world(1);
  metrics measured;
  const auto bare = stack{steady_retry(3, 100ms), attempt_timeout{1s}};
  const any_stack dynamic(bare);
  const auto a = bare.observed_by(measured, "static");
  const auto b = dynamic.observed_by(measured, "dynamic");
  world.run([&](context& cx) -> task<void> {
    context mine = cx.with_idempotency(fairlead::idempotency::idempotent);
    scripted_operation first({fail_softly(10ms), succeed(1, 20ms)});
    scripted_operation second({fail_softly(10ms), succeed(1, 20ms)});
    (void)co_await a.run(mine, std::ref(first));
    (void)co_await b.run(mine, std::ref(second));
  });
  const auto all = measured.snapshot();
  EXPECT_EQ(counts(all, "resilience.attempt.duration"), (table{{"1 true", 2}, {"2 false", 2}}));
  EXPECT_EQ(counts(all, "resilience.execution.duration"), (table{{"success", 2}}));
  EXPECT_DOUBLE_EQ(sum(all, "resilience.execution.duration", "success"), 0.26);
}

// Three calls for one place, 100 ms each; the third gives up after 150.
template <class Limit>
table waits_for(const Limit& limit) {
  sim::world world(1);
  metrics measured;
  const auto s = stack{limit}.observed_by(measured, "users");
  world.run([&](context& cx) -> task<void> {
    const auto call = [&](duration patience) {
      return [&s, patience](context& c) -> task<result<int>> {
        context mine = c.with_timeout(patience).with_key("k");
        scripted_operation op({succeed(1, 100ms)});
        auto answer = co_await s.run(mine, std::ref(op));
        co_return answer;
      };
    };
    const auto first = call(10s);
    const auto second = call(10s);
    const auto third = call(150ms);
    (void)co_await when_all_settled(cx, first, second, third);
  });
  const auto all = measured.snapshot();
  EXPECT_GT(sum(all, "resilience.queue.wait", "places"), 0);
  return counts(all, "resilience.queue.wait");
}

TEST(Measured, WaitsForPermits) {
  EXPECT_EQ(waits_for(bulkhead{{.name = "places", .max = 1, .queue = 9, .max_wait = 10s}}),
            (table{{"places", 2}}));
  EXPECT_EQ(waits_for(adaptive_limit{
                {.name = "places", .initial = 1, .max = 1, .queue = 9, .max_wait = 10s}}),
            (table{{"places", 2}}));
  const auto rate =
      waits_for(rate_limit{{.name = "places", .permits = 1, .period = 100ms, .max_wait = 10s}});
  EXPECT_GE(rate.at("places"), 1U);  // what cannot be in time does not wait
  EXPECT_EQ(waits_for(keyed<bulkhead>{{.name = "places", .max = 1, .queue = 9, .max_wait = 10s}}),
            (table{{"places", 2}}));
}

TEST(Measured, BranchesAreOneExecution) {
  sim::world world(1);
  metrics measured;
  const hedge twice{{.name = "twice", .delay = 100ms}};
  const auto watched = watch(measured, twice);
  EXPECT_EQ(gauge(measured.snapshot(), "resilience.hedge.win_ratio"), 0);
  const auto s = stack{twice, retry{}}.observed_by(measured, "users");
  world.run([&](context& cx) -> task<void> {
    context mine = cx.with_idempotency(fairlead::idempotency::idempotent);
    scripted_operation slow({succeed(1, 1h), succeed(2, 50ms)});
    auto answer = co_await s.run(mine, std::ref(slow));
    EXPECT_EQ(answer.value(), 2);
    scripted_operation late({succeed(1, 120ms), succeed(2, 50ms)});
    (void)co_await s.run(mine, std::ref(late));
    scripted_operation quick({succeed(1, 10ms)});
    (void)co_await s.run(mine, std::ref(quick));
  });
  const auto all = measured.snapshot();
  EXPECT_EQ(counts(all, "resilience.execution.duration"), (table{{"success", 3}}));
  EXPECT_EQ(counts(all, "resilience.attempt.duration").at("1 false"), 5U);
  EXPECT_EQ(twice.metrics().hedged, 2U);
  EXPECT_EQ(twice.metrics().won, 1U);
  EXPECT_EQ(gauge(all, "resilience.hedge.win_ratio"), 0.5);
}

TEST(Measured, WhatACacheAnswersIsNoAttempt) {
  sim::world world(1);
  metrics measured;
  const auto s = stack{cache{}}.observed_by(measured, "users");
  world.run([&](context& cx) -> task<void> {
    context mine = cx.with_key("k");
    scripted_operation op({succeed(1, 10ms)});
    (void)co_await s.run(mine, std::ref(op));
    (void)co_await s.run(mine, std::ref(op));
  });
  const auto all = measured.snapshot();
  EXPECT_EQ(counts(all, "resilience.execution.duration"), (table{{"success", 2}}));
  EXPECT_EQ(counts(all, "resilience.attempt.duration"), (table{{"1 false", 1}}));
  EXPECT_EQ(counts(all, "resilience.events"), (table{{"cache hit debug", 1}}));
}

TEST(Measured, AbandonedRunsAreSeen) {
  sim::world world(1);
  metrics measured;
  const abandoning_timeout limit{100ms, {.name = "legacy"}};
  const auto watched = watch(measured, limit);
  const auto s = stack{limit}.observed_by(measured, "users");
  world.run([&](context& cx) -> task<void> {
    const auto op = detachable([](context& c) -> task<result<int>> {
      cancel_scope own(c.env());
      (void)co_await sleep_for(own, 300ms);
      co_return 1;
    });
    (void)co_await s.run(cx, op);
    EXPECT_EQ(gauge(measured.snapshot(), "resilience.abandoned"), 1);
    (void)co_await sleep_for(cx, 201ms);
    EXPECT_EQ(gauge(measured.snapshot(), "resilience.abandoned"), 0);
  });
  const auto all = measured.snapshot();
  EXPECT_EQ(counts(all, "resilience.events"), (table{{"legacy abandoned warning", 1},
                                                     {"legacy timeout error", 1},
                                                     {"legacy abandoned_ended information", 1}}));
  EXPECT_EQ(counts(all, "resilience.execution.duration"), (table{{"timeout", 1}}));
  EXPECT_DOUBLE_EQ(sum(all, "resilience.execution.duration", "timeout"), 0.1);
  EXPECT_DOUBLE_EQ(sum(all, "resilience.attempt.duration", "1"), 0.3);
}

TEST(Measured, GaugesOfPolicies) {
  metrics measured;
  const bulkhead places{{.max = 7}};
  const auto held = places.try_acquire();
  const retry_budget budget{token_budget{.tokens = 10}};
  std::optional<circuit_breaker> breaker(std::in_place,
                                         breaker_options{.failure_rate = 0.5, .window_calls = 10});
  const auto a = watch(measured, places);
  const auto b = watch(measured, budget, "users");
  auto c = watch(measured, *breaker, "peer");
  {
    auto p = breaker->admit(time_point{});
    p->complete(verdict::failure, time_point{});
  }
  breaker.reset();  // the watch keeps what it reads
  const auto s = measured.snapshot();
  EXPECT_EQ(gauge(s, "resilience.limit.current"), 7);
  EXPECT_EQ(gauge(s, "resilience.limit.inflight"), 1);
  EXPECT_EQ(gauge(s, "resilience.budget.tokens"), 10);
  EXPECT_EQ(gauge(s, "resilience.breaker.state"), 0);
  EXPECT_EQ(gauge(s, "resilience.breaker.failure_rate"), 1);
  EXPECT_EQ(s.find("resilience.limit.current")->points[0].at("policy"), "bulkhead");
  EXPECT_EQ(s.find("resilience.budget.tokens")->points[0].at("policy"), "users");
  c = {};
  EXPECT_EQ(measured.snapshot().find("resilience.breaker.state"), nullptr);
  const adaptive_limit adaptive{{.initial = 5}};
  const auto d = watch(measured, adaptive, "search");
  EXPECT_EQ(measured.snapshot().find("resilience.limit.current")->points.size(), 2U);
}

}  // namespace
}  // namespace fairlead::policy
