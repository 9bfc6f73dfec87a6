// SPDX-License-Identifier: BSL-1.0
// Which endpoints are ejected, and for how long, alone.
#include <fairlead/core/random.hpp>
#include <fairlead/policy/outlier_core.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

const time_point start{1000s};

// An outlier_core whose endpoints had so many successes of a hundred calls.
outlier_core with(const outlier_options& o, const std::vector<std::uint64_t>& of_hundred) {
  outlier_core core(o);
  for (const auto n : of_hundred) {
    core.count(core.add(), n, 100 - n);
  }
  return core;
}

outlier_options only_success_rate() {
  return {.failure_share = 0};
}
outlier_options only_failures() {
  return {.success_rate_stdev = 0};
}

// O01
TEST(OutlierCore, O01EjectsWhoIsFarBelowTheMean) {
  auto core = with(only_success_rate(), {100, 100, 100, 100, 50});
  EXPECT_EQ(core.sweep(start), 1U);  // mean 90, deviation 20, threshold 52
  EXPECT_TRUE(core.ejected(4, start));
  EXPECT_EQ(core.ejected(start), 1U);
  auto near = with(only_success_rate(), {100, 100, 100, 60, 50});
  EXPECT_EQ(near.sweep(start), 0U);
}

TEST(OutlierCore, AFailureThatHitsAllEjectsNobody) {
  auto core = with({}, {50, 52, 48, 51, 49, 50});
  EXPECT_EQ(core.sweep(start), 0U);
  auto dead = with(only_success_rate(), {0, 0, 0, 0, 0, 0});
  EXPECT_EQ(dead.sweep(start), 0U);
}

// O05
TEST(OutlierCore, O05FewCallsSayNothing) {
  outlier_core core(only_failures());
  for (int i = 0; i < 5; ++i) {
    (void)core.add();
  }
  core.count(0, 0, 49);
  EXPECT_EQ(core.sweep(start), 0U);
  core.count(0, 0, 50);
  EXPECT_EQ(core.sweep(start), 1U);
  auto rate = with(only_success_rate(), {100, 100, 100, 100});
  rate.count(rate.add(), 0, 99);  // only four others to compare with
  EXPECT_EQ(rate.sweep(start), 0U);
}

TEST(OutlierCore, O06FewEndpointsSayNothing) {
  auto four = with({}, {100, 100, 100, 0});
  EXPECT_EQ(four.sweep(start), 0U);
  auto asked = with({.success_rate_stdev = 0, .failure_hosts = 1}, {0});
  EXPECT_EQ(asked.sweep(start), 1U);
}

TEST(OutlierCore, O07TheFailureShareIsALimitNotAGoal) {
  EXPECT_EQ(with(only_failures(), {100, 100, 100, 100, 15}).sweep(start), 0U);
  EXPECT_EQ(with(only_failures(), {100, 100, 100, 100, 14}).sweep(start), 1U);
}

TEST(OutlierCore, NoMoreAreEjectedThanAllowed) {
  auto five = with(only_failures(), {0, 0, 0, 0, 0});
  EXPECT_EQ(five.sweep(start), 1U);  // one always may
  auto half = with({.max_ejected = 0.5, .success_rate_stdev = 0}, std::vector<std::uint64_t>(10));
  EXPECT_EQ(half.sweep(start), 5U);
  EXPECT_FALSE(half.eject(9, start));
  EXPECT_TRUE(half.eject(0, start));  // is already
  auto all = with({.max_ejected = 1, .success_rate_stdev = 0}, std::vector<std::uint64_t>(10));
  EXPECT_EQ(all.sweep(start), 10U);
}

TEST(OutlierCore, ASweepTellsHowManyItEjected) {
  // Two are far below the rest, but only one may go.
  std::vector<std::uint64_t> rates(20, 100);
  rates[3] = rates[7] = 0;
  auto core = with({.max_ejected = 0.05, .failure_share = 0}, rates);
  EXPECT_EQ(core.sweep(start), 1U);
  EXPECT_EQ(core.ejected(start), 1U);
}

TEST(OutlierCore, OneCallIsEnoughWhenAskedFor) {
  outlier_core core({.max_ejected = 1,
                     .success_rate_stdev = 0,
                     .failure_share = 0.5,
                     .failure_hosts = 1,
                     .failure_volume = 1});
  core.count(core.add(), 0, 1);
  core.count(core.add(), 1, 0);
  (void)core.add();
  EXPECT_EQ(core.sweep(start), 1U);
  EXPECT_TRUE(core.ejected(0, start));
}

