// SPDX-License-Identifier: BSL-1.0
// The handle: what a balancer and many threads see of a detector.
#include <fairlead/policy/outlier.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

const time_point start{1000s};

void play(const outlier_detector::endpoint& e, int successes, int failures, time_point now) {
  for (int i = 0; i < successes; ++i) {
    e.record(verdict::success, now);
  }
  for (int i = 0; i < failures; ++i) {
    e.record(verdict::failure, now);
  }
}

std::vector<outlier_detector::endpoint> several(const outlier_detector& d, int n) {
  std::vector<outlier_detector::endpoint> out;
  for (int i = 0; i < n; ++i) {
    out.push_back(d.add());
  }
  return out;
}

TEST(OutlierDetector, ComparesWhenAnIntervalIsOver) {
  const outlier_detector d;
  const auto hosts = several(d, 5);
  for (int i = 0; i < 4; ++i) {
    play(hosts[static_cast<std::size_t>(i)], 100, 0, start);
  }
  play(hosts[4], 0, 100, start);
  EXPECT_TRUE(hosts[4].usable(start + 9999ms));
  hosts[0].record(verdict::neutral, start + 20s);  // says nothing, not even that time has passed
  EXPECT_TRUE(hosts[4].usable(start + 20s));
  hosts[0].record(verdict::success, start + 10s);
  EXPECT_FALSE(hosts[4].usable(start + 10s));
  EXPECT_EQ(d.metrics(start + 10s).ejected, 1U);
  EXPECT_EQ(d.metrics(start + 10s).endpoints, 5U);
  EXPECT_TRUE(hosts[4].usable(start + 40s));
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(hosts[static_cast<std::size_t>(i)].usable(start + 10s));
  }
}

TEST(OutlierDetector, EjectsAtOnceWhoKeepsFailing) {
  const outlier_detector d{{.max_ejected = 1, .panic_below = 0, .consecutive_failures = 5}};
  const auto hosts = several(d, 2);
  play(hosts[0], 0, 4, start);
  play(hosts[0], 1, 4, start);
  EXPECT_TRUE(hosts[0].usable(start));
  hosts[0].record(verdict::fatal, start);
  EXPECT_FALSE(hosts[0].usable(start));
  EXPECT_TRUE(hosts[1].usable(start));
  EXPECT_TRUE(hosts[0].usable(start + 30s));
}

TEST(OutlierDetector, UsesAllOfThemWhenTooFewAreLeft) {
  const outlier_detector d{{.max_ejected = 1, .panic_below = 0.5, .consecutive_failures = 1}};
  const auto hosts = several(d, 3);
  play(hosts[0], 0, 1, start);
  EXPECT_FALSE(hosts[0].usable(start));
  play(hosts[1], 0, 1, start + 1s);
  EXPECT_TRUE(hosts[0].usable(start + 1s));
  EXPECT_TRUE(hosts[1].usable(start + 1s));
  EXPECT_TRUE(hosts[0].ejected(start + 1s));
  EXPECT_TRUE(d.metrics(start + 1s).panicking);
  EXPECT_TRUE(hosts[0].usable(start + 30s));
  EXPECT_FALSE(hosts[1].usable(start + 30s));  // the first one is back, so the second stays out
  EXPECT_FALSE(d.metrics(start + 30s).panicking);
}

TEST(OutlierDetector, EndpointsComeAndGo) {
  std::vector<outlier_detector::endpoint> kept;
  {
    const outlier_detector d{{.max_ejected = 1, .consecutive_failures = 1}};
    auto a = d.add();
    {
      const auto b = d.add();
      EXPECT_EQ(d.metrics(start).endpoints, 2U);
    }
    EXPECT_EQ(d.metrics(start).endpoints, 1U);
    kept.push_back(std::move(a));
    EXPECT_EQ(d.metrics(start).endpoints, 1U);
    const auto copy = d;
    EXPECT_EQ(copy.identity(), d.identity());
    kept[0] = copy.add();
    EXPECT_EQ(d.metrics(start).endpoints, 1U);
  }
  play(kept[0], 1, 1, start);  // outlives every handle
  EXPECT_TRUE(kept[0].ejected(start));
}

TEST(OutlierDetector, LosesNoCountBetweenThreads) {
  constexpr int threads = 16;
  const outlier_detector d{{.interval = 1ms,
                            .max_ejected = 1,
                            .panic_below = 0,
                            .success_rate_stdev = 0,
                            .failure_hosts = 1,
                            .failure_volume = threads * 1'000}};
  const auto host = d.add();
  std::vector<std::thread> all;
  all.reserve(threads);
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] { play(host, 0, 1'000, start); });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_EQ(d.sweep(start), 1U);  // every one of them was needed

  // Endpoints that come, go, fail and are asked for, all at once.
  const outlier_detector busy{{.interval = 1ns, .max_ejected = 1, .consecutive_failures = 3}};
  all.clear();
  std::atomic<int> used{0};
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const auto mine = busy.add();
        play(mine, t % 2, 5, start + i * 1ms);
        used += mine.usable(start) ? 1 : 0;
      }
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_EQ(busy.metrics(start).endpoints, 0U);
  EXPECT_EQ(busy.metrics(start).ejected, 0U);
}

TEST(OutlierDetector, RefusesBadOptions) {
  try {
    (void)outlier_detector{{.interval = 0s}};
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "outlier_detector: interval must be positive");
  }
  EXPECT_EQ(outlier_detector::make({.max_ejected = 2}).error().kind(),
            error_kind::invalid_argument);
  EXPECT_EQ(outlier_detector::make({})->describe(),
            "outlier ejection every 10 s, for 30 s up to 5 min, of at most 10 % of the endpoints");
}

}  // namespace
}  // namespace fairlead::policy
