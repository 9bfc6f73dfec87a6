// SPDX-License-Identifier: BSL-1.0
// How long connections live: age, warm-up, closing what idles, what the figures say, and a minute
// of traffic with an origin that closes them early.
#include "detail/pool_core.hpp"
#include "support/http_world.hpp"

#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
using detail::pool_core;

const std::string empty_answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

TEST(PoolCore, ClosesWhatIsTooOld) {
  pool_core core({.per_origin = 2, .total = 2, .waiters = 1, .idle = 10s, .life = 25s});
  const time_point t0{};
  pool_core::ticket t;
  core.acquire(t, "a", pool_core::wish::any);
  core.opened(t.id(), t0);
  EXPECT_FALSE(core.give_back(t.id(), t0).close);
  EXPECT_EQ(core.next_expiry(), t0 + 10s);
  core.acquire(t, "a", pool_core::wish::any);
  EXPECT_EQ(t.what(), pool_core::verdict::reuse);
  EXPECT_FALSE(core.give_back(t.id(), t0 + 24s).close);
  EXPECT_EQ(core.next_expiry(), t0 + 25s) << "of its age, before that of its idling";
  EXPECT_TRUE(core.expired(t0 + 24s).empty());
  EXPECT_EQ(core.expired(t0 + 25s).size(), 1u);
  core.acquire(t, "a", pool_core::wish::any);
  EXPECT_TRUE(core.give_back(t.id(), t0 + 25s).close);
  EXPECT_EQ(core.open_count(), 0u);
}

TEST(PoolCore, KnowsItsRoom) {
  pool_core core({.per_origin = 2, .total = 3});
  EXPECT_EQ(core.room_for("a"), 2u);
  pool_core::ticket t;
  core.acquire(t, "a", pool_core::wish::any);
  EXPECT_EQ(core.room_for("a"), 1u);
  EXPECT_EQ(core.room_for("b"), 2u);
  pool_core::ticket u;
  core.acquire(u, "b", pool_core::wish::any);
  EXPECT_EQ(core.room_for("b"), 1u);
  EXPECT_EQ(core.places_of("b"), 1u);
  EXPECT_EQ(core.places_of("c"), 0u);
}

TEST(ClientLifetimes, OldConnectionsAreNotUsedAgain) {
  with_script(always(empty_answer), client_options().pool({.life = 60s}),
              [](context& cx, client& c, memory_network& net) -> task<void> {
                for (int i = 0; i < 120; ++i) {
                  auto r = co_await c.get<void>(cx, "/x");
                  EXPECT_TRUE(r);
                  auto slept = co_await sleep_for(cx, 1s);
                  EXPECT_TRUE(slept);
                }
                EXPECT_EQ(net.connects, 2) << "60 exchanges on each";
                auto slept = co_await sleep_for(cx, 31s);
                EXPECT_TRUE(slept);
                EXPECT_EQ(c.stats().connections, 0u);
              });
}

TEST(ClientLifetimes, WarmUpOpensThemBeforehand) {
  with_script(
      always(empty_answer), client_options().pool({.per_origin = 4}),
      [](context& cx, client& c, memory_network& net) -> task<void> {
        const auto start = cx.now();
        auto n = co_await c.warm_up(cx, "/any", 3);
        EXPECT_TRUE(n);
        EXPECT_EQ(*n, 3u);
        EXPECT_EQ(cx.now() - start, 100ms) << "at the same time";
        EXPECT_EQ(c.stats().idle, 3u);
        n = co_await c.warm_up(cx, "/other", 2);
        EXPECT_EQ(*n, 3u) << "there are enough";
        n = co_await c.warm_up(cx, "/", 100);
        EXPECT_EQ(*n, 4u) << "what the pool has room for";
        EXPECT_EQ(net.connects, 4);
        const auto warm = cx.now();
        auto r = co_await c.get<void>(cx, "/x");
        EXPECT_TRUE(r);
        EXPECT_EQ(cx.now(), warm);
        EXPECT_EQ(c.stats().reused, 1u);
      },
      [](memory_network& net) { net.connect_takes = 100ms; });
}

TEST(ClientLifetimes, WarmUpSaysWhatIsWrong) {
  with_script(always(empty_answer), {}, [](context& cx, client& c, memory_network&) -> task<void> {
    auto n = co_await c.warm_up(cx, "http://nowhere/", 3);
    EXPECT_FALSE(n);
    EXPECT_EQ(n.error().kind(), error_kind::dns_failure);
    EXPECT_EQ(c.stats().connections, 0u);
    n = co_await c.warm_up(cx, "ftp://x/", 3);
    EXPECT_FALSE(n);
    EXPECT_EQ(n.error().kind(), error_kind::invalid_url);
    auto late = cx.with_timeout(-1s);
    n = co_await c.warm_up(late, "/", 3);
    EXPECT_FALSE(n);
    EXPECT_EQ(n.error().kind(), error_kind::deadline);
  });
}

