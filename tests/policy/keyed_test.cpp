// SPDX-License-Identifier: BSL-1.0
// One policy per key: apart from each other, bounded, and never forgotten while it matters.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/policy/keyed.hpp>
#include <fairlead/policy/policy.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

const time_point start{1000s};

using names = std::vector<std::string>;

// L15
TEST(Keyed, L15KeysAreLimitedApart) {
  run_in_world(1, [](context& cx) -> task<void> {
    const keyed<rate_limit> per_user{{.permits = 2}, {.max_keys = 3}};
    const auto s = stack{per_user};
    scripted_operation op({succeed()});
    auto a = cx.with_key("a");
    auto b = cx.with_key("b");
    for (int i = 0; i < 2; ++i) {
      const auto got = co_await s.run(a, std::ref(op));
      EXPECT_TRUE(got);
    }
    const auto refused = co_await s.run(a, std::ref(op));
    EXPECT_EQ(refused.error().kind(), error_kind::rate_limited);
    const auto other = co_await s.run(b, std::ref(op));
    EXPECT_TRUE(other);
    const auto without = co_await s.run(cx, std::ref(op));
    EXPECT_TRUE(without);
    EXPECT_EQ(per_user.keys(), (names{"", "b", "a"}));
  });
}

TEST(Keyed, WaitsThroughTheHandleOfItsKey) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    const keyed<rate_limit> per_user{{.permits = 1, .period = 100ms, .max_wait = 1s}};
    const keyed<bulkhead> per_host{{.max = 1, .queue = 1, .max_wait = 1s}};
    const auto s = stack{per_user, per_host};
    scripted_operation op({succeed(1, 250ms)});
    auto mine = cx.with_key("a");
    for (int i = 0; i < 2; ++i) {
      w.spawn("other", [&](context& own) -> task<void> {
        auto theirs = own.with_key("a");
        auto got = co_await s.run(theirs, std::ref(op));
        EXPECT_TRUE(got);
      });
    }
    (void)co_await sleep_for(cx, 1ms);
    auto got = co_await s.run(mine, std::ref(op));
    EXPECT_EQ(got.error().kind(), error_kind::bulkhead_full);  // at 200 ms: one inside, one waits
    EXPECT_EQ(w.elapsed(), 200ms);
    (void)co_await sleep_for(cx, 1s);  // the others end well
  });
}

// B41
TEST(Keyed, B41WhatIsNotClosedStays) {
  const keyed<circuit_breaker> per_host{{.consecutive_failures = 1, .break_for = 1h},
                                        {.max_keys = 100}};
  per_host.at("bad", start)->isolate();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(per_host.at("host " + std::to_string(i), start));
    ASSERT_LE(per_host.size(), 100U);
  }
  EXPECT_EQ(per_host.at("bad", start)->state_at(start), breaker_state::isolated);
  EXPECT_EQ(per_host.forget_idle(start + 24h), 99U);
  EXPECT_EQ(per_host.keys(), (names{"bad"}));
}

TEST(Keyed, TheLongestUnusedGoesFirst) {
  const keyed<rate_limit> k{{.permits = 5}, {.max_keys = 3}};
  for (const auto* key : {"a", "b", "c", "a", "d"}) {
    (void)k.at(key, start);
  }
  EXPECT_EQ(k.keys(), (names{"d", "a", "c"}));
}

TEST(Keyed, WhatIsInUseOrUsedUpIsNotForgotten) {
  const keyed<rate_limit> k{{.permits = 2}, {.max_keys = 2, .idle_ttl = 1s}};
  auto held = k.at("held", start);
  EXPECT_TRUE(k.at("used", start)->take(start));
  EXPECT_EQ(k.forget_idle(start + 400ms), 0U);
  // No room: the third and the fourth share one.
  EXPECT_TRUE(k.at("third", start)->take(start, 2));
  EXPECT_FALSE(k.at("fourth", start)->take(start));
  EXPECT_EQ(k.size(), 2U);
  // A second later the permit of "used" is back, and one more may come.
  EXPECT_TRUE(k.at("fifth", start + 1s)->take(start + 1s));
  EXPECT_EQ(k.keys(), (names{"fifth", "held"}));
  EXPECT_TRUE(k.at("held", start + 1s)->identity() == held->identity());
}

