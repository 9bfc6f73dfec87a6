// SPDX-License-Identifier: BSL-1.0
// Who is dropped, alone.
#include <fairlead/core/random.hpp>
#include <fairlead/policy/shed_core.hpp>

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

const time_point start{1000s};

shed_facts asks(criticality c, std::uint32_t level, std::uint32_t in_flight) {
  return {.criticality = c, .level = level, .in_flight = in_flight, .now = start};
}

TEST(ShedCore, TheShareGrowsFromTwiceToThreeTimesTheLimit) {
  const shed_core core({.limit = 10});
  EXPECT_EQ(core.share(0), 0);
  EXPECT_EQ(core.share(20), 0);
  EXPECT_DOUBLE_EQ(core.share(25), .5);
  EXPECT_EQ(core.share(30), 1);
  EXPECT_EQ(core.share(~std::uint32_t{0}), 1);
  const shed_core step({.limit = 10, .shed_from = 2, .shed_all = 2});
  EXPECT_EQ(step.share(19), 0);
  EXPECT_EQ(step.share(20), 1);
}

TEST(ShedCore, NobodyIsDroppedBelowAndEverybodyAbove) {
  shed_core core({.limit = 10});
  for (std::uint32_t n = 0; n <= 20; ++n) {
    EXPECT_EQ(core.decide(asks(criticality::sheddable, 0, n)), shed_reason::none);
  }
  EXPECT_EQ(core.decide(asks(criticality::critical_plus, 127, 30)), shed_reason::load);
}

TEST(ShedCore, ClassesGoOneAfterTheOther) {
  // A quarter of the calls is of each class; at each load so many of each are dropped.
  for (const auto& [in_flight, dropped] :
       {std::pair{20U, std::array{0, 0, 0, 0}}, std::pair{225U, std::array{0, 0, 0, 250}},
        std::pair{250U, std::array{0, 0, 250, 250}}, std::pair{275U, std::array{0, 250, 250, 250}},
        std::pair{300U, std::array{250, 250, 250, 250}}}) {
    shed_core core({.limit = 100});
    std::array<int, 4> seen{};
    for (std::uint32_t i = 0; i < 2'000; ++i) {
      const auto c = i % 4;
      const auto reason = core.decide(asks(static_cast<criticality>(c), (i * 37) % 128, in_flight));
      if (i >= 1'000 && reason == shed_reason::load) {
        ++seen[c];
      }
    }
    for (std::size_t c = 0; c < 4; ++c) {
      EXPECT_NEAR(seen[c], dropped[c], 5) << in_flight << " class " << c;
    }
  }
}

TEST(ShedCore, WithinAClassTheLowestLevelsGo) {
  shed_core core({.limit = 100});
  std::array<int, shed_core::levels> dropped{};
  for (std::uint32_t i = 0; i < 1'280 * 2; ++i) {
    const auto level = (i * 37) % shed_core::levels;
    if (core.decide(asks(criticality::critical, level, 225)) == shed_reason::load && i >= 1'280) {
      ++dropped[level];
    }
  }
  for (std::uint32_t level = 0; level < shed_core::levels; ++level) {
    EXPECT_NEAR(dropped[level], level < 32 ? 10 : 0, level / 8 == 4 || level / 8 == 3 ? 10 : 0)
        << level;
  }
}

TEST(ShedCore, CallsThatAreAllAlikeAreDroppedInPart) {
  shed_core core({.limit = 100});
  int dropped = 0;
  for (int i = 0; i < 2'000; ++i) {
    dropped += core.decide(asks(criticality::critical, 5, 230)) == shed_reason::load ? 1 : 0;
  }
  EXPECT_NEAR(dropped, 600, 2);
}

TEST(ShedCore, LevelsAboveTheHighestAreTheHighest) {
  shed_core core({.limit = 1});
  EXPECT_EQ(core.decide(asks(criticality::critical_plus, ~std::uint32_t{0}, 2)), shed_reason::none);
  EXPECT_EQ(core.decide(asks(static_cast<criticality>(200), 0, 2)), shed_reason::none);
}

