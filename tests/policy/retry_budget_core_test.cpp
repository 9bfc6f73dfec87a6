// SPDX-License-Identifier: BSL-1.0
// The rules of the budgets, alone.
#include <fairlead/core/random.hpp>
#include <fairlead/policy/retry_budget_core.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

const time_point start{1000s};

// G01
TEST(RetryBudgetCore, G01FiveFailuresUseUpHalfOfTheTokens) {
  const token_rule rule({.tokens = 10, .ratio = 0.1});
  auto tokens = rule.full();
  std::string may;
  for (int i = 0; i < 5; ++i) {
    tokens = rule.after_failure(tokens);
    may += rule.allows(tokens) ? 'T' : 'F';
  }
  EXPECT_EQ(may, "TTTTF");
}

TEST(RetryBudgetCore, G02TheHalfOfAnOddNumberIsExact) {
  const token_rule rule({.tokens = 5, .ratio = 0.5});
  EXPECT_TRUE(rule.allows(3000));
  EXPECT_FALSE(rule.allows(2500));
  EXPECT_TRUE(rule.allows(rule.after_success(2500)));
}

// G03
TEST(RetryBudgetCore, G03NeverMoreTokensThanAtTheStartNorLessThanNone) {
  const token_rule rule({.tokens = 10, .ratio = 0.1});
  auto tokens = rule.full();
  for (int i = 0; i < 200; ++i) {
    tokens = rule.after_success(tokens);
  }
  EXPECT_EQ(tokens, 10'000U);
  for (int i = 0; i < 200; ++i) {
    tokens = rule.after_failure(tokens);
  }
  EXPECT_EQ(tokens, 0U);
  EXPECT_EQ(rule.after_failure(999), 0U);
}

TEST(RetryBudgetCore, TokensAreExactToAThousandth) {
  EXPECT_EQ(token_rule({.tokens = 10, .ratio = 0.57}).after_success(0), 570U);
  EXPECT_EQ(token_rule({.tokens = 10, .ratio = 0.5466}).after_success(0), 546U);
  const token_rule most({.tokens = ~std::uint32_t{0}, .ratio = 1000});
  EXPECT_EQ(most.after_success(most.full() - 1), most.full());
}

// G05
TEST(RetryBudgetCore, G05AShareOfTheCallsInFlightAndAtLeastMin) {
  const in_flight_rule rule({.ratio = 0.2, .min = 3});
  const std::pair<std::uint64_t, std::uint64_t> rows[] = {{0, 3},  {10, 3}, {15, 3},
                                                          {19, 3}, {20, 4}, {50, 10}};
  for (const auto& [in_flight, allowed] : rows) {
    EXPECT_EQ(rule.allowed(in_flight), allowed) << in_flight;
    auto word = in_flight * in_flight_rule::call;
    std::uint64_t extras = 0;
    while (const auto next = rule.reserve(word)) {
      word = *next;
      ++extras;
    }
    EXPECT_EQ(extras, allowed) << in_flight;
    EXPECT_EQ(in_flight_rule::calls_in(word), in_flight);
  }
}

TEST(RetryBudgetCore, SharesDoNotRoundThemselvesAway) {
  EXPECT_EQ(in_flight_rule({.ratio = 0.29, .min = 0}).allowed(100), 29U);
  EXPECT_EQ(in_flight_rule({.ratio = 1.0 / 3, .min = 0}).allowed(2), 0U);
  EXPECT_EQ(in_flight_rule({.ratio = 1000, .min = 0}).allowed(0xffffffffU), 4'294'967'295'000U);
  window_rule sixty({.ratio = 0.6, .min = 0});  // tower#857: became 100 %
  for (int i = 0; i < 10; ++i) {
    sixty.begin(start);
  }
  EXPECT_EQ(sixty.allowed(start), 6U);
}

TEST(RetryBudgetCore, G04TheWindowDepositsWhenCallsStartAndForgetsThem) {
  window_rule rule({.ratio = 0.5, .min = 1, .window = 10s, .slices = 10});
  EXPECT_TRUE(rule.reserve(start));  // the minimum
  EXPECT_FALSE(rule.reserve(start));
  for (int i = 0; i < 4; ++i) {
    rule.begin(start + 5s);
  }
  EXPECT_TRUE(rule.reserve(start + 5s));
  EXPECT_TRUE(rule.reserve(start + 5s));
  EXPECT_FALSE(rule.reserve(start + 9999ms));
  EXPECT_TRUE(rule.reserve(start + 10s));  // what the first one took is forgotten
  EXPECT_FALSE(rule.reserve(start + 14999ms));
  EXPECT_FALSE(rule.reserve(start + 15s));  // the deposits are gone too; one of 10 s still counts
  EXPECT_TRUE(rule.reserve(start + 20s));
}

TEST(RetryBudgetCore, WhatTheWindowTakesBackMayBeTakenAgain) {
  window_rule rule({.ratio = 0, .min = 1, .window = 10s, .slices = 10});
  const auto first = rule.reserve(start);
  ASSERT_TRUE(first);
  rule.give_back(*first);
  EXPECT_EQ(rule.spent(start), 0U);
  const auto second = rule.reserve(start);
  ASSERT_TRUE(second);
  EXPECT_TRUE(rule.reserve(start + 10s));
  rule.give_back(*second);  // long forgotten
  EXPECT_EQ(rule.spent(start + 10s), 1U);
}

TEST(RetryBudgetCore, TheQuotaCostsAndComesBack) {
  const quota_rule rule({.tokens = 12, .cost = 5, .timeout_cost = 10, .refund = 1});
  EXPECT_EQ(rule.take(12, rule.timeout_cost()), 2U);
  EXPECT_FALSE(rule.take(2, rule.cost()));
  EXPECT_EQ(rule.give(2, 10), 12U);
  EXPECT_EQ(rule.give(12, 1), 12U);
  EXPECT_EQ(rule.give(11, rule.refund()), 12U);
}

// The window against one that remembers every instant, in time that moves by whole slices.
TEST(RetryBudgetCore, TheWindowAgreesWithOneThatRemembersEverything) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    random_source r(seed);
    const window_budget o{.ratio = static_cast<double>(r.below(11)) / 10,
                          .min = static_cast<std::uint32_t>(1 + r.below(3)),
                          .window = 1s,
                          .slices = 10};
    window_rule rule(o);
    std::vector<time_point> calls;
    std::vector<std::pair<time_point, window_rule::place>> extras;
    time_point now = start;
    const auto recent = [&](time_point at) { return now - at < 1s; };
    for (int i = 0; i < 200; ++i) {
      switch (r.below(4)) {
        case 0:
          rule.begin(now);
          calls.push_back(now);
          break;
        case 1: {
          const auto sum = std::count_if(calls.begin(), calls.end(), recent);
          const auto spent = std::count_if(extras.begin(), extras.end(),
                                           [&](const auto& e) { return recent(e.first); });
          const auto allowed = o.min + std::floor(o.ratio * static_cast<double>(sum) + 1e-9);
          const auto got = rule.reserve(now);
          ASSERT_EQ(got.has_value(), static_cast<double>(spent) < allowed)
              << "seed " << seed << " step " << i;
          if (got) {
            extras.emplace_back(now, *got);
          }
          break;
        }
        case 2:
          if (!extras.empty()) {
            const auto pick = static_cast<std::ptrdiff_t>(r.below(extras.size()));
            rule.give_back(extras[static_cast<std::size_t>(pick)].second);
            extras.erase(extras.begin() + pick);
          }
          break;
        default:
          now += 100ms * static_cast<int>(r.below(4));
      }
    }
  }
}

