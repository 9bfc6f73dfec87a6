// SPDX-License-Identifier: BSL-1.0
// Keep-alive as a user sees it: reuse, limits, waiting, and the stale-connection rule.
#include "support/http_world.hpp"
#include "support/shop.hpp"

#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

const std::string empty_answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

TEST(ClientPool, OneConnectionCarriesMany) {
  with_script(always(empty_answer), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                for (int i = 0; i < 100; ++i) {
                  auto r = co_await c.get<void>(cx, "/x");
                  EXPECT_TRUE(r);
                }
                EXPECT_EQ(net.connects, 1);
                EXPECT_EQ(c.stats().idle, 1u);
              });
}

TEST(ClientPool, WhatCannotBeReusedIsClosed) {
  const std::vector<std::string> answers = {
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
      empty_answer + "HTTP/1.1 200 unasked",
  };
  for (const auto& text : answers) {
    with_script(always(text), {}, [&](context& cx, client& c, memory_network& net) -> task<void> {
      for (int i = 0; i < 3; ++i) {
        auto r = co_await c.get<void>(cx, "/x");
        EXPECT_TRUE(r) << text;
      }
      EXPECT_EQ(net.connects, 3) << text;
      EXPECT_EQ(c.stats().connections, 0u);
    });
  }
}

TEST(ClientPool, AnOldServerMayKeepAlive) {
  with_script(always("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                for (int i = 0; i < 3; ++i) {
                  auto r = co_await c.get<void>(cx, "/x");
                  EXPECT_TRUE(r);
                }
                EXPECT_EQ(net.connects, 1);
              });
}

TEST(ClientPool, IdleConnectionsEndAfterTheirLimit) {
  with_script(always(empty_answer), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                auto r = co_await c.get<void>(cx, "/x");
                EXPECT_TRUE(r);
                auto slept = co_await sleep_for(cx, 29s);
                EXPECT_TRUE(slept);
                EXPECT_EQ(c.stats().idle, 1u);
                slept = co_await sleep_for(cx, 2s);
                EXPECT_TRUE(slept);
                EXPECT_EQ(c.stats().connections, 0u);
                r = co_await c.get<void>(cx, "/x");
                EXPECT_TRUE(r);
                EXPECT_EQ(net.connects, 2);
              });
}

TEST(ClientPool, AConnectionEndsWithItsLifeWhicheverWasIdleFirst) {
  const script first_is_slow = [](context& cx, peer& p, int n) -> task<void> {
    while (!p.ended) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      auto slept = co_await sleep_for(cx, n == 0 ? 9s : 0s);
      if (p.ended || !slept) {
        break;
      }
      auto said = co_await p.say(cx, empty_answer);
      static_cast<void>(said);
    }
  };
  with_script(first_is_slow, client_options().timeout(20s).pool({.idle_timeout = 8s, .life = 10s}),
              [](context& cx, client& c, memory_network& net) -> task<void> {
                task_scope scope(cx);
                const auto ask = [&](context& own) -> task<void> {
                  auto r = co_await c.get<void>(own, "/x");
                  EXPECT_TRUE(r) << r.error().message();
                };
                scope.spawn(ask);
                auto slept = co_await sleep_for(cx, 5s);
                EXPECT_TRUE(slept);
                co_await ask(cx);  // this one's is idle until the 13th second
                auto joined = co_await scope.join();
                EXPECT_TRUE(joined);
                EXPECT_EQ(c.stats().idle, 2u);
                slept = co_await sleep_for(cx, 2s);
                EXPECT_TRUE(slept);
                EXPECT_EQ(c.stats().idle, 1u) << "the first is eleven seconds old";
                EXPECT_EQ(net.connects, 2);
              });
}

// A server that answers slowly, so that calls overlap.
script slow(duration takes) {
  return [takes](context& cx, peer& p, int) -> task<void> {
    while (!p.ended) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      if (p.ended) {
        break;
      }
      auto slept = co_await sleep_for(cx, takes);
      if (!slept) {
        break;
      }
      auto said = co_await p.say(cx, empty_answer);
      static_cast<void>(said);
    }
  };
}

