// SPDX-License-Identifier: BSL-1.0
// Which of many equal events pass.
#include <fairlead/observe/repeat_limiter.hpp>

#include <gtest/gtest.h>

namespace fairlead::observe {
namespace {

using namespace std::chrono_literals;

const time_point start = time_point(1h);

TEST(RepeatLimiter, LetsSoManyPassInAWindow) {
  repeat_limiter l(2, 1s);
  EXPECT_TRUE(l.admit(7, start).passes);
  EXPECT_TRUE(l.admit(7, start + 900ms).passes);
  EXPECT_FALSE(l.admit(7, start + 900ms).passes);
  EXPECT_FALSE(l.admit(7, start + 999ms).passes);
  const auto next = l.admit(7, start + 1s);
  EXPECT_TRUE(next.passes);
  EXPECT_EQ(next.suppressed, 2U);
  const auto after = l.admit(7, start + 1s);
  EXPECT_TRUE(after.passes);
  EXPECT_EQ(after.suppressed, 0U);
  EXPECT_FALSE(l.admit(7, start + 1s).passes);
}

TEST(RepeatLimiter, KeysDoNotDisturbEachOther) {
  repeat_limiter l(1, 1s);
  for (std::uint64_t key = 0; key < 20; ++key) {
    EXPECT_TRUE(l.admit(key, start).passes) << key;
  }
  for (std::uint64_t key = 0; key < 20; ++key) {
    EXPECT_FALSE(l.admit(key, start).passes) << key;
  }
}

TEST(RepeatLimiter, AKeyThatKeepsComingIsRememberedAmongMany) {
  repeat_limiter l(1, 1h);
  int passed = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    passed += l.admit(42, start + i * 1ms).passes ? 1 : 0;
    passed += l.admit(43, start + i * 1ms).passes ? 1 : 0;
  }
  EXPECT_EQ(passed, 2);
}

TEST(RepeatLimiter, WhatWasForgottenBeginsAnew) {
  repeat_limiter l(1, 1h);
  EXPECT_TRUE(l.admit(1, start).passes);
  for (std::uint64_t key = 1'000; key < 11'000; ++key) {
    static_cast<void>(l.admit(key, start + 1ms));
  }
  const auto again = l.admit(1, start + 2ms);
  EXPECT_TRUE(again.passes);
  EXPECT_EQ(again.suppressed, 0U);
}

TEST(RepeatLimiter, AClockThatGoesBackIsNoWindow) {
  repeat_limiter l(1, 1s);
  EXPECT_TRUE(l.admit(1, start).passes);
  EXPECT_FALSE(l.admit(1, start - 1h).passes);
  EXPECT_TRUE(l.admit(1, start + 1s).passes);
}

}  // namespace
}  // namespace fairlead::observe