TEST(RetryBudgetCore, NamesEveryProblem) {
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  constexpr auto infinite = std::numeric_limits<double>::infinity();
  for (const budget_options& good :
       {budget_options{token_budget{}}, budget_options{in_flight_budget{}},
        budget_options{window_budget{}}, budget_options{quota_budget{}}}) {
    EXPECT_TRUE(problems_of(good).empty());
  }
  EXPECT_TRUE(problems_of(token_budget{.tokens = 0, .ratio = 0}).empty()) << "grants nothing";
  EXPECT_EQ(problems_of(token_budget{.ratio = nan}).size(), 1U);
  EXPECT_EQ(problems_of(token_budget{.ratio = 0.0005}).size(), 1U);
  EXPECT_EQ(problems_of(in_flight_budget{.ratio = -1}).size(), 1U);
  EXPECT_TRUE(problems_of(in_flight_budget{.ratio = 0, .min = 0}).empty());
  EXPECT_EQ(problems_of(window_budget{.ratio = infinite, .window = 0s, .slices = 0}).size(), 3U);
  EXPECT_EQ(problems_of(window_budget{.slices = 1U << 20U}).size(), 1U);
  EXPECT_EQ(problems_of(quota_budget{.tokens = 1, .cost = 0, .timeout_cost = 0}).size(), 2U);
  EXPECT_EQ(problems_of(quota_budget{.tokens = 9}).size(), 1U);
  EXPECT_TRUE(problems_of(window_budget{.ratio = 0, .min = 0}).empty());
  EXPECT_EQ(problems_of(token_budget{.ratio = 0.0009995}).size(), 1U);
}

TEST(RetryBudgetCore, WhatIsJustRightIsNoProblem) {
  for (const budget_options& good :
       {budget_options{token_budget{.tokens = 1, .ratio = 0.001}},
        budget_options{token_budget{.ratio = 1000}}, budget_options{in_flight_budget{0, 1}},
        budget_options{in_flight_budget{0.1, 0}}, budget_options{window_budget{0, 1}},
        budget_options{window_budget{.ratio = 0.1, .min = 0}},
        budget_options{window_budget{.slices = 65'536}},
        budget_options{quota_budget{.tokens = 10}}}) {
    EXPECT_TRUE(problems_of(good).empty()) << good.index() << ": " << problems_of(good).front();
  }
}

}  // namespace
}  // namespace fairlead::policy
