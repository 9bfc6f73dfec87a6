// SPDX-License-Identifier: BSL-1.0
// The control laws and the windows, alone.
#include <fairlead/core/random.hpp>
#include <fairlead/policy/adaptive_core.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

const time_point start{1000s};

limit_sample took(double seconds, std::uint32_t in_flight) {
  return {.latency = seconds, .throughput = in_flight / seconds, .in_flight = in_flight};
}
limit_sample dropped(std::uint32_t in_flight, std::uint32_t calls = 1) {
  return {.in_flight = in_flight, .calls = calls, .failures = calls};
}

adaptive_core starting_at(limit_algorithm algorithm, std::uint32_t initial,
                          std::uint32_t max = 20'000, std::uint32_t min = 1) {
  return adaptive_core({.algorithm = algorithm, .initial = initial, .min = min, .max = max});
}

// V01 to V05: Netflix' own tests of VegasLimit.
TEST(VegasLaw, V01GrowsFastWithoutAQueue) {
  auto core = starting_at(limit_algorithm::vegas, 10);
  core.update(took(.010, 10));
  EXPECT_EQ(core.limit(), 10U);
  core.update(took(.010, 11));
  EXPECT_EQ(core.limit(), 16U);
}

TEST(VegasLaw, V02ShrinksWithALongQueue) {
  auto core = starting_at(limit_algorithm::vegas, 10);
  core.update(took(.010, 10));
  core.update(took(.050, 11));
  EXPECT_EQ(core.limit(), 9U);
}

TEST(VegasLaw, V03StaysInBetween) {
  auto core = starting_at(limit_algorithm::vegas, 10);
  core.update(took(.010, 10));
  core.update(took(.014, 14));
  EXPECT_EQ(core.limit(), 10U);
}

TEST(VegasLaw, V04StaysWhereItIsNotUsed) {
  auto core = starting_at(limit_algorithm::vegas, 10);
  core.update(took(.010, 4));
  core.update(took(.010, 4));
  EXPECT_EQ(core.limit(), 10U);
}