TEST(ClientLifetimes, WarmUpDoesNotHang) {
  with_script(
      always(empty_answer), client_options().timeout(2s),
      [](context& cx, client& c, memory_network&) -> task<void> {
        const auto start = cx.now();
        auto n = co_await c.warm_up(cx, "/", 3);
        EXPECT_FALSE(n);
        EXPECT_EQ(n.error().kind(), error_kind::timeout) << n.error().message();
        EXPECT_EQ(cx.now() - start, 2s);
        EXPECT_EQ(c.stats().connections, 0u);
      },
      [](memory_network& net) { net.connect_takes = 1h; });
}

TEST(ClientLifetimes, CloseIdleLeavesTheBusyOnes) {
  const auto slow = [](context& cx, peer& p, int) -> task<void> {
    while (!p.ended) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      if (head.starts_with("GET /slow")) {
        auto slept = co_await sleep_for(cx, 1s);
        static_cast<void>(slept);
      }
      auto said = co_await p.say(cx, empty_answer);
      static_cast<void>(said);
    }
  };
  with_script(slow, {}, [](context& cx, client& c, memory_network& net) -> task<void> {
    auto n = co_await c.warm_up(cx, "/", 3);
    EXPECT_EQ(*n, 3u);
    task_scope scope(cx);
    scope.spawn([&](context& own) -> task<void> {
      auto r = co_await c.get<void>(own, "/slow");
      EXPECT_TRUE(r);
    });
    c.close_idle();
    EXPECT_EQ(c.stats().connections, 1u);
    EXPECT_EQ(c.stats().idle, 0u);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(c.stats().idle, 1u);
    EXPECT_EQ(net.connects, 3);
  });
}

TEST(ClientLifetimes, TheFiguresAddUp) {
  const auto slow = [](context& cx, peer& p, int n) -> task<void> {
    for (int i = 0; !p.ended; ++i) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      if (n == 0 && i == 2) {
        p.close();  // at the moment of use
        break;
      }
      auto slept = co_await sleep_for(cx, 100ms);
      static_cast<void>(slept);
      auto said = co_await p.say(cx, empty_answer);
      static_cast<void>(said);
    }
  };
  with_script(slow, client_options().pool({.per_origin = 1, .waiters = 1}),
              [](context& cx, client& c, memory_network&) -> task<void> {
                task_scope scope(cx);
                for (int i = 0; i < 3; ++i) {
                  scope.spawn([&](context& own) -> task<void> {
                    auto r = co_await c.get<void>(own, "/x");
                    static_cast<void>(r);
                  });
                }
                auto joined = co_await scope.join();
                EXPECT_TRUE(joined);
                auto s = c.stats();
                EXPECT_EQ(s.opened, 1u);
                EXPECT_EQ(s.reused, 1u);
                EXPECT_EQ(s.waited, 1u);
                EXPECT_EQ(s.refused, 1u);
                EXPECT_EQ(s.stale_retries, 0u);
                auto r = co_await c.get<void>(cx, "/x");
                EXPECT_TRUE(r);
                s = c.stats();
                EXPECT_EQ(s.opened, 2u);
                EXPECT_EQ(s.reused, 2u);
                EXPECT_EQ(s.stale_retries, 1u);
              });
}

// An origin that closes every connection one second after its last answer, a network that takes 5
// ms each way, and 100 calls a second for a minute, side by side: bursts, so that connections idle
// for every time around the second, and many meet the close on its way.
TEST(ClientLifetimes, AMinuteWithAnOriginThatClosesEarly) {
  const auto origin = [](context& cx, peer& p, int) -> task<void> {
    for (;;) {
      auto patient = cx.with_timeout(1s);
      auto head = co_await p.read_until(patient, "\r\n\r\n");
      if (p.ended) {
        break;
      }
      auto works = co_await sleep_for(cx, 20ms);
      static_cast<void>(works);
      auto said = co_await p.say(cx, empty_answer);
      static_cast<void>(said);
    }
    p.close();
  };
  with_script(
      origin, {},
      [](context& cx, client& c, memory_network&) -> task<void> {
        int failed = 0;
        std::string why;
        task_scope scope(cx);
        const auto one = [&](context& own) -> task<void> {
          auto r = co_await c.get<void>(own, "/x");
          if (!r) {
            ++failed;
            why = r.error().message();
          }
        };
        for (int i = 0; i < 600; ++i) {
          for (int k = 0; k < 10; ++k) {
            scope.spawn([&one](context& own) { return one(own); });
            auto gap = co_await sleep_for(cx, k % 3 == 0 ? 1ms * (i % 40) : 0ms);
            EXPECT_TRUE(gap);
          }
          auto pause = co_await sleep_for(cx, 20ms + 1ms * (i % 60));
          EXPECT_TRUE(pause);
        }
        auto joined = co_await scope.join();
        EXPECT_TRUE(joined);
        EXPECT_EQ(failed, 0) << why;
        const auto s = c.stats();
        EXPECT_GT(s.opened, 20u) << "connections came and went";
        EXPECT_GT(s.reused, 3000u);
      },
      [](memory_network& net) {
        net.client_side = net::memory_side().latency(5ms);
        net.server_side = net::memory_side().latency(5ms);
        net.connect_takes = 10ms;
      });
}

}  // namespace
}  // namespace fairlead::http