TEST(Keyed, CallsInsideKeepTheirKey) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    const keyed<bulkhead> k{{.max = 1}, {.max_keys = 1, .when_full = keys_full::refuse}};
    const auto s = stack{k};
    w.spawn("long", [&](context& own) -> task<void> {
      auto mine = own.with_key("a");
      scripted_operation op({succeed(1, 100ms)});
      auto got = co_await s.run(mine, std::ref(op));
      EXPECT_TRUE(got);
    });
    (void)co_await sleep_for(cx, 1ms);
    EXPECT_EQ(k.forget_idle(cx.now() + 24h), 0U);
    scripted_operation op({succeed()});
    auto other = cx.with_key("b");
    event_log log(cx.now() - 1ms);
    const auto watched = s.observed_by(log, "s");
    const auto refused = co_await watched.run(other, std::ref(op));
    EXPECT_EQ(refused.error().kind(), error_kind::shed);
    EXPECT_EQ(k.at("b", cx.now()).error().kind(), error_kind::shed);
    EXPECT_EQ(log.lines, (lines{"1 keyed rejected 1"}));
    (void)co_await sleep_for(cx, 100ms);
    const auto again = co_await s.run(other, std::ref(op));
    EXPECT_TRUE(again);
    EXPECT_EQ(k.keys(), (names{"b"}));
  });
}

TEST(Keyed, IdleKeysGoByAndByWithoutBeingAsked) {
  const keyed<rate_limit> k{{.permits = 5}, {.max_keys = 1000, .idle_ttl = 1min}};
  for (int i = 0; i < 100; ++i) {
    (void)k.at(std::to_string(i), start);
  }
  for (int i = 0; i < 60; ++i) {
    (void)k.at("busy", start + 2min);
  }
  EXPECT_EQ(k.keys(), (names{"busy"}));
}

TEST(Keyed, AKeyFromAnythingTheContextKnows) {
  run_in_world(1, [](context& cx) -> task<void> {
    const keyed<rate_limit> per_key{{.name = "quota", .permits = 1}};
    const auto per_rank = per_key.by([](const context& c) -> std::string_view {
      return c.criticality() == criticality::critical ? "critical" : "other";
    });
    scripted_operation op({succeed()});
    auto other = cx.with_criticality(criticality::sheddable);
    (void)co_await stack{per_rank}.run(cx, std::ref(op));
    (void)co_await stack{per_rank}.run(other, std::ref(op));
    EXPECT_EQ(per_key.keys(), (names{"other", "critical"}));
    const auto refused = co_await stack{per_rank}.run(other, std::ref(op));
    EXPECT_EQ(refused.error().get<errors::rate_limited>()->policy, "quota");
    EXPECT_THROW((stack{per_key, per_rank}), std::invalid_argument);  // the same permits twice
  });
}

TEST(Keyed, SaysWhatItDoesAndRefusesBadOptions) {
  EXPECT_EQ((keyed<rate_limit>{{.permits = 5}, {.max_keys = 7}}).describe(),
            "for each key (at most 7) a rate limit of 5 per 1 s (gcra, at most 5 at once) that "
            "refuses the others at once");
  EXPECT_THROW((keyed<rate_limit>{{.permits = 0}}), std::invalid_argument);
  try {
    (void)keyed<rate_limit>{{.permits = 1}, {.max_keys = 0, .idle_ttl = -1s}};
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "keyed: max_keys is 0; idle_ttl is negative");
  }
}

TEST(Keyed, ManyThreadsShareOneHandlePerKey) {
  constexpr int threads = 16;
  const keyed<rate_limit> k{{.permits = 100}, {.max_keys = 8}};
  std::atomic<int> taken{0};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        taken += k.at(std::to_string((i + t) % 5), start)->take(start) ? 1 : 0;
        (void)k.at("passing " + std::to_string(i * threads + t), start);
      }
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_EQ(taken, 500);
  EXPECT_LE(k.size(), 8U);
}

}  // namespace
}  // namespace fairlead::policy