TEST(ShedCore, FollowsWhatComesIn) {
  shed_core core({.limit = 100, .history = 1'000});
  for (int i = 0; i < 1'000; ++i) {
    (void)core.decide(asks(criticality::sheddable, 0, 0));
  }
  EXPECT_EQ(core.decide(asks(criticality::critical, 0, 250)), shed_reason::none);
  for (int i = 0; i < 1'000; ++i) {  // now there is nothing less important any more
    (void)core.decide(asks(criticality::critical_plus, 0, 0));
  }
  EXPECT_EQ(core.decide(asks(criticality::critical, 0, 250)), shed_reason::load);
}

TEST(ShedCore, LearnsHowLongACallIsWorkedOn) {
  shed_core core({.limit = 10});
  EXPECT_EQ(core.service(), 0ns);
  EXPECT_EQ(core.expected_wait(100), 0ns);
  core.succeeded(100ms, 0);
  EXPECT_EQ(core.service(), 100ms);
  core.succeeded(200ms, 19);  // waited half of it
  EXPECT_EQ(core.service(), 100ms);
  core.succeeded(0ms, 0);
  EXPECT_EQ(core.service(), 100ms);
  EXPECT_EQ(core.expected_wait(9), 0ns);
  EXPECT_EQ(core.expected_wait(10), 10ms);
  EXPECT_EQ(core.expected_wait(19), 100ms);
}

TEST(ShedCore, DropsWhatWouldBeTooLateButNeverWhileAPlaceIsFree) {
  shed_core core({.limit = 10});
  core.succeeded(100ms, 0);
  auto f = asks(criticality::critical, 0, 14);  // waits 50 ms, then takes 100
  f.deadline = start + 150ms;
  EXPECT_EQ(core.decide(f), shed_reason::none);
  f.deadline = start + 149ms;
  EXPECT_EQ(core.decide(f), shed_reason::late);
  f.deadline = no_deadline;
  EXPECT_EQ(core.decide(f), shed_reason::none);
  f.deadline = start + 1ms;
  f.in_flight = 9;
  EXPECT_EQ(core.decide(f), shed_reason::none);
  shed_core blind({.limit = 10, .predict = false});
  blind.succeeded(100ms, 0);
  f.in_flight = 19;
  EXPECT_EQ(blind.decide(f), shed_reason::none);
}

TEST(ShedCore, SurvivesExtremeValues) {
  shed_core core({.limit = 1});
  core.succeeded(duration::max(), 0);
  auto f = asks(criticality::critical, 0, 1);
  f.deadline = no_deadline - duration(1);
  EXPECT_EQ(core.decide(f), shed_reason::late);
  EXPECT_GT(core.expected_wait(~std::uint32_t{0}), 0ns);
}

TEST(ShedCore, NamesEveryProblem) {
  EXPECT_TRUE(problems_of(shed_options{.limit = 1}).empty());
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(problems_of(shed_options{}).size(), 1U);
  EXPECT_EQ(problems_of(shed_options{.limit = 1, .shed_from = 0.5, .history = 0}).size(), 2U);
  EXPECT_EQ(problems_of(shed_options{.limit = 1, .shed_from = nan, .shed_all = nan}).size(), 2U);
  EXPECT_EQ(problems_of(shed_options{.limit = 1, .shed_from = 3, .shed_all = 2}).size(), 1U);
  EXPECT_EQ(problems_of(shed_options{.limit = 1, .history = ~0U}).size(), 1U);
}

TEST(ShedCore, WhatIsJustRightIsNoProblem) {
  for (const auto& good : {shed_options{.limit = 1, .shed_from = 1, .shed_all = 1, .history = 1},
                           shed_options{.limit = 1, .shed_from = 1.5, .history = 1U << 20U}}) {
    EXPECT_TRUE(problems_of(good).empty()) << problems_of(good).front();
  }
  constexpr auto infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(problems_of(shed_options{.limit = 1, .shed_all = infinite}).size(), 1U);
}

}  // namespace
}  // namespace fairlead::policy
