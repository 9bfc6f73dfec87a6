// SPDX-License-Identifier: BSL-1.0
// Vectors B01 to B10, B29 and B43 of the acceptance list, on the state machine alone: what opens a
// breaker.
#include "policy/breaker_bench.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

TEST(BreakerCore, B01ConsecutiveFailures) {
  bench b(consecutive(3));
  EXPECT_EQ(b.play("FSFF F"), "CCCCO");
}

TEST(BreakerCore, B02FatalFailuresCountTooAndNeutralOnesNeitherCountNorReset) {
  bench b(consecutive(3));
  EXPECT_EQ(b.play("FNXN F"), "CCCCO");
}

TEST(BreakerCore, B03SomeOfTheLastFew) {
  bench b({.failures = 3, .of = 4, .break_for = 5s});
  std::string script;
  for (int i = 0; i < 20; ++i) {
    script += "SF";
  }
  EXPECT_EQ(b.play(script), std::string(40, 'C'));
  EXPECT_EQ(b.play("FSF"), "O" + std::string("RR"));
  bench early({.failures = 3, .of = 4});
  EXPECT_EQ(early.play("FFF"), "CCO");
}

TEST(BreakerCore, B05RateOverACountWindow) {
  bench b({.failure_rate = 0.5, .min_throughput = 5, .window_calls = 10, .break_for = 5s});
  EXPECT_EQ(b.play("SSSFFF"), "CCCCCO");
}

TEST(BreakerCore, ACountWindowForgetsTheOldest) {
  bench b({.failure_rate = 0.6, .min_throughput = 5, .window_calls = 5, .break_for = 5s});
  EXPECT_EQ(b.play("FFSSS SSFF"), "CCCCCCCCC");
  EXPECT_EQ(b.metrics().failures, 2U);
  EXPECT_EQ(b.metrics().recorded, 5U);
  EXPECT_EQ(b.play("F"), "O");
}

TEST(BreakerCore, B07RateOverATimeWindow) {
  bench b({.failure_rate = 1, .min_throughput = 100, .window = 10s, .slices = 10});
  struct row {
    const char* round;
    std::uint64_t calls;
    double rate;
    std::uint64_t failures;
  };
  for (const auto& r : {row{"FS", 2, .5, 1}, row{"FS", 4, .5, 2}, row{"SS", 6, 2. / 6, 2},
                        row{"SS", 8, .25, 2}, row{"SS", 8, .125, 1}}) {
    b.play(r.round);
    b.now += 2s;
    const auto m = b.metrics();
    EXPECT_EQ(m.recorded, r.calls);
    EXPECT_DOUBLE_EQ(m.failure_rate, r.rate);
    EXPECT_EQ(m.failures, r.failures);
  }
  b.now += 2s;
  EXPECT_EQ(b.metrics().recorded, 6U);
  EXPECT_EQ(b.metrics().failures, 0U);
  EXPECT_DOUBLE_EQ(b.metrics().failure_rate, 0);
}

TEST(BreakerCore, B08ATimeWindowEmptiesInALongPause) {
  bench b({.failure_rate = .5, .min_throughput = 4, .window = 10s});
  EXPECT_EQ(b.play("FFF"), "CCC");
  b.now += 10s;
  EXPECT_EQ(b.play("F"), "C");
  EXPECT_EQ(b.metrics().recorded, 1U);
  EXPECT_EQ(b.play("SFF"), "CCO");
}

TEST(BreakerCore, B09SlowCalls) {
  bench b({.slow_call_rate = .6, .slow_threshold = 2s, .window_calls = 5});
  std::string states;
  for (const auto length : {3s, 1s, 3s, 1s, 3s}) {
    b.slow_success(length);
    states += b.letter();
  }
  EXPECT_EQ(states, "CCCCO");
}