TEST(ClientPool, CallsBeyondTheCapWaitInOrder) {
  with_script(slow(100ms), client_options().pool({.per_origin = 2}),
              [](context& cx, client& c, memory_network& net) -> task<void> {
                task_scope scope(cx);
                std::vector<std::pair<int, duration>> done;
                const auto start = cx.now();
                const auto one = [&](context& own, int i) -> task<void> {
                  auto r = co_await c.get<void>(own, "/x");
                  EXPECT_TRUE(r) << r.error().message();
                  done.emplace_back(i, own.now() - start);
                };
                for (int i = 0; i < 6; ++i) {
                  scope.spawn([&one, i](context& own) { return one(own, i); });
                }
                EXPECT_EQ(c.stats().waiting, 4u);
                auto joined = co_await scope.join();
                EXPECT_TRUE(joined);
                EXPECT_EQ(net.connects, 2);
                EXPECT_EQ(done.size(), 6u);
                for (const auto& [i, at] : done) {
                  EXPECT_EQ(at, 100ms * (i / 2 + 1)) << "call " << i;
                }
              });
}

TEST(ClientPool, TooManyWaitersAreRefused) {
  with_script(slow(100ms), client_options().pool({.per_origin = 1, .waiters = 1}),
              [](context& cx, client& c, memory_network&) -> task<void> {
                task_scope scope(cx);
                const auto one = [&](context& own) -> task<void> {
                  auto r = co_await c.get<void>(own, "/x");
                  EXPECT_TRUE(r);
                };
                scope.spawn(one);
                scope.spawn(one);
                auto r = co_await c.get<void>(cx, "/x");
                EXPECT_FALSE(r);
                EXPECT_EQ(r.error().message(),
                          "pool_exhausted: http://shop: all 1 connections are in use [pool]");
                EXPECT_EQ(r.error().sent(), error_sent::not_sent);
                auto joined = co_await scope.join();
                EXPECT_TRUE(joined);
              });
}

TEST(ClientPool, WaitingForAConnectionCountsAgainstTheLimit) {
  with_script(slow(1h), client_options().pool({.per_origin = 1}).timeout(2s),
              [](context& cx, client& c, memory_network&) -> task<void> {
                task_scope scope(cx);
                scope.spawn([&](context& own) -> task<void> {
                  auto r = co_await c.get<void>(own, "/first");
                  EXPECT_EQ(r.error().stage(), error_stage::head);
                });
                auto quick = cx.with_timeout(1s);
                auto r = co_await c.get<void>(quick, "/second");
                EXPECT_FALSE(r);
                EXPECT_EQ(r.error().kind(), error_kind::deadline);
                EXPECT_EQ(r.error().stage(), error_stage::pool);
                EXPECT_EQ(r.error().sent(), error_sent::not_sent);
                EXPECT_EQ(c.stats().waiting, 0u);
                auto joined = co_await scope.join();
                EXPECT_TRUE(joined);
              });
}

TEST(ClientPool, ACancelledWaiterLeavesTheLine) {
  with_script(slow(1s), client_options().pool({.per_origin = 1}),
              [](context& cx, client& c, memory_network&) -> task<void> {
                task_scope scope(cx);
                cancel_scope impatient(cx);
                int finished = 0;
                const auto one = [&](context& own) -> task<void> {
                  auto r = co_await c.get<void>(own, "/x");
                  EXPECT_TRUE(r);
                  ++finished;
                };
                scope.spawn(one);
                scope.spawn([&](context&) -> task<void> {
                  auto r = co_await c.get<void>(impatient, "/x");
                  EXPECT_EQ(r.error().kind(), error_kind::cancelled);
                  EXPECT_EQ(r.error().stage(), error_stage::pool);
                });
                scope.spawn(one);
                auto slept = co_await sleep_for(cx, 500ms);
                EXPECT_TRUE(slept);
                impatient.cancel();
                auto joined = co_await scope.join();
                EXPECT_TRUE(joined);
                EXPECT_EQ(finished, 2);
              });
}

TEST(ClientPool, ACancelledCallGivesItsPlaceToTheNext) {
  with_script(
      [](context& cx, peer& p, int n) -> task<void> {
        auto head = co_await p.read_until(cx, "\r\n\r\n");
        if (n > 0) {
          auto said = co_await p.say(cx, empty_answer);
          static_cast<void>(said);
        }
        auto rest = co_await p.read_all(cx);
      },
      client_options().pool({.per_origin = 1}),
      [](context& cx, client& c, memory_network& net) -> task<void> {
        task_scope scope(cx);
        cancel_scope first(cx);
        scope.spawn([&](context&) -> task<void> {
          auto r = co_await c.get<void>(first, "/x");
          EXPECT_EQ(r.error().kind(), error_kind::cancelled);
        });
        scope.spawn([&](context& own) -> task<void> {
          auto r = co_await c.get<void>(own, "/x");
          EXPECT_TRUE(r) << r.error().message();
        });
        auto slept = co_await sleep_for(cx, 1s);
        EXPECT_TRUE(slept);
        first.cancel();
        auto joined = co_await scope.join();
        EXPECT_TRUE(joined);
        EXPECT_EQ(net.connects, 2) << "the cancelled call's connection is not used again";
      });
}

