// SPDX-License-Identifier: BSL-1.0
// The arithmetic of rate limits: the vectors of the field, and the corners.
#include <fairlead/policy/rate_core.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

// Midway in the life of a clock: nothing may depend on where time began.
const time_point zero{123'456'789s};

time_point at(duration t) {
  return zero + t;
}

rate_core core(rate_algorithm algorithm, std::uint32_t permits, duration period,
               std::optional<std::uint32_t> burst = {}) {
  const rate_limit_options o{
      .algorithm = algorithm, .permits = permits, .period = period, .burst = burst, .origin = zero};
  EXPECT_TRUE(problems_of(o).empty());
  return rate_core(o);
}

// How long the last of `n` single calls at `t` has to wait.
duration singles(rate_core& c, int n, duration t) {
  duration wait{};
  for (int i = 0; i < n; ++i) {
    wait = c.take(1, at(t)).due - at(t);
  }
  return wait;
}

duration wait(rate_core& c, std::uint32_t cost, duration t) {
  return c.take(cost, at(t)).due - at(t);
}

// The waits of single calls that are refused rather than wait.
std::vector<duration> refusing(rate_core c, const std::vector<duration>& times) {
  std::vector<duration> out;
  for (const auto t : times) {
    const auto due = c.due(1, at(t));
    if (due == at(t)) {
      (void)c.take(1, at(t));
    }
    out.push_back(due - at(t));
  }
  return out;
}

using waits = std::vector<duration>;

TEST(RateCore, L01Smooth) {
  auto c = core(rate_algorithm::smooth, 1, 500ms);
  // The next slot that is free, seen as what the next call would be told.
  const auto free = [&](duration t) { return c.due(1, at(t)) - zero; };
  EXPECT_EQ(singles(c, 7, 0ms), 3000ms);
  EXPECT_EQ(free(0ms), 3500ms);
  EXPECT_EQ(wait(c, 3, 800ms), 3700ms);
  EXPECT_EQ(free(800ms), 5000ms);
  EXPECT_EQ(wait(c, 1, 2300ms), 2700ms);
  EXPECT_EQ(free(2300ms), 5500ms);
  EXPECT_EQ(wait(c, 3, 3500ms), 3000ms);
  EXPECT_EQ(free(3500ms), 7000ms);
  EXPECT_EQ(wait(c, 3, 9100ms), 900ms);
  EXPECT_EQ(free(9100ms), 10500ms);
  EXPECT_EQ(wait(c, 1, 11000ms), 0ms);
  EXPECT_EQ(free(11000ms), 11500ms);
}

TEST(RateCore, SmoothCountsItsSlotsFromTheOriginNotFromTheFirstCall) {
  auto c = core(rate_algorithm::smooth, 4, 1s);
  EXPECT_EQ(wait(c, 1, 240ms), 0ms);
  EXPECT_EQ(wait(c, 1, 249ms), 1ms);
  EXPECT_EQ(wait(c, 1, 600ms), 0ms);  // slot 2, of which nobody has made use
  EXPECT_EQ(wait(c, 1, 700ms), 50ms);
  EXPECT_EQ(wait(c, 1, -10ms), 1010ms);  // whatever came after is taken
}