TEST(BreakerCore, ACallOfExactlyTheThresholdIsSlow) {
  bench b({.slow_call_rate = 1, .slow_threshold = 2s, .min_throughput = 1, .window_calls = 5});
  b.slow_success(2s - 1ns);
  EXPECT_EQ(b.letter(), 'C');
  bench c({.slow_call_rate = 1, .slow_threshold = 2s, .min_throughput = 1, .window_calls = 5});
  c.slow_success(2s);
  EXPECT_EQ(c.letter(), 'O');
}

// resilience4j#1597: a backend that hangs is noticed before any call has come back.
TEST(BreakerCore, B10CallsInFlightPastTheThresholdAreSlowAlready) {
  bench b({.slow_call_rate = .5,
           .slow_threshold = 2s,
           .min_throughput = 4,
           .window = 10s,
           .break_for = 5s});
  std::vector<breaker_ticket> hanging;
  for (int i = 0; i < 4; ++i) {
    hanging.push_back(b.admit().ticket);
  }
  b.now += 1900ms;
  EXPECT_TRUE(b.admit().admitted);
  EXPECT_EQ(b.metrics().slow, 0U);
  b.now += 350ms;
  EXPECT_EQ(b.metrics().slow, 4U);
  const auto refused = b.admit();
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.retry_after, 5s);
  EXPECT_EQ(b.letter(), 'O');
  for (const auto& t : hanging) {
    b.complete(t, verdict::success);  // of an era that is over
  }
  EXPECT_EQ(b.changes, "CO ");
}

TEST(BreakerCore, CallsThatCameBackAreNotInFlight) {
  bench b({.slow_call_rate = 1, .slow_threshold = 2s, .min_throughput = 1, .window = 100s});
  const auto quick = b.admit().ticket;
  const auto gone = b.admit().ticket;
  b.now += 1s;
  b.complete(quick, verdict::success);
  b.complete(gone, verdict::neutral);
  b.now += 10s;
  EXPECT_EQ(b.metrics().slow, 0U);
  EXPECT_EQ(b.metrics().recorded, 1U);
  EXPECT_TRUE(b.admit().admitted);
}

TEST(BreakerCore, B29DisabledCountsNothingAndMetricsOnlyCountsAll) {
  bench off(consecutive(1));
  off.core.disable(off.now);
  EXPECT_EQ(off.play(std::string(100, 'F')), std::string(100, 'D'));
  EXPECT_EQ(off.metrics().recorded, 0U);
  bench watch(consecutive(1));
  watch.core.metrics_only(watch.now);
  EXPECT_EQ(watch.play(std::string(100, 'F')), std::string(100, 'M'));
  EXPECT_EQ(watch.metrics().recorded, 100U);
  EXPECT_DOUBLE_EQ(watch.metrics().failure_rate, 1);
}

TEST(BreakerCore, B04AsManyAsAllOfTheLastFew) {
  bench b({.failures = 3, .of = 3, .break_for = 5s});
  EXPECT_EQ(b.play("FFSFFSFFF"), "CCCCCCCCO");
}

TEST(BreakerCore, B06ARateOfOneNeedsAllAndTheMinimumTooIsInclusive) {
  bench b({.failure_rate = 1, .min_throughput = 3, .window_calls = 3, .break_for = 5s});
  EXPECT_EQ(b.play("FFSFFF"), "CCCCCO");
}

TEST(BreakerCore, StatesHaveNames) {
  std::string all;
  for (const auto s :
       {breaker_state::closed, breaker_state::open, breaker_state::half_open,
        breaker_state::isolated, breaker_state::disabled, breaker_state::metrics_only}) {
    all.append(to_string(s)).append(" ");
  }
  EXPECT_EQ(all, "closed open half_open isolated disabled metrics_only ");
}

TEST(BreakerCore, B43TooFewCallsNeverOpenARate) {
  bench b({.failure_rate = .5, .min_throughput = 20, .window = 10s});
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(b.play("F"), "C");
    b.now += 1s;
  }
}