TEST(VegasLaw, V05StepsGrowWithTheLimit) {
  auto core = starting_at(limit_algorithm::vegas, 10'000);
  core.update(took(10, 5'000));
  EXPECT_EQ(core.limit(), 10'000U);
  core.update(took(10, 6'000));
  EXPECT_EQ(core.limit(), 10'024U);
}

// Netflix#88, #92, #165: a backend that became slower for good.
TEST(VegasLaw, V06MeasuresTheShortestLatencyAnew) {
  auto core = starting_at(limit_algorithm::vegas, 10);
  core.update(took(.010, 10));
  std::uint32_t least = 10;
  for (int i = 0; i < 2'000; ++i) {
    core.update(took(.100, core.limit()));
    least = std::min(least, core.limit());
  }
  EXPECT_LT(least, 8U);
  EXPECT_GT(core.limit(), 100U);
}

// V07
TEST(Gradient2Law, V07GrowsByAFifthOfItsHeadroom) {
  auto core = starting_at(limit_algorithm::gradient2, 20);
  for (const double expected : {20.8, 21.6, 22.4, 23.2, 24.0}) {
    core.update(took(.1, core.limit()));
    EXPECT_NEAR(core.exact_limit(), expected, 1e-9);
  }
}

TEST(Gradient2Law, V08StaysWhereItIsNotUsed) {
  auto core = starting_at(limit_algorithm::gradient2, 20);
  for (int i = 0; i < 100; ++i) {
    core.update(took(.1, 9));
  }
  EXPECT_EQ(core.exact_limit(), 20);
  core.update(took(.1, 10));
  EXPECT_NEAR(core.exact_limit(), 20.8, 1e-9);
}

TEST(Gradient2Law, NeverShrinksByMoreThanItsShareOfAHalf) {
  auto core = starting_at(limit_algorithm::gradient2, 100);
  for (int i = 0; i < 20; ++i) {
    core.update(took(.1, 5));  // learns the latency, does not move
  }
  core.update({.latency = 10, .throughput = 9000, .in_flight = 100});  // more gets done: no guard
  EXPECT_NEAR(core.exact_limit(), .8 * 100 + .2 * (50 + 4), 1e-9);
}

TEST(Gradient2Law, TheGuardShrinksFasterWhenMoreTakesLongerAndNoMoreGetsDone) {
  auto core = starting_at(limit_algorithm::gradient2, 100);
  for (int i = 0; i < 20; ++i) {
    core.update({.latency = .1, .throughput = 500, .in_flight = 49});
  }
  core.update({.latency = .2, .throughput = 500, .in_flight = 100});
  EXPECT_LT(core.exact_limit(), .6 * 100 + .4 * (51 + 4));
}

// V09
TEST(AimdLaw, V09ATenthLessAfterADrop) {
  auto core = starting_at(limit_algorithm::aimd, 30, 200, 20);
  core.update(dropped(30));
  EXPECT_EQ(core.limit(), 27U);
  auto least = starting_at(limit_algorithm::aimd, 20, 200, 20);
  least.update(dropped(20));
  EXPECT_EQ(least.limit(), 20U);
}

TEST(AimdLaw, V10OneMoreWhileItIsUsed) {
  auto core = starting_at(limit_algorithm::aimd, 20, 21);
  core.update(took(.1, 9));
  EXPECT_EQ(core.limit(), 20U);
  core.update(took(.1, 10));
  EXPECT_EQ(core.limit(), 21U);
  core.update(took(.1, 21));
  EXPECT_EQ(core.limit(), 21U);
  core.update(took(5.1, 21));  // slow
  EXPECT_EQ(core.limit(), 18U);
}

// V13: failsafe-go's table, with a baseline of 1 s.
TEST(CorrelatedLaw, V13StepsAgainstTheBaseline) {
  const auto at_baseline = [] {
    auto core = starting_at(limit_algorithm::correlated, 20);
    core.update(took(1, 9));
    EXPECT_EQ(core.limit(), 20U);
    return core;
  };
  auto core = at_baseline();
  core.update(took(1, 20));
  EXPECT_EQ(core.limit(), 21U);
  core.update(took(.5, 21));
  EXPECT_EQ(core.limit(), 22U);
  core = at_baseline();
  core.update(took(2, 20));
  EXPECT_EQ(core.limit(), 19U);
  core.update(took(2, 20));
  EXPECT_EQ(core.limit(), 18U);
  core = at_baseline();
  core.update(took(1.3, 20));
  EXPECT_EQ(core.limit(), 20U);
}

TEST(CorrelatedLaw, V14ShrinksWhenMoreCallsOnlyTakeLonger) {
  auto core = starting_at(limit_algorithm::correlated, 100);
  for (int i = 0; i < 30; ++i) {
    core.update({.latency = 1, .throughput = 50, .in_flight = 49});
  }
  const auto before = core.limit();
  for (std::uint32_t n = 50; n < 62; ++n) {  // no more gets done, and it takes n / 50 s
    core.update({.latency = n / 50., .throughput = 50, .in_flight = n});
  }
  EXPECT_LT(core.limit(), before);
}

TEST(CorrelatedLaw, ComesDownFromALimitFarAboveWhatIsUsed) {
  auto core = starting_at(limit_algorithm::correlated, 200);
  for (int i = 0; i < 500; ++i) {
    core.update(took(1, 10));
  }
  EXPECT_EQ(core.limit(), 50U);
}

// V11, Netflix#176
TEST(LimitLaws, V11QuickFailuresSayNothingAboutLatency) {
  for (const auto a : {limit_algorithm::gradient2, limit_algorithm::vegas, limit_algorithm::aimd,
                       limit_algorithm::correlated}) {
    adaptive_core core({.algorithm = a, .initial = 20, .window = 0s, .min_samples = 2});
    adaptive_core without({.algorithm = a, .initial = 20, .window = 0s, .min_samples = 2});
    for (int i = 0; i < 3; ++i) {
      core.end(start, 20, verdict::failure, start);
      core.end(start, 20, verdict::fatal, start);
    }
    EXPECT_LT(core.limit(), 20U) << to_string(a);
    const auto low = core.exact_limit();
    for (int i = 0; i < 2; ++i) {  // the first latency it ever saw is the usual one
      core.end(start, 20, verdict::success, start + 100ms);
      core.end(start, 20, verdict::success, start + 100ms);
    }
    EXPECT_GT(core.exact_limit(), low) << to_string(a);
  }
}

// brpc#1006: a limit of 0 locks everybody out.
TEST(LimitLaws, V12NeverLeaveTheirBounds) {
  for (const auto a : {limit_algorithm::gradient2, limit_algorithm::vegas, limit_algorithm::aimd,
                       limit_algorithm::correlated}) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      random_source r(seed);
      const auto min = static_cast<std::uint32_t>(1 + r.below(5));
      const auto max = min + static_cast<std::uint32_t>(r.below(1000));
      auto core =
          starting_at(a, min + static_cast<std::uint32_t>(r.below(max - min + 1)), max, min);
      for (int i = 0; i < 300; ++i) {
        const auto in_flight = static_cast<std::uint32_t>(r.below(2 * max));
        const auto latency = r.below(5) == 0 ? 0 : std::pow(10, 9 * r.uniform() - 6);
        const auto failures = static_cast<std::uint32_t>(r.below(4) == 0 ? r.below(11) : 0);
        core.update({.latency = latency,
                     .throughput = 1000 * r.uniform(),
                     .in_flight = in_flight,
                     .calls = 10,
                     .failures = failures});
        ASSERT_TRUE(std::isfinite(core.exact_limit())) << to_string(a) << " seed " << seed;
        ASSERT_GE(core.limit(), min) << to_string(a) << " seed " << seed;
        ASSERT_LE(core.limit(), max) << to_string(a) << " seed " << seed;
      }
    }
    auto one = starting_at(a, 1);
    for (int i = 0; i < 100; ++i) {
      one.update(dropped(1));
    }
    EXPECT_EQ(one.limit(), 1U);
    one.update(took(.1, 1));
    one.update(took(.1, 1));
    EXPECT_GT(one.exact_limit(), 1) << to_string(a);  // and it comes back from there
  }
}

TEST(AdaptiveCore, MovesOncePerWindowAndOnlyWithEnoughSamples) {
  adaptive_core core({.initial = 20, .window = 1s, .min_samples = 10});
  auto now = start;
  for (int i = 0; i < 9; ++i) {
    now += 200ms;
    EXPECT_FALSE(core.end(now - 100ms, 20, verdict::success, now));
  }
  EXPECT_EQ(core.exact_limit(), 20);
  core.end(now, 20, verdict::neutral, now + 10s);
  EXPECT_EQ(core.exact_limit(), 20);
  now += 200ms;
  core.end(now - 100ms, 20, verdict::success, now);
  EXPECT_NEAR(core.exact_limit(), 20.8, 1e-9);
  for (int i = 0; i < 100; ++i) {  // many at once, but no second yet
    core.end(now - 100ms, 20, verdict::success, now + 999ms);
  }
  EXPECT_NEAR(core.exact_limit(), 20.8, 1e-9);
  core.end(now, 20, verdict::success, now + 1s);
  EXPECT_GT(core.exact_limit(), 20.8);
}

TEST(AdaptiveCore, AWindowOfFailuresShrinksIt) {
  adaptive_core core({.initial = 20, .window = 1s, .min_samples = 10});
  auto now = start;
  for (int i = 0; i < 12; ++i) {
    now += 100ms;
    core.end(now, 1, verdict::failure, now);  // also where few calls are in flight
  }
  EXPECT_EQ(core.exact_limit(), 18);
}

TEST(AdaptiveCore, AFewFailuresInAWindowDoNotShrinkIt) {
  adaptive_core core({.window = 0s, .min_samples = 10});
  for (int i = 0; i < 9; ++i) {
    EXPECT_FALSE(core.end(start, 15, verdict::success, start + 10ms));
  }
  (void)core.end(start, 15, verdict::failure, start + 10ms);
  EXPECT_GT(core.exact_limit(), 20);
}

// What the guard of gradient2 goes by: longer, and no more of them.
TEST(AdaptiveCore, MeasuresThroughputOverTheWindow) {
  adaptive_core busy({.window = 0s, .min_samples = 1});
  (void)busy.end(start, 15, verdict::success, start + 10ms);
  const auto before = busy.exact_limit();
  (void)busy.end(start + 10ms, 15, verdict::success, start + 26ms);
  EXPECT_LT(busy.exact_limit(), before);
  // A window of no length has none that is known.
  adaptive_core sudden({.window = 0s, .min_samples = 1});
  (void)sudden.end(start, 15, verdict::success, start + 10s);
  (void)sudden.end(start, 15, verdict::success, start + 10s);
  const auto then = sudden.exact_limit();
  (void)sudden.end(start + 10s, 15, verdict::success, start + 26s);
  EXPECT_GT(sudden.exact_limit(), then);
  // Only successes get done.
  adaptive_core failing({.window = 0s, .min_samples = 3});
  for (const auto v : {verdict::success, verdict::failure, verdict::success}) {
    (void)failing.end(start, 15, v, start + 10ms);
  }
  const auto ago = failing.exact_limit();
  for (int i = 0; i < 3; ++i) {
    (void)failing.end(start + 10ms, 15, verdict::success, start + 24ms);
  }
  EXPECT_GT(failing.exact_limit(), ago);
}

TEST(AdaptiveCore, AWindowIsASecondAndTenCallsAndWithAimdEveryCall) {
  for (const auto algorithm :
       {limit_algorithm::gradient2, limit_algorithm::vegas, limit_algorithm::correlated}) {
    adaptive_core core({.algorithm = algorithm});
    const auto end = [&](duration at) {
      const auto before = core.exact_limit();
      (void)core.end(start, 20, verdict::fatal, start + at);
      return core.exact_limit() != before;
    };
    EXPECT_FALSE(end(0s));
    EXPECT_FALSE(end(999ms)) << "too few";
    for (int i = 2; i < 9; ++i) {
      EXPECT_FALSE(end(999ms));
    }
    EXPECT_FALSE(end(999'999'999ns)) << "too early";
    EXPECT_TRUE(end(1s));
    for (int i = 0; i < 9; ++i) {
      EXPECT_FALSE(end(2s)) << "too few";
    }
    EXPECT_TRUE(end(2s));
  }
  adaptive_core aimd({.algorithm = limit_algorithm::aimd});
  EXPECT_TRUE(aimd.end(start, 20, verdict::failure, start));
  EXPECT_EQ(aimd.limit(), 18U);
  EXPECT_TRUE(aimd.end(start, 20, verdict::failure, start));
}

TEST(AdaptiveCore, NamesEveryProblem) {
  EXPECT_TRUE(problems_of(adaptive_options{}).empty());
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(problems_of(adaptive_options{.min = 0,
                                         .max = 1U << 25U,
                                         .window = -1s,
                                         .min_samples = 0,
                                         .max_wait = -1s,
                                         .smoothing = 0,
                                         .tolerance = nan,
                                         .long_window = 0,
                                         .backoff = 1,
                                         .slow = 0s})
                .size(),
            10U);
  EXPECT_EQ(problems_of(adaptive_options{.initial = 5, .min = 9, .max = 8}).size(), 2U);
  EXPECT_EQ(adaptive_core({.max = 10}).limit(), 10U);
  EXPECT_EQ(adaptive_core({.min = 30}).limit(), 30U);
  EXPECT_EQ(adaptive_core({}).limit(), 20U);
  EXPECT_EQ(problems_of(adaptive_options{.initial = 300}).size(), 1U);
}

TEST(AdaptiveCore, WhatIsJustRightIsNoProblem) {
  for (const auto& good :
       {adaptive_options{.initial = 3, .min = 3, .max = 3, .window = 0s, .min_samples = 1},
        adaptive_options{.initial = 1U << 24U, .max = 1U << 24U, .smoothing = 1, .tolerance = 1},
        adaptive_options{.smoothing = 0.01, .long_window = 1, .backoff = 0.01, .slow = duration(1)},
        adaptive_options{.algorithm = limit_algorithm::correlated, .backoff = 0.99}}) {
    EXPECT_TRUE(problems_of(good).empty()) << problems_of(good).front();
  }
  constexpr auto infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(problems_of(adaptive_options{.max = (1U << 24U) + 1}).size(), 1U);
  EXPECT_EQ(problems_of(adaptive_options{.smoothing = 1.1}).size(), 1U);
  EXPECT_EQ(problems_of(adaptive_options{.tolerance = infinite}).size(), 1U);
  EXPECT_EQ(problems_of(adaptive_options{.tolerance = 0.9}).size(), 1U);
  EXPECT_EQ(problems_of(adaptive_options{.backoff = 0}).size(), 1U);
  EXPECT_EQ(problems_of(adaptive_options{.initial = 2, .min = 3}).size(), 1U);
  EXPECT_EQ(problems_of(adaptive_options{.algorithm = static_cast<limit_algorithm>(9)}).size(), 1U);
}

}  // namespace
}  // namespace fairlead::policy
