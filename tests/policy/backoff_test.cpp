// SPDX-License-Identifier: BSL-1.0
// Vectors R05 to R09 and R29 of the acceptance list, and the edges of the arithmetic.
#include <fairlead/core/random.hpp>
#include <fairlead/policy/backoff.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

std::vector<long> first_ms(const backoff_options& options, int n, double uniform) {
  backoff_sequence s;
  std::vector<long> out;
  for (int i = 0; i < n; ++i) {
    out.push_back(static_cast<long>(s.next(options, uniform) / 1ms));
  }
  return out;
}

backoff_options plain(backoff_options o) {
  o.jitter = jitter::none;
  return o;
}

using waits = std::vector<long>;

TEST(Backoff, R05GrowsAsItsKindSays) {
  EXPECT_EQ(first_ms(plain(exponential(1s)), 3, 0), (waits{1000, 2000, 4000}));
  EXPECT_EQ(first_ms(plain(exponential(1s, 2, 3s)), 4, 0), (waits{1000, 2000, 3000, 3000}));
  EXPECT_EQ(first_ms(plain(linear(1s)), 3, 0), (waits{1000, 2000, 3000}));
  EXPECT_EQ(first_ms(plain(constant(1s)), 3, 0), (waits{1000, 1000, 1000}));
  EXPECT_EQ(first_ms(plain(exponential(1s, 1.5)), 3, 0), (waits{1000, 1500, 2250}));
}

TEST(Backoff, R06FullJitterIsAShareOfTheMean) {
  const auto o = exponential(100ms, 2, 1s);
  EXPECT_EQ(first_ms(o, 5, 0.5), (waits{50, 100, 200, 400, 500}));
  EXPECT_EQ(first_ms(o, 5, 0), (waits{0, 0, 0, 0, 0}));
}

TEST(Backoff, R07EqualJitterKeepsHalfTheMean) {
  auto o = exponential(100ms, 2, 1s);
  o.jitter = jitter::equal;
  EXPECT_EQ(first_ms(o, 5, 0.5), (waits{75, 150, 300, 600, 750}));
}

TEST(Backoff, R09FactorJitterIsSymmetric) {
  auto o = constant(1s);
  o.jitter = jitter::factor;
  EXPECT_EQ(first_ms(o, 1, 0), (waits{750}));
  EXPECT_EQ(first_ms(o, 1, 0.4), (waits{950}));
  EXPECT_EQ(first_ms(o, 1, 0.6), (waits{1050}));
  EXPECT_EQ(first_ms(o, 1, 1), (waits{1250}));
  auto third = linear(1s);
  third.jitter = jitter::factor;
  EXPECT_EQ(first_ms(third, 3, 0)[2], 2250);
  EXPECT_EQ(first_ms(third, 3, 0.5)[2], 3000);
  EXPECT_EQ(first_ms(third, 3, 1)[2], 3750);
}

TEST(Backoff, DecorrelatedJitterGrowsFromTheLastWait) {
  auto o = exponential(100ms, 2, 1s);
  o.jitter = jitter::decorrelated;
  EXPECT_EQ(first_ms(o, 6, 0.5), (waits{200, 350, 575, 912, 1000, 1000}));
  EXPECT_EQ(first_ms(o, 3, 0), (waits{100, 100, 100}));
}

// 2^t tanh sqrt 4t, by an independent calculation; past the cap the upper half of it.
TEST(Backoff, SmoothJitterFollowsItsCurve) {
  auto o = exponential(100ms, 2, 2s);
  o.jitter = jitter::smooth;
  EXPECT_EQ(first_ms(o, 8, 0.5), (waits{89, 109, 203, 404, 808, 1616, 1500, 1500}));
  EXPECT_EQ(first_ms(o, 3, 0.25), (waits{64, 101, 172}));
}

TEST(Backoff, StartsAgainWhenToldTo) {
  backoff_sequence s;
  const auto o = plain(exponential(1s));
  (void)s.next(o, 0);
  (void)s.next(o, 0);
  s.restart();
  EXPECT_EQ(s.next(o, 0), 1s);
}

