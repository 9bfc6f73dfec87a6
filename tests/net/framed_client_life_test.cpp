// SPDX-License-Identifier: BSL-1.0
// The life of a client of messages, in virtual time: failing to connect, pauses, idling, limits,
// draining, and peers that end lines as they like. The peer is a script.
#include <fairlead/net/framed_client.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/net/framed.hpp>
#include <fairlead/net/json_lines.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/memory.hpp>
#include <fairlead/net/one_read.hpp>
#include <fairlead/sim/network.hpp>

#include <gtest/gtest.h>

#include "support/scripted_peer.hpp"
#include "support/sim_test.hpp"

#include <chrono>
#include <deque>
#include <string>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::call_all;
using fairlead::testing::echo;
using fairlead::testing::peer;
using fairlead::testing::run_in_world;
using fairlead::testing::with_peer;

TEST(FramedClient, AnErrorOfTheFramerEndsEveryCall) {
  const auto chatty = [](context& cx, stream& s, int) -> task<void> {
    auto put = co_await write_all(cx, s, std::string(100, 'x'));
    EXPECT_TRUE(put);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
  };
  with_peer(chatty, [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line({.limit = 50}));
    const std::vector<std::string> texts{"a", "b"};
    const auto all = co_await call_all(cx, c, texts);
    for (const auto& one : all) {
      EXPECT_EQ(one.error().kind(), error_kind::too_large);
      EXPECT_EQ(one.error().sent(), error_sent::unknown);
    }
  });
}

TEST(FramedClient, AFailedAttemptEndsEveryCallThatWaitsForIt) {
  with_peer(echo(), [](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
    other.refuse(1);
    framed_client c(scope, other.opener(), line());
    const std::vector<std::string> texts{"a", "b"};
    const auto all = co_await call_all(cx, c, texts);
    for (const auto& one : all) {
      EXPECT_EQ(one.error().kind(), error_kind::connection_refused);
      EXPECT_EQ(one.error().sent(), error_sent::not_sent);
    }
    EXPECT_EQ(w.elapsed(), 0s);
    auto brief = cx.with_timeout(10ms);
    auto got = co_await c.call(brief, "no time for the pause");
    EXPECT_EQ(got.error().kind(), error_kind::unavailable);
    EXPECT_TRUE(got.error().retry_after());
    EXPECT_EQ(got.error().cause()->kind(), error_kind::connection_refused);
    EXPECT_EQ(w.elapsed(), 0s) << "at once";
    got = co_await c.call(cx, "waits for it");
    EXPECT_EQ(got.value(), "re: waits for it");
    EXPECT_GE(w.elapsed(), 50ms);
    EXPECT_LE(w.elapsed(), 101ms);
  });
}

TEST(FramedClient, PausesGrowWhileAttemptsFail) {
  with_peer(echo(), [](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
    other.refuse(6);
    framed_client c(scope, other.opener(), line(), {.first_pause = 1s, .longest_pause = 8s});
    auto last = w.elapsed();
    for (const duration most : {0s, 1s, 2s, 4s, 8s, 8s}) {
      auto got = co_await c.call(cx, "x");
      EXPECT_EQ(got.error().kind(), error_kind::connection_refused);
      EXPECT_GE(w.elapsed() - last, most / 2);
      EXPECT_LE(w.elapsed() - last, most);
      last = w.elapsed();
    }
    auto got = co_await c.call(cx, "x");
    EXPECT_TRUE(got);
  });
}

TEST(FramedClient, APeerThatHangsUpAtOnceIsNotHammered) {
  const auto rude = [](context&, stream&, int) -> task<void> { co_return; };
  with_peer(rude, [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line());
    for (int i = 0; i < 10; ++i) {
      auto got = co_await c.call(cx, "x");
      EXPECT_FALSE(got);
    }
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    EXPECT_LE(other.attempts(), 20);
  });
}

TEST(FramedClient, ConnectingHasALimit) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      const open_stream never = [](context& own) -> task<result<connection>> {
        auto slept = co_await sleep_for(own, 1h);
        co_return fail(slept.error());
      };
      framed_client c(scope, never, line(), {.connect_timeout = 3s});
      auto got = co_await c.call(cx, "x");
      EXPECT_EQ(got.error().kind(), error_kind::timeout);
      EXPECT_EQ(got.error().get<errors::timeout>()->scope, timeout_scope::connect);
      EXPECT_EQ(got.error().sent(), error_sent::not_sent);
      EXPECT_EQ(w.elapsed(), 3s);
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    EXPECT_TRUE(ended);
  });
}