TEST(OutlierCore, O02EjectionsGrowAndCleanIntervalsMakeThemShorter) {
  outlier_core core({.max_ejected = 1});
  const auto s = core.add();
  auto now = start;
  for (const auto expected : {30s, 60s, 90s, 120s}) {
    EXPECT_EQ(core.next_ejection(s, now), expected);
    ASSERT_TRUE(core.eject(s, now));
    EXPECT_FALSE(core.ejected(s, now + expected));
    EXPECT_TRUE(core.ejected(s, now + expected - 1ns));
    core.sweep(now + 1s);  // ejected: earns nothing
    now += expected;
  }
  core.sweep(now);
  core.sweep(now + 10s);
  EXPECT_EQ(core.next_ejection(s, now + 10s), 90s);
  for (int i = 0; i < 20; ++i) {
    core.sweep(now + 20s);
  }
  EXPECT_EQ(core.next_ejection(s, now + 20s), 30s);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(core.eject(s, now));
    now = core.ejected_until(s);
  }
  EXPECT_EQ(core.next_ejection(s, now), 300s);
}

// O03
TEST(OutlierCore, O03BrpcsIsolationDoubles) {
  outlier_core core({.ejection = 100ms,
                     .max_ejection = 30s,
                     .growth = ejection_growth::doubling,
                     .max_ejected = 1});
  const auto s = core.add();
  auto now = start;
  for (const duration expected :
       {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 12800ms, 25600ms, 30000ms, 30000ms}) {
    ASSERT_TRUE(core.eject(s, now));
    EXPECT_EQ(core.ejected_until(s) - now, expected);
    now = core.ejected_until(s);
    core.sweep(now);
  }
  EXPECT_EQ(core.next_ejection(s, now + 29s), 30s);
  EXPECT_EQ(core.next_ejection(s, now + 30s), 100ms);  // all was well for that long
}

TEST(OutlierCore, SurvivesExtremeValues) {
  outlier_core core({.ejection = duration::max(), .max_ejection = duration::max()});
  const auto s = core.add();
  ASSERT_TRUE(core.eject(s, start));
  EXPECT_TRUE(core.ejected(s, no_deadline - 1ns));
  outlier_core doubling(
      {.ejection = 1ns, .max_ejection = 1h, .growth = ejection_growth::doubling, .max_ejected = 1});
  const auto d = doubling.add();
  auto now = start;
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_TRUE(doubling.eject(d, now));
    now = doubling.ejected_until(d);
  }
  EXPECT_EQ(doubling.next_ejection(d, now), 1h);
}

TEST(OutlierCore, O08PanicsWhenTooFewAreLeft) {
  outlier_core core({.max_ejected = 1, .panic_below = 0.5});
  for (int i = 0; i < 4; ++i) {
    (void)core.add();
  }
  ASSERT_TRUE(core.eject(0, start));
  ASSERT_TRUE(core.eject(1, start + 1s));
  EXPECT_EQ(core.panic_until(start + 1s), time_point::min());
  ASSERT_TRUE(core.eject(2, start + 2s));
  EXPECT_EQ(core.panic_until(start + 2s), start + 30s);  // then the first one is back
  ASSERT_TRUE(core.eject(3, start + 3s));
  EXPECT_EQ(core.panic_until(start + 3s), start + 31s);
  EXPECT_EQ(core.panic_until(start + 31s), time_point::min());
  outlier_core backwards({.max_ejected = 1, .panic_below = 0.5});
  for (int i = 0; i < 4; ++i) {
    (void)backwards.add();
  }
  for (const auto s : {3U, 2U, 0U}) {
    ASSERT_TRUE(backwards.eject(s, start + (3 - s) * 1s));
  }
  EXPECT_EQ(backwards.panic_until(start + 3s), start + 30s);  // the earliest, not the first
  outlier_core calm({.max_ejected = 1, .panic_below = 0});
  ASSERT_TRUE(calm.eject(calm.add(), start));
  EXPECT_EQ(calm.panic_until(start), time_point::min());
}