TEST(Backoff, NeverOverflows) {
  for (const auto kind :
       {backoff_kind::constant, backoff_kind::linear, backoff_kind::exponential}) {
    backoff_options o{.kind = kind, .delay = 1s, .cap = duration::max(), .jitter = jitter::none};
    for (const std::uint32_t n : {1U, 63U, 64U, 1100U, 1U << 31U, ~0U}) {
      EXPECT_GE(mean_delay(o, n), 1s);
    }
    o.delay = duration::max();
    EXPECT_EQ(mean_delay(o, 1100), duration::max());
  }
  // Where the double nearest to the cap is larger than the cap.
  EXPECT_EQ(mean_delay(linear(duration::max(), duration::max()), 1), duration::max());
  EXPECT_EQ(mean_delay(linear(1ns), 1), 1ns);
  EXPECT_EQ(mean_delay(plain(exponential(100ms)), 1100), 10s);
  EXPECT_EQ(mean_delay(plain(exponential(0ms)), 1100), 0ms);
}

// R29: what each jitter promises, over many draws.
TEST(Backoff, R29StaysInItsRangeAndSpreadAtTheCap) {
  random_source random(29);
  for (const auto j :
       {jitter::full, jitter::equal, jitter::factor, jitter::decorrelated, jitter::smooth}) {
    duration shortest = duration::max();  // of the waits at the cap, over all rounds
    duration longest{};
    for (int round = 0; round < 2000; ++round) {
      backoff_options o = exponential(100ms, 1 + 2 * random.uniform(), 2s);
      o.jitter = j;
      o.factor = random.uniform();
      backoff_sequence s;
      duration least = duration::max();
      duration most{};
      for (std::uint32_t n = 1; n <= 10; ++n) {
        const auto m = static_cast<double>(mean_delay(o, n).count());
        const auto d = s.next(o, random.uniform());
        const auto ns = static_cast<double>(d.count());
        ASSERT_GE(ns, 0);
        ASSERT_LE(d, o.cap);
        if (j == jitter::full) {
          ASSERT_LE(ns, m);
        } else if (j == jitter::equal) {
          ASSERT_GE(ns, m / 2 - 1);
          ASSERT_LE(ns, m);
        } else if (j == jitter::factor) {
          ASSERT_GE(ns, (1 - o.factor) * m - 1);
          ASSERT_LE(ns, (1 + o.factor) * m + 1);
        } else if (j == jitter::decorrelated) {
          ASSERT_GE(d, 100ms);
        } else {
          ASSERT_LE(ns, 4 * 1e8 * std::exp2(n));
        }
        if (n >= 8) {
          least = std::min(least, d);
          most = std::max(most, d);
        }
      }
      shortest = std::min(shortest, least);
      longest = std::max(longest, most);
      // A decorrelated wait may well reach the cap three times in a row; see below.
      if (j != jitter::decorrelated && (j != jitter::factor || o.factor > 0.01)) {
        ASSERT_LT(least, most) << "the waits have collapsed onto the cap";
      }
    }
    EXPECT_LT(shortest, longest / 2) << "the waits have collapsed onto the cap";
  }
}

TEST(Backoff, MeansComeOutAsTheySay) {
  random_source random(7);
  for (const auto& [j, share] : {std::pair{jitter::full, 0.5}, std::pair{jitter::equal, 0.75},
                                 std::pair{jitter::factor, 1.0}}) {
    auto o = constant(1s);
    o.jitter = j;
    double sum = 0;
    for (int i = 0; i < 20'000; ++i) {
      backoff_sequence s;
      sum += static_cast<double>(s.next(o, random.uniform()).count()) / 1e9;
    }
    EXPECT_NEAR(sum / 20'000, share, 0.01);
  }
}

TEST(Backoff, NamesEveryProblem) {
  EXPECT_TRUE(problems_of(backoff_options{}).empty());
  EXPECT_TRUE(problems_of(constant(0ms)).empty());
  EXPECT_TRUE(problems_of({.delay = 0ms, .multiplier = 1, .cap = 0ms, .factor = 0}).empty());
  EXPECT_TRUE(problems_of({.multiplier = 1.5, .factor = 1}).empty());
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(problems_of({.delay = -1ms, .multiplier = nan, .cap = -1s, .factor = 2}).size(), 4U);
  EXPECT_EQ(problems_of({.delay = 20s}).front(), "backoff.cap is shorter than backoff.delay");
  EXPECT_EQ(problems_of({.multiplier = 0.5}).size(), 1U);
  EXPECT_EQ(problems_of({.multiplier = std::numeric_limits<double>::infinity()}).size(), 1U);
  EXPECT_EQ(problems_of({.factor = nan}).size(), 1U);
}

}  // namespace
}  // namespace fairlead::policy