TEST(FramedClient, AnIdleConnectionIsClosed) {
  with_peer(echo(), [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line(), {.idle_timeout = 5s});
    for (int i = 0; i < 3; ++i) {
      auto got = co_await c.call(cx, "x");
      EXPECT_TRUE(got);
      auto slept = co_await sleep_for(cx, 4s);
      EXPECT_TRUE(slept);
    }
    EXPECT_EQ(other.attempts(), 1) << "in use";
    auto slept = co_await sleep_for(cx, 2s);
    EXPECT_TRUE(slept);
    auto got = co_await c.call(cx, "x");
    EXPECT_TRUE(got);
    EXPECT_EQ(other.attempts(), 2);
  });
}

TEST(FramedClient, APeerThatClosesAnIdleConnectionCostsNoCall) {
  const auto one_each = [](context& cx, stream& s, int) -> task<void> {
    framed<line> lines(s);
    auto next = co_await lines.read(cx);
    EXPECT_TRUE(next);
    auto put = co_await lines.write(cx, "done");
    EXPECT_TRUE(put);
  };
  with_peer(one_each, [](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line());
    for (int i = 0; i < 20; ++i) {
      auto got = co_await c.call(cx, "x");
      EXPECT_EQ(got.value(), "done");
      auto slept = co_await sleep_for(cx, 1ms);
      EXPECT_TRUE(slept);
    }
    EXPECT_EQ(other.attempts(), 20);
    EXPECT_EQ(w.elapsed(), 20ms) << "no pauses: each was of use";
  });
}

TEST(FramedClient, APeerThatDoesNotReadIsLeft) {
  const auto deaf = [](context& cx, stream&, int) -> task<void> {
    auto slept = co_await sleep_for(cx, 100s);
    EXPECT_TRUE(slept);
  };
  with_peer(deaf, [](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
    other.sides({}, memory_side().capacity(10));
    framed_client c(scope, other.opener(), line(), {.write_timeout = 5s});
    auto got = co_await c.call(cx, "more than ten bytes");
    EXPECT_EQ(got.error().kind(), error_kind::timeout);
    EXPECT_EQ(got.error().sent(), error_sent::unknown);
    EXPECT_EQ(w.elapsed(), 5s);
    auto slept = co_await sleep_for(cx, 100s);
    EXPECT_TRUE(slept);
  });
}

TEST(FramedClient, TheNumberOfWaitingCallsIsBounded) {
  with_peer(echo(1s), [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line(), {.max_in_flight = 1, .max_waiting = 2});
    const std::vector<std::string> texts{"a", "b", "c", "d", "e"};
    const auto all = co_await call_all(cx, c, texts);
    int refused = 0;
    for (const auto& one : all) {
      if (!one) {
        ++refused;
        EXPECT_EQ(one.error().kind(), error_kind::pool_exhausted);
        EXPECT_EQ(one.error().sent(), error_sent::not_sent);
      }
    }
    EXPECT_EQ(refused, 3) << "before there is a connection, two may wait";
  });
}

TEST(FramedClient, WhatTheFramerCannotCarryIsRefusedBeforeItIsSent) {
  with_peer(echo(), [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line());
    auto got = co_await c.call(cx, "two\nlines");
    EXPECT_EQ(got.error().kind(), error_kind::invalid_argument);
    EXPECT_EQ(got.error().sent(), error_sent::not_sent);
    EXPECT_EQ(other.attempts(), 0);
  });
}

TEST(FramedClient, DrainingLetsCallsEndAndRefusesNewOnes) {
  with_peer(echo(1s), [](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line(), {.max_in_flight = 1});
    int answered = 0;
    for (int i = 0; i < 2; ++i) {
      w.spawn("call", [&](context& own) -> task<void> {
        auto got = co_await c.call(own, "x");
        EXPECT_TRUE(got);
        ++answered;
      });
    }
    auto slept = co_await sleep_for(cx, 10ms);
    EXPECT_TRUE(slept);
    w.spawn("late", [&](context& own) -> task<void> {
      auto later = co_await sleep_for(own, 10ms);
      EXPECT_TRUE(later);
      auto got = co_await c.call(own, "y");
      EXPECT_EQ(got.error().kind(), error_kind::unavailable);
    });
    auto drained = co_await c.drain(cx, 1min);
    EXPECT_TRUE(drained);
    EXPECT_EQ(answered, 2);
    EXPECT_LT(w.elapsed(), 3s);
    EXPECT_EQ(scope.running(), 0U);
  });
}

