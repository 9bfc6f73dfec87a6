// SPDX-License-Identifier: BSL-1.0
// The pool's decisions, without any connection: limits, order, eviction, and a random walk that
// checks what must always hold.
#include "detail/pool_core.hpp"

#include <fairlead/core/random.hpp>

#include <gtest/gtest.h>

#include <list>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace fairlead::http::detail {
namespace {

using namespace std::chrono_literals;
using verdict = pool_core::verdict;
using wish = pool_core::wish;

constexpr time_point t0{};

struct fixture {
  explicit fixture(pool_core::limits l) : core(l) {}
  pool_core core;
  std::list<pool_core::ticket> tickets;

  pool_core::ticket& ask(std::string_view origin, wish w = wish::any) {
    auto& t = tickets.emplace_back();
    core.acquire(t, origin, w);
    return t;
  }
};

pool_core::limits small() {
  pool_core::limits l;
  l.per_origin = 2;
  l.total = 3;
  l.waiters = 4;
  l.idle = 10s;
  return l;
}

TEST(PoolCore, OpensUpToTheLimitOfTheOrigin) {
  fixture f(small());
  EXPECT_EQ(f.ask("a").what(), verdict::open);
  EXPECT_EQ(f.ask("a").what(), verdict::open);
  EXPECT_EQ(f.ask("a").what(), verdict::wait);
  EXPECT_EQ(f.ask("b").what(), verdict::open);
  EXPECT_EQ(f.ask("b").what(), verdict::wait) << "the total is used up";
  EXPECT_EQ(f.core.open_count(), 3u);
  EXPECT_EQ(f.core.waiter_count(), 2u);
}

TEST(PoolCore, ReusesTheOneThatWasUsedLast) {
  fixture f(small());
  const auto first = f.ask("a").id();
  const auto second = f.ask("a").id();
  EXPECT_FALSE(f.core.give_back(second, t0).close);
  EXPECT_FALSE(f.core.give_back(first, t0 + 1s).close);
  auto& again = f.ask("a");
  EXPECT_EQ(again.what(), verdict::reuse);
  EXPECT_EQ(again.id(), first);
  EXPECT_EQ(f.core.idle_count(), 1u);
}

TEST(PoolCore, AFreshOneTakesThePlaceOfAnIdleOneIfItMust) {
  fixture f(small());
  const auto first = f.ask("a").id();
  const auto second = f.ask("a").id();
  static_cast<void>(f.core.give_back(first, t0));
  static_cast<void>(f.core.give_back(second, t0));
  auto& fresh = f.ask("a", wish::fresh);
  EXPECT_EQ(fresh.what(), verdict::open);
  EXPECT_EQ(fresh.evict(), first);
  EXPECT_EQ(f.core.open_count(), 2u);
}

TEST(PoolCore, TheLongestIdleMakesRoomForAnotherOrigin) {
  fixture f(small());
  const auto a1 = f.ask("a").id();
  const auto a2 = f.ask("a").id();
  static_cast<void>(f.ask("b"));
  static_cast<void>(f.core.give_back(a2, t0));
  static_cast<void>(f.core.give_back(a1, t0 + 1s));
  auto& c = f.ask("c");
  EXPECT_EQ(c.what(), verdict::open);
  EXPECT_EQ(c.evict(), a2);
  EXPECT_NE(c.id(), a2);
  EXPECT_EQ(f.core.open_count(), 3u);
}

TEST(PoolCore, AConnectionThatComesBackGoesToTheFirstInLine) {
  fixture f(small());
  const auto id = f.ask("a").id();
  static_cast<void>(f.ask("a"));
  auto& w1 = f.ask("a");
  auto& w2 = f.ask("a");
  const auto h = f.core.give_back(id, t0);
  EXPECT_FALSE(h.close);
  EXPECT_EQ(h.granted, &w1);
  EXPECT_EQ(w1.what(), verdict::reuse);
  EXPECT_EQ(w1.id(), id);
  EXPECT_EQ(w2.what(), verdict::wait);
}

TEST(PoolCore, AConnectionThatBrokeLeavesItsPlaceToTheFirstInLine) {
  fixture f(small());
  const auto id = f.ask("a").id();
  static_cast<void>(f.ask("a"));
  auto& w1 = f.ask("a");
  const auto h = f.core.forget(id);
  EXPECT_TRUE(h.close);
  EXPECT_EQ(h.granted, &w1);
  EXPECT_EQ(w1.what(), verdict::open);
  EXPECT_EQ(f.core.open_count(), 2u);
}

TEST(PoolCore, AConnectionThatComesBackMayMakeRoomForAnotherOrigin) {
  fixture f(small());
  const auto id = f.ask("a").id();
  static_cast<void>(f.ask("a"));
  static_cast<void>(f.ask("b"));
  auto& w = f.ask("c");
  EXPECT_EQ(w.what(), verdict::wait);
  const auto h = f.core.give_back(id, t0);
  EXPECT_EQ(h.granted, &w);
  EXPECT_EQ(w.what(), verdict::open);
  EXPECT_EQ(w.evict(), id);
}

TEST(PoolCore, OneOriginsLineDoesNotHoldUpAnother) {
  fixture f(small());
  static_cast<void>(f.ask("a"));
  static_cast<void>(f.ask("a"));
  const auto b = f.ask("b").id();
  auto& wa = f.ask("a");  // a is full, whatever b does
  auto& wb = f.ask("b");
  const auto h = f.core.give_back(b, t0);
  EXPECT_EQ(h.granted, &wb);
  EXPECT_EQ(wa.what(), verdict::wait);
}

TEST(PoolCore, TheLineIsBounded) {
  auto l = small();
  l.waiters = 1;
  fixture f(l);
  static_cast<void>(f.ask("a"));
  static_cast<void>(f.ask("a"));
  EXPECT_EQ(f.ask("a").what(), verdict::wait);
  EXPECT_EQ(f.ask("a").what(), verdict::refuse);
}

TEST(PoolCore, ATicketCanLeaveTheLine) {
  fixture f(small());
  const auto id = f.ask("a").id();
  static_cast<void>(f.ask("a"));
  auto& w1 = f.ask("a");
  auto& w2 = f.ask("a");
  f.core.abandon(w1);
  EXPECT_EQ(w1.what(), verdict::refuse);
  EXPECT_EQ(f.core.give_back(id, t0).granted, &w2);
}

TEST(PoolCore, IdleConnectionsExpire) {
  fixture f(small());
  const auto a = f.ask("a").id();
  const auto b = f.ask("b").id();
  EXPECT_EQ(f.core.next_expiry(), no_deadline);
  static_cast<void>(f.core.give_back(a, t0));
  static_cast<void>(f.core.give_back(b, t0 + 5s));
  EXPECT_EQ(f.core.next_expiry(), t0 + 10s);
  EXPECT_TRUE(f.core.expired(t0 + 9s).empty());
  EXPECT_EQ(f.core.expired(t0 + 10s), std::vector<pool_core::connection_id>{a});
  static_cast<void>(f.core.forget(a));
  EXPECT_EQ(f.core.next_expiry(), t0 + 15s);
  EXPECT_EQ(f.core.open_count(), 1u);
}

TEST(PoolCore, WithoutIdleTimeNothingIdles) {
  auto l = small();
  l.idle = 0s;
  fixture f(l);
  EXPECT_TRUE(f.core.give_back(f.ask("a").id(), t0).close);
  EXPECT_EQ(f.core.open_count(), 0u);
}

// Many callers do as they please; the counts, the limits and the uniqueness of ids hold throughout,
// and in the end nobody is left in line.
TEST(PoolCore, HoldsItsLimitsInARandomWalk) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    random_source random(seed);
    pool_core::limits l;
    l.per_origin = 1 + random.below(3);
    l.total = 1 + random.below(5);
    l.waiters = random.below(6);
    pool_core core(l);
    std::list<pool_core::ticket> waiting;
    std::multiset<std::string> places;  // of connections in use
    std::vector<pool_core::connection_id> used;
    std::set<pool_core::connection_id> in_use;
    const auto take = [&](pool_core::ticket& t) {
      EXPECT_TRUE(in_use.insert(t.id()).second) << "an id was given out twice";
      used.push_back(t.id());
    };
    const auto grant = [&](const pool_core::handover& h) {
      if (h.granted != nullptr) {
        take(*h.granted);
        waiting.remove_if([&](const pool_core::ticket& t) { return &t == h.granted; });
      }
    };
    const auto put_back = [&](std::size_t i, bool keep, time_point now) {
      const auto id = used[i];
      used.erase(used.begin() + static_cast<std::ptrdiff_t>(i));
      in_use.erase(id);
      grant(keep ? core.give_back(id, now) : core.forget(id));
    };
    time_point now = t0;
    for (int step = 0; step < 3000; ++step) {
      now += 100ms;
      const auto what = random.below(10);
      if (what < 5) {
        auto& t = waiting.emplace_back();
        core.acquire(t, std::string(1, static_cast<char>('a' + random.below(4))),
                     random.below(4) == 0 ? wish::fresh : wish::any);
        if (t.what() == verdict::open || t.what() == verdict::reuse) {
          take(t);
        }
        if (t.what() != verdict::wait) {
          waiting.pop_back();
        }
      } else if (what < 9 && !used.empty()) {
        put_back(random.below(used.size()), random.below(3) != 0, now);
      } else if (!waiting.empty()) {
        core.abandon(waiting.front());
        waiting.pop_front();
      }
      for (const auto id : core.expired(now)) {
        EXPECT_EQ(in_use.count(id), 0u);
        grant(core.forget(id));
      }
      ASSERT_LE(core.open_count(), l.total);
      ASSERT_LE(core.waiter_count(), l.waiters);
      ASSERT_EQ(core.waiter_count(), waiting.size());
      ASSERT_EQ(core.open_count(), used.size() + core.idle_count());
    }
    while (!used.empty()) {
      put_back(0, false, now);
    }
    EXPECT_TRUE(waiting.empty()) << "seed " << seed << ": somebody waits for nothing";
  }
}

}  // namespace
}  // namespace fairlead::http::detail
