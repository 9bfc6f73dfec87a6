// SPDX-License-Identifier: BSL-1.0
// P10: a warmed call through a stack allocates nothing, and neither does a rejection.
#include "support/count_allocations.hpp"
#include "support/real_loop.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/observe/metrics.hpp>
#include <fairlead/policy/adaptive_limit.hpp>
#include <fairlead/policy/chaos.hpp>
#include <fairlead/policy/keyed.hpp>
#include <fairlead/policy/policy.hpp>
#include <fairlead/policy/shed.hpp>
#include <fairlead/policy/throttle.hpp>

#include <gtest/gtest.h>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

task<result<int>> ready(context& /*cx*/) {
  co_return 1;
}

task<result<int>> suspending(context& cx) {
  auto yielded = co_await yield(cx);
  if (!yielded) {
    co_return tl::unexpected<error>(yielded.error());
  }
  co_return 1;
}

// Calls `call(cx)` until warm, then counts what a hundred more calls allocate.
template <class Call>
std::uint64_t allocations_of(Call call) {
  std::uint64_t counted = ~std::uint64_t{0};
  auto body = [&](context& cx) -> task<void> {
    for (int i = 0; i < 100; ++i) {
      auto warm = co_await call(cx);
      (void)warm;
    }
    const auto before = testing::allocations();
    for (int i = 0; i < 100; ++i) {
      auto outcome = co_await call(cx);
      (void)outcome;
    }
    counted = testing::allocations() - before;
  };
  testing::real_loop loop;
  loop.run(body);
  return counted;
}

auto five_layers(const circuit_breaker& breaker) {
  return stack{fallback{[](const error&) { return 0; }}, total_timeout{3s},
               retry{{.max_attempts = 3}}, breaker, attempt_timeout{800ms}};
}

TEST(Allocations, NoneForASuccessThroughFiveLayers) {
  const auto s = five_layers(circuit_breaker{});
  EXPECT_EQ(allocations_of([&](context& cx) { return s.run(cx, &ready); }), 0U);
  EXPECT_EQ(allocations_of([&](context& cx) { return s.run(cx, &suspending); }), 0U);
}

TEST(Allocations, NoneForACallThatIsMeasured) {
  observe::metrics measured;
  const auto s =
      five_layers(circuit_breaker{}).observed_by(measured, "a name of a stack that is long");
  EXPECT_EQ(allocations_of([&](context& cx) { return s.run(cx, &ready); }), 0U);
  auto refused = [](context&) -> result<int> {
    return fail(errors::unavailable{{}, {}, std::nullopt});
  };
  circuit_breaker open{{.name = "a name that is too long for a small string buffer"}};
  open.open_until(time_point::max());
  const auto rejecting = stack{open}.observed_by(measured, "a name of a stack that is long");
  EXPECT_EQ(allocations_of([&](context& cx) { return rejecting.run(cx, &ready); }), 0U);
  const auto retried = stack{retry{{.max_attempts = 3, .backoff = constant(0ms)}}}.observed_by(
      measured, "a name of a stack that is long");
  EXPECT_EQ(allocations_of([&](context& cx) { return retried.run(cx, refused); }), 0U);
}

TEST(Allocations, NoneForAnyWindow) {
  const auto timed = five_layers(
      circuit_breaker{{.failure_rate = 0.5, .slow_call_rate = 0.5, .slow_threshold = 1s}});
  EXPECT_EQ(allocations_of([&](context& cx) { return timed.run(cx, &ready); }), 0U);
  const auto counted = five_layers(circuit_breaker{{.failure_rate = 0.5, .window_calls = 100}});
  EXPECT_EQ(allocations_of([&](context& cx) { return counted.run(cx, &ready); }), 0U);
}

TEST(Allocations, NoneForARejection) {
  circuit_breaker breaker{{.name = "a name that is too long for a small string buffer"}};
  breaker.open_until(time_point::max());
  const auto s = five_layers(breaker);
  EXPECT_EQ(allocations_of([&](context& cx) { return s.run(cx, &ready); }), 0U);
  const auto bare = stack{breaker};
  EXPECT_EQ(allocations_of([&](context& cx) { return bare.run(cx, &ready); }), 0U);
}