TEST(RateCore, SmoothSlotsThatAreNoWholeNanosecondsStayOnTheGrid) {
  auto c = core(rate_algorithm::smooth, 3, 1s);
  EXPECT_FALSE(c.is_one_word());
  for (int i = 0; i < 3'000'000; i += 999'999) {
    EXPECT_EQ(c.due(1, at(0s)) - zero, duration((i * 1'000'000'000LL + 2) / 3)) << i;
    (void)c.take(999'999, at(0s));
  }
}

TEST(RateCore, L03Bursty) {
  auto c = core(rate_algorithm::bursty, 2, 1s);
  EXPECT_EQ(singles(c, 7, 0ms), 3000ms);
  EXPECT_EQ(c.available(at(0ms)), -5);
  EXPECT_EQ(wait(c, 3, 800ms), 3200ms);
  EXPECT_EQ(c.available(at(800ms)), -8);
  EXPECT_EQ(wait(c, 1, 2300ms), 2700ms);
  EXPECT_EQ(c.available(at(2300ms)), -5);
  EXPECT_EQ(singles(c, 3, 3500ms), 2500ms);
  EXPECT_EQ(c.available(at(3500ms)), -6);
  EXPECT_EQ(wait(c, 1, 7000ms), 0ms);
  EXPECT_EQ(c.available(at(7000ms)), 1);
  EXPECT_EQ(c.available(at(1h)), 2);  // a long rest saves nothing up
}

TEST(RateCore, L05Gcra) {
  EXPECT_EQ(
      refusing(core(rate_algorithm::gcra, 10, 1s, 5), {0ms, 0ms, 0ms, 0ms, 0ms, 0ms, 100ms, 100ms}),
      (waits{0ms, 0ms, 0ms, 0ms, 0ms, 100ms, 0ms, 100ms}));
}

TEST(RateCore, TheBucketIsAsLargeAsThePermitsUnlessTold) {
  auto c = core(rate_algorithm::token_bucket, 3, 1s);
  EXPECT_EQ(c.available(at(0s)), 3);
  EXPECT_EQ(wait(c, 3, 0s), 0s);
  EXPECT_EQ(wait(c, 3, 1s),
            0s);  // a third of a second three times is one second, to the nanosecond
  EXPECT_EQ(wait(c, 1, 1s), duration(333'333'334));
  EXPECT_EQ(c.available(at(1s)), -1);
  EXPECT_EQ(c.available(at(2s)), 2);
}

TEST(RateCore, TokenBucketDecidesAsGcraDoes) {
  auto a = core(rate_algorithm::gcra, 7, 1s, 4);
  auto b = core(rate_algorithm::token_bucket, 7, 1s, 4);
  for (int i = 0; i < 200; ++i) {
    const auto cost = static_cast<std::uint32_t>(1 + i % 4);
    const auto t = i * 137ms;
    ASSERT_EQ(wait(a, cost, t), wait(b, cost, t)) << i;
    ASSERT_EQ(a.available(at(t)), b.available(at(t))) << i;
  }
}

TEST(RateCore, L09SlidingLog) {
  EXPECT_EQ(refusing(core(rate_algorithm::sliding_log, 3, 1s),
                     {0ms, 100ms, 200ms, 300ms, 999ms, 1000ms, 1099ms, 1100ms}),
            (waits{0ms, 0ms, 0ms, 700ms, 1ms, 0ms, 1ms, 0ms}));
}

TEST(RateCore, SlidingLogTakesSeveralAtOnceWhenTheyAreAllThere) {
  auto c = core(rate_algorithm::sliding_log, 3, 1s);
  EXPECT_EQ(wait(c, 1, 0ms), 0ms);
  EXPECT_EQ(wait(c, 1, 400ms), 0ms);
  EXPECT_EQ(wait(c, 2, 500ms), 500ms);
  EXPECT_EQ(wait(c, 3, 600ms), 1400ms);
  EXPECT_EQ(c.available(at(600ms)), 0);
}

// Instants of several threads do not come in order; starts do.
TEST(RateCore, NobodyStartsBeforeOneThatTookEarlier) {
  for (const auto algorithm : {rate_algorithm::sliding_log, rate_algorithm::sliding_counter}) {
    auto c = core(algorithm, 5, 1s);
    (void)c.take(1, at(100ms));
    EXPECT_EQ(c.due(1, at(50ms)), at(100ms)) << to_string(algorithm);
    (void)c.take(1, at(300ms));
    EXPECT_EQ(c.due(1, at(200ms)), at(300ms)) << to_string(algorithm);
    EXPECT_EQ(c.due(1, at(400ms)), at(400ms)) << to_string(algorithm);
  }
}

TEST(RateCore, SlidingCounterWeighsThePeriodBefore) {
  auto c = core(rate_algorithm::sliding_counter, 10, 1s);
  EXPECT_EQ(singles(c, 10, 500ms), 0ms);
  EXPECT_EQ(c.due(1, at(500ms)) - zero, 1100ms);  // a tenth of 10 has left the window
  EXPECT_EQ(c.due(5, at(500ms)) - zero, 1500ms);
  EXPECT_EQ(c.available(at(1499ms)), 4);
  EXPECT_EQ(c.available(at(1500ms)), 5);
  EXPECT_EQ(wait(c, 5, 1500ms), 0ms);
  EXPECT_EQ(wait(c, 1, 1500ms), 100ms);
  EXPECT_EQ(wait(c, 10, 1600ms), 1400ms);  // the window has to be empty of the 6 before it
}

TEST(RateCore, AHalfPeriodLaterAllIsForgotten) {
  for (const auto a : {rate_algorithm::gcra, rate_algorithm::smooth, rate_algorithm::sliding_log,
                       rate_algorithm::sliding_counter, rate_algorithm::bursty}) {
    auto c = core(a, 4, 1s);
    EXPECT_TRUE(c.untouched(at(0s))) << to_string(a);
    (void)c.take(1, at(0s));
    EXPECT_FALSE(c.untouched(at(1ms))) << to_string(a);
    EXPECT_TRUE(c.untouched(at(2s))) << to_string(a);
    EXPECT_EQ(c.available(at(2s)), a == rate_algorithm::smooth ? 1 : 4) << to_string(a);
  }
}

TEST(RateCore, GivesBackWhatNobodyHasBuiltUpon) {
  for (const auto a : {rate_algorithm::gcra, rate_algorithm::smooth, rate_algorithm::sliding_log,
                       rate_algorithm::sliding_counter, rate_algorithm::bursty}) {
    auto c = core(a, 3, 1s);
    (void)c.take(1, at(0s));
    const auto before = c.available(at(10ms));
    const auto taken = c.take(2, at(10ms));
    EXPECT_TRUE(c.give_back(taken)) << to_string(a);
    EXPECT_EQ(c.available(at(10ms)), before) << to_string(a);
  }
}

TEST(RateCore, GivesBackNoMoreThanWasTaken) {
  auto log = core(rate_algorithm::sliding_log, 5, 1s);
  (void)log.take(2, at(100ms));
  const auto third = log.take(1, at(100ms));
  EXPECT_TRUE(log.give_back(third));
  EXPECT_EQ(log.available(at(100ms)), 3);
  // From the middle of a ring that has gone round.
  auto ring = core(rate_algorithm::sliding_log, 3, 1s);
  for (const auto t : {0ms, 100ms, 200ms}) {
    (void)ring.take(1, at(t));
  }
  const auto middle = ring.take(1, at(1000ms));
  (void)ring.take(1, at(1100ms));
  EXPECT_TRUE(ring.give_back(middle));
  EXPECT_EQ(ring.available(at(1150ms)), 1);
  EXPECT_EQ(ring.due(2, at(1150ms)), at(1200ms));
  EXPECT_EQ(ring.due(3, at(1150ms)), at(2100ms));
  // Of the period before, but none that is older.
  auto counter = core(rate_algorithm::sliding_counter, 10, 1s);
  (void)counter.take(2, at(400ms));
  const auto late = counter.take(4, at(500ms));
  (void)counter.take(1, at(1200ms));
  EXPECT_TRUE(counter.give_back(late));
  EXPECT_EQ(counter.available(at(1500ms)), 10 - 1 - 1);
  auto older = core(rate_algorithm::sliding_counter, 10, 1s);
  const auto first = older.take(4, at(500ms));
  (void)older.take(6, at(1500ms));
  (void)older.take(1, at(2500ms));
  EXPECT_TRUE(older.give_back(first));
  EXPECT_EQ(older.available(at(2500ms)), 10 - 1 - 3);
  // Only once.
  auto bursts = core(rate_algorithm::bursty, 5, 1s);
  const auto taken = bursts.take(2, at(0ms));
  EXPECT_TRUE(bursts.give_back(taken));
  EXPECT_FALSE(bursts.give_back(taken));
  EXPECT_EQ(bursts.available(at(0ms)), 5);
}

TEST(RateCore, IsFullAgainAtTheVeryInstant) {
  for (const auto a : {rate_algorithm::gcra, rate_algorithm::smooth}) {
    auto c = core(a, 10, 1s, 1);
    (void)c.take(1, at(0ms));
    const auto early = at(100ms) - duration(1);
    EXPECT_FALSE(c.untouched(early)) << to_string(a);
    EXPECT_TRUE(c.untouched(at(100ms))) << to_string(a);
    EXPECT_FALSE(c.next_word(c.word(), 1, early)) << to_string(a);
    EXPECT_TRUE(c.next_word(c.word(), 1, at(100ms))) << to_string(a);
  }
  auto log = core(rate_algorithm::sliding_log, 2, 1s);
  (void)log.take(2, at(0ms));
  EXPECT_EQ(log.available(at(1s) - duration(1)), 0);
  EXPECT_EQ(log.available(at(1s)), 2);
}

TEST(RateCore, AvailableCountsWhatWasTakenInAdvance) {
  auto slots = core(rate_algorithm::smooth, 10, 1s);
  EXPECT_EQ(slots.available(at(0ms)), 1);
  (void)slots.take(3, at(0ms));
  EXPECT_EQ(slots.available(at(0ms)), -2);
}

TEST(RateCore, DoesNotGiveBackWhatOthersWereToldSince) {
  for (const auto a : {rate_algorithm::gcra, rate_algorithm::smooth, rate_algorithm::bursty}) {
    auto c = core(a, 2, 1s);
    const auto taken = c.take(1, at(0s));
    (void)c.take(1, at(900ms));
    const auto before = c.available(at(900ms));
    EXPECT_FALSE(c.give_back(taken)) << to_string(a);
    EXPECT_EQ(c.available(at(900ms)), before) << to_string(a);
  }
}

TEST(RateCore, ExtremesSaturate) {
  const rate_limit_options slowest{.permits = 1, .period = 24h * 365 * 30};
  ASSERT_TRUE(problems_of(slowest).empty());
  rate_core slow(slowest);
  for (int i = 0; i < 20; ++i) {
    (void)slow.take(1, zero);
  }
  EXPECT_EQ(slow.due(1, zero), no_deadline);

  const rate_limit_options dearest{.algorithm = rate_algorithm::smooth, .permits = 1, .period = 1h};
  rate_core dear(dearest);
  (void)dear.take(std::numeric_limits<std::uint32_t>::max(), zero);
  EXPECT_EQ(dear.due(std::numeric_limits<std::uint32_t>::max(), zero), no_deadline);

  const rate_limit_options fastest{.permits = 1'000'000'000, .period = 1ns};
  ASSERT_TRUE(problems_of(fastest).empty());
  rate_core fast(fastest);
  (void)fast.take(1'000'000'000, zero);
  EXPECT_EQ(fast.due(1, zero), zero + 1ns);
  EXPECT_EQ(fast.due(1'000'000'000, zero), zero + 1ns);
}

TEST(RateCore, OneWordDecidesAsTheWholeDoes) {
  for (const auto a : {rate_algorithm::gcra, rate_algorithm::smooth}) {
    auto c = core(a, 4, 1s, 3);
    ASSERT_TRUE(c.is_one_word());
    auto word = c.word();
    for (int i = 0; i < 300; ++i) {
      const auto now = at(i * 83ms);
      const auto cost = static_cast<std::uint32_t>(a == rate_algorithm::gcra ? 1 + i % 3 : 1);
      const auto next = c.next_word(word, cost, now);
      ASSERT_EQ(next.has_value(), c.due(cost, now) == now) << i;
      if (next) {
        (void)c.take(cost, now);
        word = *next;
      }
      ASSERT_EQ(word, c.word()) << i;
    }
  }
}

// L07
TEST(RateCore, L07WhatCanNeverBeHadIsKnownBefore) {
  rate_limit_options o{.permits = 10, .burst = 5};
  EXPECT_EQ(max_cost(o), 5U);
  o.burst.reset();
  EXPECT_EQ(max_cost(o), 10U);
  o.algorithm = rate_algorithm::sliding_log;
  o.burst = 20;
  EXPECT_EQ(max_cost(o), 10U);
  o.algorithm = rate_algorithm::smooth;
  EXPECT_EQ(max_cost(o), 20U);
  o.burst.reset();
  EXPECT_EQ(max_cost(o), 0U);  // slot after slot, any number comes
}

TEST(RateCore, EveryProblemIsReported) {
  EXPECT_EQ(problems_of(
                rate_limit_options{.period = -1s, .burst = 0, .max_wait = -1ms, .pause_cap = -1s}),
            (std::vector<std::string>{"permits is 0", "period must be positive", "burst is 0",
                                      "max_wait is negative", "pause_cap is negative"}));
  EXPECT_EQ(problems_of({.permits = 2'000'000'000}).size(), 1U);
  EXPECT_EQ(problems_of({.algorithm = rate_algorithm::sliding_log, .permits = 2'000'000}).size(),
            1U);
  EXPECT_EQ(problems_of({.permits = 1, .period = duration::max()}).size(), 1U);
  EXPECT_EQ(problems_of({.permits = 1, .period = 24h * 365, .burst = 100}),
            (std::vector<std::string>{"burst takes longer than 36 years to come back"}));
}

}  // namespace
}  // namespace fairlead::policy