TEST(BreakerCore, B43AConsecutiveRuleComposesToCoverIt) {
  bench b({.consecutive_failures = 7, .failure_rate = .5, .min_throughput = 20, .window = 10s});
  EXPECT_EQ(b.play("FFFFFF"), "CCCCCC");
  EXPECT_EQ(b.play("F"), "O");
}

TEST(BreakerCore, ASuccessCanBringTheRateOverTheMinimum) {
  bench b({.failure_rate = .5, .min_throughput = 4, .window_calls = 10, .break_for = 5s});
  EXPECT_EQ(b.play("FFFS"), "CCCO");
}

TEST(BreakerOptions, TheDefaultsAreSound) {
  EXPECT_TRUE(problems_of(breaker_options{}).empty());
  const breaker_core core(breaker_options{.name = "somebody else's text"});
  EXPECT_TRUE(core.options().name.empty());
  EXPECT_EQ(core.options().consecutive_failures, 5U);
  EXPECT_EQ(core.options().of_probes, 2U);
  EXPECT_EQ(core.options().break_for, 60s);
}

TEST(BreakerOptions, TheLeastThroughputDependsOnTheWindow) {
  const auto least = [](std::uint32_t window_calls) {
    return breaker_core({.failure_rate = .5, .window_calls = window_calls})
        .options()
        .min_throughput;
  };
  EXPECT_EQ(least(0), 20U);  // a window of time
  EXPECT_EQ(least(1), 1U);
  EXPECT_EQ(least(19), 19U);
  EXPECT_EQ(least(100), 20U);
}

TEST(BreakerCore, ReportsRates) {
  bench b({.slow_call_rate = 1, .slow_threshold = 2s, .window_calls = 100});
  EXPECT_DOUBLE_EQ(b.metrics().failure_rate, 0);
  EXPECT_DOUBLE_EQ(b.metrics().slow_call_rate, 0);
  b.play("F");
  EXPECT_DOUBLE_EQ(b.metrics().failure_rate, 1);
  b.slow_success(3s);
  EXPECT_DOUBLE_EQ(b.metrics().failure_rate, .5);
  EXPECT_DOUBLE_EQ(b.metrics().slow_call_rate, .5);
}

TEST(BreakerCore, SuccessesArePlainOnlyWhereOutcomesAreCounted) {
  bench b(consecutive(1));
  EXPECT_TRUE(b.core.success_is_plain());
  b.core.metrics_only(b.now);
  EXPECT_TRUE(b.core.success_is_plain());
  b.core.disable(b.now);
  EXPECT_FALSE(b.core.success_is_plain());
  b.core.isolate(b.now);
  EXPECT_FALSE(b.core.success_is_plain());
  b.core.open_until(b.now, b.now);
  EXPECT_FALSE(b.core.success_is_plain());
  (void)b.admit();
  EXPECT_FALSE(b.core.success_is_plain());
}

TEST(BreakerOptions, NamesEveryProblemAtOnce) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto found = problems_of({.consecutive_failures = 0,
                                  .failures = 5,
                                  .of = 4,
                                  .failure_rate = nan,
                                  .slow_call_rate = -1,
                                  .slow_threshold = 0s,
                                  .min_throughput = 0,
                                  .window = 0s,
                                  .slices = 0,
                                  .break_for = -1s,
                                  .break_multiplier = .5,
                                  .break_cap = -1s,
                                  .break_jitter = 2,
                                  .probes = 0,
                                  .successes = 0,
                                  .probe_lease = 0s});
  EXPECT_EQ(found.size(), 15U);
  EXPECT_EQ(problems_of({.failures = 1}).front(), "failures and of must be given together");
  EXPECT_EQ(problems_of({.min_throughput = 11, .window_calls = 10}).size(), 1U);
  EXPECT_EQ(problems_of({.successes = 3, .of_probes = 2}).size(), 1U);
  EXPECT_EQ(problems_of({.failures = 1, .of = 1U << 21U}).size(), 1U);
}

}  // namespace
}  // namespace fairlead::policy
