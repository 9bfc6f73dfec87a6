// SPDX-License-Identifier: BSL-1.0
// The rule of the throttle, alone.
#include <fairlead/core/random.hpp>
#include <fairlead/policy/throttle_core.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

const time_point start{1000s};

// A throttle that has seen so many requests, of which so many succeeded.
throttle_core after(const throttle_options& o, int requests, int accepts) {
  throttle_core core(o);
  for (int i = 0; i < requests; ++i) {
    const auto began = core.begin(start);
    core.end(began, i < accepts ? verdict::success : verdict::failure, start);
  }
  return core;
}

double probability(const throttle_options& o, int requests, int accepts) {
  return after(o, requests, accepts).probability(start);
}

// A01 to A05
TEST(ThrottleCore, A01TheRuleOfTheBook) {
  const throttle_options tight{.k = 1 / 0.9};
  EXPECT_EQ(probability(tight, 100, 95), 0);
  EXPECT_NEAR(probability(tight, 120, 90), 20. / 121, 1e-12);
  EXPECT_NEAR(probability(tight, 200, 50), .7186, 5e-5);
  EXPECT_EQ(probability({.k = 1 / 0.9, .cap = 0.8}, 1000, 10), .8);
  EXPECT_EQ(probability({}, 100, 50), 0);
  EXPECT_NEAR(probability({}, 100, 25), .495, 5e-4);
  EXPECT_NEAR(probability({.cap = 1}, 100, 0), .990, 5e-4);
  EXPECT_EQ(probability({}, 100, 0), .9);
}

// A07
TEST(ThrottleCore, A07AWindowWithFewRequestsSaysNothing) {
  EXPECT_EQ(probability({.min_requests = 20}, 19, 0), 0);
  EXPECT_GT(probability({.min_requests = 20}, 20, 0), 0);
  EXPECT_EQ(probability({}, 0, 0), 0);
  EXPECT_EQ(probability({}, 1, 0), .5);
}

TEST(ThrottleCore, WhatIsOnItsWayIsNoEvidence) {
  throttle_core core({});
  throttle_core::place first = core.begin(start);
  for (int i = 0; i < 99; ++i) {
    (void)core.begin(start);
  }
  EXPECT_EQ(core.probability(start), 0);
  core.end(first, verdict::fatal, start);
  EXPECT_EQ(core.probability(start), .9);
}

TEST(ThrottleCore, WhatItRefusesCountsAsARequest) {
  auto core = after({}, 10, 5);
  EXPECT_EQ(core.probability(start), 0);
  core.reject(start);
  EXPECT_NEAR(core.probability(start), 1. / 12, 1e-12);
  EXPECT_EQ(core.metrics(start).requests, 11U);
  EXPECT_EQ(core.metrics(start).accepts, 5U);
}

TEST(ThrottleCore, ANeutralEndWasNeverThere) {
  auto core = after({}, 10, 2);
  const auto before = core.metrics(start);
  core.end(core.begin(start), verdict::neutral, start + 1s);
  core.forget(core.begin(start));
  const auto later = core.begin(start);
  EXPECT_EQ(core.metrics(start + 1h).requests, 0U);
  core.forget(later);  // the window has passed over it
  EXPECT_EQ(core.metrics(start + 1h).requests, 0U);
  core = after({}, 10, 2);
  EXPECT_EQ(core.metrics(start).probability, before.probability);
}

TEST(ThrottleCore, ForgetsWhatIsOlderThanTheWindow) {
  auto core = after({.window = 10s, .slices = 10}, 100, 0);
  EXPECT_EQ(core.probability(start + 9999ms), .9);
  EXPECT_EQ(core.probability(start + 10s), 0);
  EXPECT_EQ(core.probability(time_point::max()), 0);
}

// Against one that remembers every instant, in time that moves by whole slices.
TEST(ThrottleCore, AgreesWithOneThatRemembersEverything) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    random_source r(seed);
    const throttle_options o{.k = 1 + static_cast<double>(r.below(3)) / 2,
                             .window = 1s,
                             .slices = 10,
                             .min_requests = static_cast<std::uint32_t>(r.below(4))};
    throttle_core core(o);
    std::vector<time_point> requests;
    std::vector<time_point> accepts;
    std::vector<time_point> refusals;
    std::vector<std::pair<time_point, throttle_core::place>> flying;
    time_point now = start;
    const auto recent = [&](const std::vector<time_point>& all) {
      return static_cast<double>(
          std::count_if(all.begin(), all.end(), [&](time_point at) { return now - at < 1s; }));
    };
    for (int i = 0; i < 200; ++i) {
      const auto what = r.below(8);
      if (what < 3) {
        requests.push_back(now);
        flying.emplace_back(now, core.begin(now));
      } else if (what < 6 && !flying.empty()) {
        const auto pick = static_cast<std::ptrdiff_t>(r.below(flying.size()));
        const auto [began, place] = flying[static_cast<std::size_t>(pick)];
        flying.erase(flying.begin() + pick);
        const auto v = static_cast<verdict>(r.below(4));
        core.end(place, v, now);
        if (v == verdict::success) {
          accepts.push_back(now);
        } else if (v == verdict::neutral) {
          requests.erase(std::find(requests.begin(), requests.end(), began));
        } else {
          refusals.push_back(now);
        }
      } else if (what == 6) {
        core.reject(now);
        requests.push_back(now);
        refusals.push_back(now);
      } else {
        now += 100ms * static_cast<int>(r.below(4));
      }
      const auto n = recent(requests);
      const auto expected = n < o.min_requests || recent(refusals) == 0
                                ? 0
                                : std::clamp((n - o.k * recent(accepts)) / (n + 1), 0., o.cap);
      ASSERT_EQ(core.probability(now), expected) << "seed " << seed << " step " << i;
    }
  }
}

TEST(ThrottleCore, NamesEveryProblem) {
  EXPECT_TRUE(problems_of(throttle_options{}).empty());
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(problems_of(throttle_options{.k = nan, .window = 0s, .slices = 0, .cap = 1.1}).size(),
            4U);
  EXPECT_EQ(problems_of(throttle_options{.k = 0.5, .slices = ~0U, .cap = nan}).size(), 3U);
}

TEST(ThrottleCore, WhatIsJustRightIsNoProblem) {
  for (const auto& good : {throttle_options{.k = 1, .window = duration(1), .slices = 1, .cap = 0},
                           throttle_options{.k = 1.5, .slices = 65'536, .cap = 1}}) {
    EXPECT_TRUE(problems_of(good).empty()) << problems_of(good).front();
  }
  constexpr auto infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(problems_of(throttle_options{.k = infinite}).size(), 1U);
}

}  // namespace
}  // namespace fairlead::policy