TEST(ClientPool, AHalfClosedIdleConnectionIsNoticed) {
  // The server says it keeps the connection, and closes it all the same.
  with_script(once(empty_answer), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                for (int i = 0; i < 5; ++i) {
                  auto r = co_await c.post(cx, "/x", shop::flag{true});
                  EXPECT_TRUE(r) << r.error().message();
                  auto slept = co_await sleep_for(cx, 1s);
                  EXPECT_TRUE(slept);
                }
                EXPECT_EQ(net.connects, 5);
              });
}

// A server whose first connection answers once, then reads another request and closes without a
// word: the moment that no check before sending can see.
script closes_at_second_request() {
  return [](context& cx, peer& p, int n) -> task<void> {
    for (int i = 0; !p.ended; ++i) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      if (p.ended || (n == 0 && i == 1)) {
        break;
      }
      auto said = co_await p.say(cx, empty_answer);
      static_cast<void>(said);
    }
    p.close();
  };
}

TEST(ClientPool, AStaleConnectionIsReplacedForWhatMayBeRepeated) {
  with_script(closes_at_second_request(), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                auto r = co_await c.get<void>(cx, "/x");
                EXPECT_TRUE(r);
                r = co_await c.get<void>(cx, "/x");
                EXPECT_TRUE(r) << r.error().message();
                EXPECT_EQ(net.connects, 2);
              });
}

TEST(ClientPool, ARepetitionThatNeverLeftKeepsWhatTheFirstTrySent) {
  with_script(closes_at_second_request(), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                auto r = co_await c.get<void>(cx, "/x");
                EXPECT_TRUE(r);
                net.connect_fails = errors::connection_refused{"10.0.0.1"};
                r = co_await c.get<void>(cx, "/x");
                EXPECT_FALSE(r);
                EXPECT_EQ(r.error().kind(), error_kind::connection_refused);
                EXPECT_EQ(r.error().sent(), error_sent::unknown);
                EXPECT_EQ(net.connects, 2);
              });
}

TEST(ClientDeathTest, DestroyingAClientWithACallInFlightEndsTheProgramWithAMessage) {
  EXPECT_DEATH(with_script(always(""), {},
                           [](context& cx, client& c, memory_network&) -> task<void> {
                             task_scope scope(cx);
                             auto other = std::make_unique<client>(cx.env(), c.options());
                             scope.spawn([&](context& own) -> task<void> {
                               auto r = co_await other->get<void>(own, "/x");
                               static_cast<void>(r);
                             });
                             other.reset();
                             auto joined = co_await scope.join();
                             static_cast<void>(joined);
                           }),
               "an http::client was destroyed with 1 calls in flight");
}

TEST(ClientPool, AStaleConnectionFailsWhatMayNotBeRepeated) {
  with_script(closes_at_second_request(), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                auto r = co_await c.get<void>(cx, "/x");
                EXPECT_TRUE(r);
                r = co_await c.post(cx, "/x", shop::flag{true});
                EXPECT_FALSE(r);
                EXPECT_EQ(r.error().kind(), error_kind::connection_closed);
                EXPECT_EQ(r.error().sent(), error_sent::unknown);
                EXPECT_FALSE(r.error().repeatable());
                EXPECT_EQ(net.connects, 1);
              });
}

TEST(ClientPool, AKeyOrTheContextMakesAPostRepeatable) {
  for (const bool by_key : {true, false}) {
    with_script(closes_at_second_request(), {},
                [&](context& cx, client& c, memory_network& net) -> task<void> {
                  auto r = co_await c.get<void>(cx, "/x");
                  EXPECT_TRUE(r);
                  auto safe = by_key ? cx.with_idempotency_key("k")
                                     : cx.with_idempotency(idempotency::idempotent);
                  r = co_await c.post(safe, "/x", shop::flag{true});
                  EXPECT_TRUE(r) << r.error().message();
                  EXPECT_EQ(net.connects, 2);
                });
  }
}

TEST(ClientPool, TheContextCanForbidRepeating) {
  with_script(closes_at_second_request(), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                auto r = co_await c.get<void>(cx, "/x");
                EXPECT_TRUE(r);
                auto strict = cx.with_idempotency(idempotency::not_idempotent);
                r = co_await c.get<void>(strict, "/x");
                EXPECT_FALSE(r);
                EXPECT_EQ(net.connects, 1);
              });
}

