// SPDX-License-Identifier: BSL-1.0
// Which traces samplers choose.
#include <fairlead/observe/sampler.hpp>

#include <fairlead/core/random.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace fairlead::observe {
namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

bool chosen(const sampler& s, std::uint64_t low) {
  return s.sample({.trace = {1, low}, .name = "x"});
}

TEST(Sampler, AlwaysAndNever) {
  for (const std::uint64_t low : {std::uint64_t{0}, std::uint64_t{1}, most / 2, most}) {
    EXPECT_TRUE(chosen(sampler::always(), low));
    EXPECT_FALSE(chosen(sampler::never(), low));
    EXPECT_TRUE(chosen(sampler::ratio(7), low));
    EXPECT_FALSE(chosen(sampler::ratio(-1), low));
    EXPECT_FALSE(chosen(sampler::ratio(std::numeric_limits<double>::quiet_NaN()), low));
  }
}

TEST(Sampler, ARatioGoesByTheRightHalfOfTheId) {
  const auto half = sampler::ratio(0.5);
  EXPECT_TRUE(chosen(half, 0));
  EXPECT_TRUE(chosen(half, most / 2));
  EXPECT_FALSE(chosen(half, most / 2 + 1));
  EXPECT_FALSE(chosen(half, most));
  EXPECT_FALSE(half.sample({.trace = {0, most}, .name = "x"}));
}

TEST(Sampler, ARatioChoosesThatShare) {
  random_source random(7);
  for (const double share : {0.01, 0.25, 0.5, 0.9}) {
    int n = 0;
    for (int i = 0; i < 100'000; ++i) {
      n += chosen(sampler::ratio(share), random()) ? 1 : 0;
    }
    EXPECT_NEAR(n / 100'000.0, share, 0.01);
  }
}

TEST(Sampler, AHigherRatioChoosesWhatALowerOneDoes) {
  random_source random(8);
  for (int i = 0; i < 10'000; ++i) {
    const auto low = random();
    EXPECT_TRUE(!chosen(sampler::ratio(0.1), low) || chosen(sampler::ratio(0.2), low));
  }
}

TEST(Sampler, FollowsWhatTheCallerDecided) {
  const traceparent sampled{{1, 1}, {1}, {trace_flags::sampled_bit}};
  const traceparent not_sampled{{1, 1}, {1}, {}};
  for (const auto& base : {sampler::always(), sampler::never()}) {
    const auto s = base.following_parent();
    EXPECT_TRUE(s.sample({.trace = {1, 1}, .name = "x", .parent = &sampled}));
    EXPECT_FALSE(s.sample({.trace = {1, 1}, .name = "x", .parent = &not_sampled}));
    EXPECT_EQ(chosen(s, 1), chosen(base, 1));
  }
  EXPECT_TRUE(sampler::always().sample({.trace = {1, 1}, .name = "x", .parent = &not_sampled}));
}

TEST(Sampler, TakesRulesOfOnesOwn) {
  class by_name final : public sampling_rule {
    bool sample(const sampling_facts& f) const noexcept override {
      return f.name == "GET /health" ? false : f.kind == span_kind::server;
    }
  } rule;
  const auto s = sampler::by(rule);
  EXPECT_FALSE(s.sample({.trace = {1, 1}, .name = "GET /health", .kind = span_kind::server}));
  EXPECT_TRUE(s.sample({.trace = {1, 1}, .name = "GET /users", .kind = span_kind::server}));
  EXPECT_FALSE(s.sample({.trace = {1, 1}, .name = "GET /users", .kind = span_kind::client}));
}

}  // namespace
}  // namespace fairlead::observe