TEST(Allocations, NoneForLimits) {
  for (const auto a : {rate_algorithm::gcra, rate_algorithm::smooth, rate_algorithm::sliding_log,
                       rate_algorithm::sliding_counter, rate_algorithm::bursty}) {
    const auto s = stack{rate_limit{{.algorithm = a, .permits = 100'000, .period = 1ms}},
                         bulkhead{{.max = 10}}};
    EXPECT_EQ(allocations_of([&](context& cx) { return s.run(cx, &suspending); }), 0U);
  }
  const auto per_key = stack{keyed<rate_limit>{{.permits = 1000}}, keyed<bulkhead>{{.max = 1}},
                             keyed<circuit_breaker>{{}}};
  EXPECT_EQ(allocations_of([&](context& cx) { return per_key.run(cx, &ready); }), 0U);
}

TEST(Allocations, NoneForWaitingInALimit) {
  const auto s = stack{rate_limit{{.permits = 100'000, .burst = 1, .max_wait = 1s}}};
  EXPECT_EQ(allocations_of([&](context& cx) { return s.run(cx, &ready); }), 0U);
}

TEST(Allocations, NoneForBeingRefusedByALimit) {
  constexpr auto long_name = "a name that is too long for a small string buffer";
  const rate_limit limit{{.name = long_name, .permits = 1, .period = 1h}};
  ASSERT_TRUE(limit.take(system_clock().now()));
  const bulkhead places{{.name = long_name, .max = 1}};
  const auto held = places.try_acquire();
  const auto limited = stack{limit};
  EXPECT_EQ(allocations_of([&](context& cx) { return limited.run(cx, &ready); }), 0U);
  const auto full = stack{places};
  EXPECT_EQ(allocations_of([&](context& cx) { return full.run(cx, &ready); }), 0U);
}

TEST(Allocations, NoneForRefusalsWithAShortNameWhoeverRefuses) {
  const circuit_breaker breaker{{.name = "twenty-bytes-of-name"}};
  const time_point now{1000s};
  const auto refuse = [&] {
    const auto before = testing::allocations();
    auto refused = breaker.admit(now);
    auto moved = std::move(refused);
    EXPECT_FALSE(moved);
    return testing::allocations() - before;
  };
  breaker.open_until(now + 1s, now);
  EXPECT_EQ(refuse(), 0U);
  breaker.isolate(now);
  EXPECT_EQ(refuse(), 0U);
}

TEST(Allocations, NoneForAFailureThatIsRetriedWithoutWaiting) {
  const auto s = stack{retry{{.max_attempts = 3, .backoff = constant(0ms)}}, circuit_breaker{}};
  auto refused = [](context&) -> result<int> {
    return fail(errors::unavailable{{}, {}, std::nullopt});
  };
  EXPECT_EQ(allocations_of([&](context& cx) { return s.run(cx, refused); }), 0U);
}

TEST(Allocations, NoneForThePoliciesThatAdapt) {
  for (const budget_options& kind :
       {budget_options{token_budget{}}, budget_options{in_flight_budget{}},
        budget_options{window_budget{}}, budget_options{quota_budget{}}}) {
    const auto s = stack{shed{{.name = "front", .limit = 9}}, throttle{{.name = "search"}},
                         retry{{.max_attempts = 3}}.with_budget(retry_budget{kind}),
                         adaptive_limit{{.name = "search", .window = 0s, .min_samples = 1}},
                         chaos_latency{{.rate = 0}, 1s}};
    EXPECT_EQ(allocations_of([&](context& cx) { return s.run(cx, &ready); }), 0U);
    EXPECT_EQ(allocations_of([&](context& cx) { return s.run(cx, &suspending); }), 0U);
  }
}

TEST(Allocations, NoneForTheirRejections) {
  const adaptive_limit full{{.initial = 1, .max = 1}};
  const auto held = full.admit(time_point{});
  EXPECT_EQ(allocations_of([s = stack{full}](context& cx) { return s.run(cx, &ready); }), 0U);
  const throttle gentle{{.name = "a name that is too long for a small string buffer"}};
  auto refused = [](context&) -> result<int> {
    return fail(errors::unavailable{{}, {}, std::nullopt});
  };
  const auto throttled = stack{gentle};
  EXPECT_EQ(allocations_of([&](context& cx) { return throttled.run(cx, refused); }), 0U);
  const auto unbudgeted = stack{retry{{.max_attempts = 9, .backoff = constant(0ms)}}.with_budget(
      retry_budget{in_flight_budget{.ratio = 0.5, .min = 0}})};
  EXPECT_EQ(allocations_of([&](context& cx) { return unbudgeted.run(cx, refused); }), 0U);
}

TEST(Allocations, SizesStaySmall) {
  EXPECT_LE(sizeof(circuit_breaker::permit), 24U);
  EXPECT_LE(sizeof(error), 64U);
  const auto before = testing::allocations();
  const circuit_breaker breaker{{.failure_rate = 0.5, .window = 10s, .slices = 10}};
  EXPECT_LE(testing::allocations() - before, 2U);  // the state (see its static_assert), the slices
}

}  // namespace
}  // namespace fairlead::policy
