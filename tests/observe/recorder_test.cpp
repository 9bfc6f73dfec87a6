// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/recorder.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace fairlead::observe {
namespace {

using namespace std::chrono_literals;

policy_event retry_of(std::string_view stack, duration delay) {
  policy_event e;
  e.policy = policy_kind::retry;
  e.action = policy_action::retry;
  e.stack = stack;
  e.name = "retry";
  e.delay = delay;
  return e;
}

policy_event change_of(std::string_view from, std::string_view to) {
  policy_event e;
  e.policy = policy_kind::circuit_breaker;
  e.action = policy_action::state;
  e.name = "payments";
  e.from = from;
  e.to = to;
  return e;
}

TEST(Recorder, CountsByStackPolicyAndAction) {
  recorder seen;
  seen.on_event(retry_of("users", 100ms));
  seen.on_event(retry_of("users", 200ms));
  seen.on_event(retry_of("orders", 5ms));
  const auto lines = seen.counts();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].stack, "orders");
  EXPECT_EQ(lines[1].stack, "users");
  EXPECT_EQ(lines[1].times, 2U);
  EXPECT_EQ(lines[1].delay, 300ms);
  EXPECT_EQ(seen.total(policy_action::retry), 3U);
  EXPECT_EQ(seen.total(policy_action::retry, "users"), 2U);
  EXPECT_EQ(seen.total(policy_action::fallback), 0U);
}

TEST(Recorder, KeepsItsOwnCopyOfNames) {
  recorder seen;
  {
    std::string name = "a name that is longer than any small string buffer";
    seen.on_event(retry_of(name, 1ms));
    name.assign(name.size(), 'x');
  }
  EXPECT_EQ(seen.counts().front().stack, "a name that is longer than any small string buffer");
}

TEST(Recorder, ForgetsTheOldestChangesFirst) {
  recorder seen(2);
  seen.on_event(change_of("closed", "open"));
  seen.on_event(change_of("open", "half_open"));
  seen.on_event(change_of("half_open", "closed"));
  const auto kept = seen.transitions();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].from, "open");
  EXPECT_EQ(kept[1].to, "closed");
  EXPECT_EQ(seen.total(policy_action::state), 3U);
}

TEST(Recorder, KeepsNoChangesWhenToldSo) {
  recorder seen(0);
  seen.on_event(change_of("closed", "open"));
  EXPECT_TRUE(seen.transitions().empty());
  EXPECT_EQ(seen.total(policy_action::state), 1U);
}

TEST(Recorder, LosesNothingBetweenThreads) {
  recorder seen;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        seen.on_event(retry_of("users", 1ms));
      }
    });
  }
  for (auto& t : threads) {
    t.join();
  }
  EXPECT_EQ(seen.total(policy_action::retry), 4000U);
  EXPECT_EQ(seen.lost(), 0U);
}

TEST(PolicyEvent, EveryKindAndActionHasAName) {
  for (int i = 0; i <= static_cast<int>(policy_kind::chaos); ++i) {
    EXPECT_NE(to_string(static_cast<policy_kind>(i)), "?");
  }
  for (int i = 0; i <= static_cast<int>(policy_action::not_abandoned); ++i) {
    EXPECT_NE(to_string(static_cast<policy_action>(i)), "?");
  }
  EXPECT_EQ(to_string(policy_kind::chaos), "chaos");
  EXPECT_EQ(to_string(policy_action::injected), "injected");
  EXPECT_EQ(to_string(policy_action::not_abandoned), "not_abandoned");
}

}  // namespace
}  // namespace fairlead::observe