TEST(ClientPool, WhatWasNotWrittenIsAlwaysRepeated) {
  // The third attempt of the client's end (after the write and read of the first call, the check
  // of the idle connection and then the write) fails before a byte was taken.
  for (std::uint64_t nth = 1; nth < 8; ++nth) {
    int connects = 0;
    with_script(
        always(empty_answer), {},
        [&](context& cx, client& c, memory_network& net) -> task<void> {
          auto r = co_await c.get<void>(cx, "/x");
          net.client_side = {};
          auto p = co_await c.post(cx, "/x", shop::flag{true});
          if (r && !p) {
            EXPECT_NE(p.error().sent(), error_sent::not_sent) << nth;
          }
          connects = net.connects;
        },
        [&](memory_network& net) {
          net.client_side = net::memory_side().fail_attempt(nth, errors::connection_reset{"p"});
        });
    EXPECT_LE(connects, 2);
  }
}

TEST(ClientPool, AFreshConnectionThatFailsIsNotRepeated) {
  with_script(
      [](context& cx, peer& p, int) -> task<void> {
        auto head = co_await p.read_until(cx, "\r\n\r\n");
        p.close();
      },
      {},
      [](context& cx, client& c, memory_network& net) -> task<void> {
        auto r = co_await c.get<void>(cx, "/x");
        EXPECT_FALSE(r);
        EXPECT_EQ(r.error().sent(), error_sent::unknown);
        EXPECT_TRUE(r.error().repeatable());
        EXPECT_EQ(net.connects, 1);
      });
}

TEST(ClientPool, NothingIsRepeatedAfterAByteOfTheAnswer) {
  with_script(
      [](context& cx, peer& p, int) -> task<void> {
        auto head = co_await p.read_until(cx, "\r\n\r\n");
        auto said = co_await p.say(cx, empty_answer);
        head = co_await p.read_until(cx, "\r\n\r\n");
        said = co_await p.say(cx, "H");
        static_cast<void>(said);
        p.close();
      },
      {},
      [](context& cx, client& c, memory_network& net) -> task<void> {
        auto r = co_await c.get<void>(cx, "/x");
        EXPECT_TRUE(r);
        r = co_await c.get<void>(cx, "/x");
        EXPECT_FALSE(r);
        EXPECT_EQ(r.error().sent(), error_sent::answered);
        EXPECT_EQ(net.connects, 1);
      });
}

TEST(ClientPool, OriginsDoNotMix) {
  with_script(always(empty_answer), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                for (const auto* url : {"http://a/", "http://b/", "http://a/x", "http://B:80/"}) {
                  auto r = co_await c.get<void>(cx, url);
                  EXPECT_TRUE(r) << r.error().message();
                }
                EXPECT_EQ(net.connects, 2);
              });
}

TEST(ClientPool, SurvivesAServerThatClosesIdleConnections) {
  // The origin closes every connection one second after its last answer; 100 calls a second for a
  // minute, with pauses of every length between.
  const auto origin = [](context& cx, peer& p, int) -> task<void> {
    for (;;) {
      auto patient = cx.with_timeout(1s);
      auto head = co_await p.read_until(patient, "\r\n\r\n");
      if (p.ended) {
        break;
      }
      auto said = co_await p.say(cx, empty_answer);
      static_cast<void>(said);
    }
    p.close();
  };
  with_script(origin, {}, [](context& cx, client& c, memory_network&) -> task<void> {
    int failed = 0;
    for (int i = 0; i < 2000; ++i) {
      auto r = co_await c.get<void>(cx, "/x");
      failed += r ? 0 : 1;
      auto slept = co_await sleep_for(cx, 10ms * (i % 120));
      EXPECT_TRUE(slept);
    }
    EXPECT_EQ(failed, 0);
  });
}

// Whoever asks for the end of the connection gets it, said or unsaid.
TEST(ClientPool, ARequestThatClosesIsTheLastOfItsConnection) {
  with_script(always(empty_answer), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                const auto closing = headers().add("Connection", "x, Close");
                auto r = co_await c.get<void>(cx, "/x", closing);
                EXPECT_TRUE(r);
                EXPECT_EQ(c.stats().connections, 0u);
                r = co_await c.get<void>(cx, "/x");
                EXPECT_TRUE(r);
                EXPECT_EQ(net.connects, 2);
              });
  with_script(always(empty_answer), client_options().header("Connection", "close"),
              [](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.get<void>(cx, "/x");
                EXPECT_TRUE(r);
                EXPECT_EQ(c.stats().connections, 0u);
              });
}

}  // namespace
}  // namespace fairlead::http