TEST(OutlierCore, PlacesAreUsedAgainWithoutTheirPast) {
  outlier_core core({.max_ejected = 1});
  const auto first = core.add();
  core.count(first, 0, 1'000);
  ASSERT_TRUE(core.eject(first, start));
  core.remove(first);
  EXPECT_EQ(core.ejected(start), 0U);
  EXPECT_EQ(core.size(), 0U);
  const auto second = core.add();
  EXPECT_EQ(second, first);
  EXPECT_FALSE(core.ejected(second, start));
  EXPECT_EQ(core.next_ejection(second, start), 30s);
  EXPECT_EQ(core.sweep(start), 0U);
}

// Both rules of A50, written down naively.
TEST(OutlierCore, AgreesWithANaiveReading) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    random_source r(seed);
    outlier_options o;
    o.max_ejected = 0.1 * static_cast<double>(1 + r.below(10));
    o.success_rate_stdev = 0.5 * static_cast<double>(r.below(5));
    o.failure_share = o.success_rate_stdev == 0 ? 0.5 : 0.25 * static_cast<double>(r.below(4));
    outlier_core core(o);
    struct host {
      double ok = 0;
      double all = 0;
      double until = -1;
      double times = 0;
    };
    std::vector<host> hosts(1 + r.below(12));
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      (void)core.add();
    }
    double now = 0;
    for (int round = 0; round < 20; ++round) {
      for (std::size_t i = 0; i < hosts.size(); ++i) {
        const auto all = r.below(300);
        const auto ok = r.below(3) == 0 ? r.below(all + 1) : all;
        hosts[i].all = static_cast<double>(all);
        hosts[i].ok = static_cast<double>(ok);
        core.count(i, ok, all - ok);
      }
      now += static_cast<double>(10 + r.below(40));
      const auto out = [&] {
        return static_cast<double>(std::count_if(hosts.begin(), hosts.end(),
                                                 [&](const host& h) { return h.until > now; }));
      };
      const auto eject = [&](host& h) {
        if (h.until <= now && out() / static_cast<double>(hosts.size()) < o.max_ejected) {
          h.times += 1;
          h.until = now + std::min(30 * h.times, 300.);
        }
      };
      double n = 0;
      double sum = 0;
      double squares = 0;
      for (const auto& h : hosts) {
        n += h.all >= 100 ? 1 : 0;
        sum += h.all >= 100 ? h.ok / h.all : 0;
      }
      for (const auto& h : hosts) {
        squares += h.all >= 100 ? std::pow(h.ok / h.all - sum / n, 2) : 0;
      }
      if (o.success_rate_stdev > 0 && n >= 5) {
        const auto least = sum / n - o.success_rate_stdev * std::sqrt(squares / n);
        for (auto& h : hosts) {
          if (h.all >= 100 && h.ok / h.all < least) {
            eject(h);
          }
        }
      }
      if (o.failure_share > 0 && hosts.size() >= 5) {
        for (auto& h : hosts) {
          if (h.all >= 50 && 1 - h.ok / h.all > o.failure_share) {
            eject(h);
          }
        }
      }
      for (auto& h : hosts) {
        h.times = h.until <= now && h.times > 0 ? h.times - 1 : h.times;
      }
      const auto at = start + std::chrono::seconds(static_cast<std::int64_t>(now));
      core.sweep(at);
      for (std::size_t i = 0; i < hosts.size(); ++i) {
        ASSERT_EQ(core.ejected(i, at), hosts[i].until > now)
            << "seed " << seed << " round " << round << " host " << i;
      }
    }
  }
}

TEST(OutlierCore, NamesEveryProblem) {
  EXPECT_TRUE(problems_of(outlier_options{}).empty());
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(problems_of(outlier_options{.interval = 0s,
                                        .ejection = 0s,
                                        .max_ejection = -1s,
                                        .max_ejected = 0,
                                        .panic_below = nan,
                                        .success_rate_stdev = -1,
                                        .success_rate_volume = 0,
                                        .failure_share = 2,
                                        .failure_volume = 0})
                .size(),
            9U);
  EXPECT_EQ(problems_of(outlier_options{.success_rate_stdev = 0, .failure_share = 0}).size(), 1U);
}

TEST(OutlierCore, WhatIsJustRightIsNoProblem) {
  for (const auto& good :
       {outlier_options{.interval = duration(1), .ejection = 1s, .max_ejection = 1s},
        outlier_options{.max_ejected = 1, .panic_below = 1, .success_rate_volume = 1},
        outlier_options{.max_ejected = 1e-9, .panic_below = 0, .failure_volume = 1},
        outlier_options{.success_rate_stdev = 0, .failure_share = 1},
        outlier_options{.success_rate_stdev = 0.1, .failure_share = 0},
        outlier_options{.success_rate_stdev = 0, .failure_share = 0, .consecutive_failures = 1}}) {
    EXPECT_TRUE(problems_of(good).empty()) << problems_of(good).front();
  }
  constexpr auto infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(problems_of(outlier_options{.success_rate_stdev = infinite}).size(), 1U);
  EXPECT_EQ(problems_of(outlier_options{.max_ejected = 1.1}).size(), 1U);
}

}  // namespace
}  // namespace fairlead::policy