TEST(FramedClient, DrainingCutsOffWhatTakesTooLong) {
  with_peer(echo(1h), [](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line(), {.call_timeout = 2h});
    w.spawn("call", [&](context& own) -> task<void> {
      auto got = co_await c.call(own, "x");
      EXPECT_EQ(got.error().kind(), error_kind::unavailable);
      EXPECT_EQ(got.error().sent(), error_sent::unknown);
    });
    auto slept = co_await sleep_for(cx, 10ms);
    EXPECT_TRUE(slept);
    auto drained = co_await c.drain(cx, 5s);
    EXPECT_EQ(drained.error().kind(), error_kind::timeout);
    EXPECT_EQ(drained.error().get<errors::timeout>()->scope, timeout_scope::drain);
    EXPECT_EQ(w.elapsed(), 5010ms);
    EXPECT_EQ(scope.running(), 0U);
    slept = co_await sleep_for(cx, 2h);
  });
}

TEST(FramedClient, ACancelledScopeEndsEveryCall) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    peer other(w, echo(1s));
    task_scope scope(cx);
    framed_client c(scope, other.opener(), line());
    w.spawn("call", [&](context& own) -> task<void> {
      auto got = co_await c.call(own, "x");
      EXPECT_EQ(got.error().kind(), error_kind::unavailable);
    });
    auto slept = co_await sleep_for(cx, 10ms);
    EXPECT_TRUE(slept);
    scope.cancel();
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    auto got = co_await c.call(cx, "y");
    EXPECT_EQ(got.error().kind(), error_kind::unavailable);
    slept = co_await sleep_for(cx, 2s);
  });
}

// Peers that end a line twice, cut their replies in pieces, or do not end them at all.
TEST(FramedClient, GetsAlongWithPeersThatEndLinesTwiceOrNever) {
  const auto answers = [](std::string end) -> peer::script {
    return [end](context& cx, stream& s, int) -> task<void> {
      framed<line> lines(s);
      for (;;) {
        auto next = co_await lines.read(cx);
        if (!next || !*next) {
          break;
        }
        const std::string reply = "re: " + std::string(**next) + end;
        for (std::size_t i = 0; i < reply.size(); i += 3) {
          auto put = co_await write_all(cx, s, std::string_view(reply).substr(i, 3));
          EXPECT_TRUE(put);
          if (!end.empty()) {
            auto slept = co_await sleep_for(cx, 1ms);
            EXPECT_TRUE(slept);
          }
        }
      }
    };
  };
  with_peer(answers("\n\n"),
            [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
              framed_client c(scope, other.opener(), line({.empty = empty_messages::skip}));
              for (const std::string text : {"one", "two"}) {
                auto got = co_await c.call(cx, text);
                EXPECT_EQ(got.value(), "re: " + text);
              }
            });
  with_peer(answers(""),
            [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
              framed_client c(scope, other.opener(), one_read(), {.max_in_flight = 1});
              for (const std::string text : {"one", "two"}) {
                auto got = co_await c.call(cx, text);
                EXPECT_EQ(got.value(), "re: " + text);
              }
            });
}

TEST(FramedClient, SaysEverythingThatIsWrongWithItsOptions) {
  run_in_world(1, [](context& cx) -> task<void> {
    task_scope scope(cx);
    try {
      const framed_client c(scope, {}, line(),
                            {.max_in_flight = 0, .max_waiting = 0, .call_timeout = 0s});
      ADD_FAILURE();
    } catch (const std::invalid_argument& e) {
      EXPECT_STREQ(e.what(),
                   "net::framed_client: there is nothing to connect with; max_in_flight must be 1 "
                   "to 65536; max_waiting must be at least 1; call_timeout must be positive");
    }
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

}  // namespace
}  // namespace fairlead::net
