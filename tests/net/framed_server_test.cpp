// SPDX-License-Identifier: BSL-1.0
// A server of messages in virtual time: order, concurrency, limits on time.
#include "support/framed_server_rig.hpp"

namespace fairlead::net {
namespace {

using namespace framed_server_rig;

TEST(FramedServer, AnswersInOrderHoweverLongEachTakes) {
  for (const std::size_t concurrent : {1U, 2U, 16U}) {
    framed_server app(line(), sleeper, {.max_concurrent = concurrent});
    with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
      const auto got = co_await ask(cx, fabric, "30\n10\n20\n0\n5\n");
      EXPECT_EQ(got, (strings{"30", "10", "20", "0", "5"})) << concurrent;
      if (concurrent == 1) {
        EXPECT_GE(w.elapsed(), 65ms);
      }
      if (concurrent == 16) {
        EXPECT_LT(w.elapsed(), 35ms) << "side by side";
      }
      EXPECT_EQ(app.stats().requests, 5U);
    });
  }
}

TEST(FramedServer, AnswersAsReadyWhenAsked) {
  framed_server app(line(), sleeper, {.sequence = reply_sequence::as_ready});
  with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
    const auto got = co_await ask(cx, fabric, "30\n10\n20\n");
    EXPECT_EQ(got, (strings{"10", "20", "30"}));
  });
}

TEST(FramedServer, WorksOnSoManyRequestsOfAConnectionAtATime) {
  int running = 0;
  int most = 0;
  const auto counting = [&](context& cx, std::string_view request) -> task<reply> {
    most = std::max(most, ++running);
    auto slept = co_await sleep_for(cx, 10ms);
    EXPECT_TRUE(slept);
    --running;
    co_return std::string(request);
  };
  framed_server app(line(), counting, {.max_concurrent = 3});
  with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
    std::string text;
    strings expected;
    for (int i = 0; i < 20; ++i) {
      expected.push_back(std::to_string(i));
      text += expected.back() + "\n";
    }
    const auto got = co_await ask(cx, fabric, text);
    EXPECT_EQ(got, expected);
    EXPECT_EQ(most, 3);
  });
}

// A slow first request holds back the replies behind it, and no more than the limit of them.
TEST(FramedServer, RepliesThatWaitForTheirTurnAreBounded) {
  framed_server app(line(), sleeper, {.max_concurrent = 4});
  with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
    std::string text = "100\n";
    strings expected{"100"};
    for (int i = 0; i < 30; ++i) {
      text += "1\n";
      expected.emplace_back("1");
    }
    w.spawn("look", [&](context& own) -> task<void> {
      auto slept = co_await sleep_for(own, 90ms);
      EXPECT_TRUE(slept);
      EXPECT_EQ(app.stats().requests, 0U);
    });
    const auto got = co_await ask(cx, fabric, text);
    EXPECT_EQ(got, expected);
  });
}

TEST(FramedServer, AFailureIsAnsweredAsTheServerIsTold) {
  for (const std::size_t concurrent : {1U, 4U}) {
    framed_server app(line(), sleeper, tell, {.max_concurrent = concurrent});
    with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
      const auto got = co_await ask(cx, fabric, "1\nfail\nthrow\n2\n");
      EXPECT_EQ(got, (strings{"1", "fail: application", "throw: application", "2"}));
      EXPECT_EQ(app.stats().failed, 2U);
    });
  }
}

TEST(FramedServer, AReplyThatCannotBeCarriedIsAFailure) {
  const auto broken_up = [](context&, std::string_view request) -> task<reply> {
    co_return std::string(request) + "\nmore";
  };
  for (const std::size_t concurrent : {1U, 4U}) {
    framed_server app(line(), broken_up, tell, {.max_concurrent = concurrent});
    with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
      const auto got = co_await ask(cx, fabric, "a\nb\n");
      EXPECT_EQ(got, (strings{"a: invalid_argument", "b: invalid_argument"}));
      EXPECT_EQ(app.stats().failed, 2U);
    });
  }
}

TEST(FramedServer, WithoutAnAnswerAFailureEndsTheConnectionInItsPlace) {
  for (const std::size_t concurrent : {1U, 4U}) {
    framed_server app(line(), sleeper, {.max_concurrent = concurrent});
    with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
      auto s = co_await dial(cx, fabric);
      auto put = co_await write_all(cx, *s, "20\nfail\n");
      EXPECT_TRUE(put);
      framed<line> lines(*s);
      auto next = co_await lines.read(cx);
      EXPECT_EQ(next.value(), "20") << "what was asked before is answered";
      next = co_await lines.read(cx);
      EXPECT_FALSE(next && *next);
    });
  }
}

TEST(FramedServer, HandlersHaveALimit) {
  framed_server app(line(), sleeper, tell, {.handler_timeout = 2s});
  with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
    const auto got = co_await ask(cx, fabric, "3600000\n");
    EXPECT_EQ(got, (strings{"3600000: deadline"}));
    EXPECT_LT(w.elapsed(), 3s);
  });
}

TEST(FramedServer, AnIdleConnectionIsClosedAndABusyOneIsNot) {
  framed_server app(line(), sleeper, {.idle_timeout = 5s});
  with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
    auto s = co_await dial(cx, fabric);
    auto put = co_await write_all(cx, *s, "12000\n");
    EXPECT_TRUE(put);
    framed<line> lines(*s);
    auto next = co_await lines.read(cx);
    EXPECT_EQ(next.value(), "12000") << "longer than it may idle";
    next = co_await lines.read(cx);
    EXPECT_EQ(next.value(), std::nullopt);
    EXPECT_LT(w.elapsed(), 18s);
    EXPECT_EQ(app.stats().unreadable, 0U);
  });
}

TEST(FramedServer, ARequestThatTricklesInIsCutOff) {
  framed_server app(line(), sleeper, {.read_timeout = 3s});
  with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
    auto s = co_await dial(cx, fabric);
    for (int i = 0; i < 100; ++i) {
      auto put = co_await write_all(cx, *s, "1");
      if (!put || s->peer_has_left()) {
        break;
      }
      auto slept = co_await sleep_for(cx, 500ms);
      EXPECT_TRUE(slept);
    }
    EXPECT_LT(w.elapsed(), 5s);
    EXPECT_EQ(app.stats().unreadable, 1U);
  });
}

TEST(FramedServer, WhatBreaksTheFramingEndsTheConnection) {
  framed_server app(line({.limit = 10}), sleeper);
  with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
    const auto got = co_await ask(cx, fabric, "1\n" + std::string(100, '1'));
    EXPECT_EQ(got, strings{"1"}) << "what was asked before is answered";
    EXPECT_EQ(app.stats().unreadable, 1U);
  });
}

// Closing with bytes unread resets a connection, which would destroy the reply on its way.
TEST(FramedServer, AClientThatBreaksTheFramingCanReadItsRepliesAlthoughItSendsOn) {
  for (const std::size_t concurrent : {1U, 4U}) {
    framed_server app(line({.limit = 10}), sleeper, {.max_concurrent = concurrent});
    with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
      auto s = co_await dial(cx, fabric);
      w.spawn("flood", [&](context& own) -> task<void> {
        const std::string much = "1\n" + std::string(500'000, '1');
        auto put = co_await write_all(own, *s, much);
        EXPECT_TRUE(put);
      });
      auto slept = co_await sleep_for(cx, 500ms);
      EXPECT_TRUE(slept);
      framed<line> lines(*s);
      auto next = co_await lines.read(cx);
      EXPECT_EQ(next.value(), "1");
      next = co_await lines.read(cx);
      EXPECT_EQ(next.value(), std::nullopt) << "an orderly end";
    });
  }
}

TEST(FramedServer, AClientThatDoesNotReadIsLeft) {
  const auto flood = [](context&, std::string_view) -> task<reply> {
    co_return std::string(1'000'000, 'x');
  };
  framed_server app(line(), flood, {.write_timeout = 3s});
  with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
    auto s = co_await dial(cx, fabric);
    auto put = co_await write_all(cx, *s, "x\nx\nx\n");
    EXPECT_TRUE(put);
    auto slept = co_await sleep_for(cx, 4s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(app.stats().connections, 0U);
    EXPECT_LT(w.elapsed(), 5s);
  });
}

TEST(FramedServer, ABrokenConnectionCancelsItsHandlers) {
  int cancelled = 0;
  const auto waits = [&](context& cx, std::string_view) -> task<reply> {
    auto slept = co_await sleep_for(cx, 20s);
    if (!slept) {
      ++cancelled;
      co_return fail(slept.error());
    }
    co_return std::string("done");
  };
  framed_server app(line(), waits);
  with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
    auto s = co_await dial(cx, fabric);
    auto put = co_await write_all(cx, *s, "x\ny\n");
    EXPECT_TRUE(put);
    auto slept = co_await sleep_for(cx, 100ms);
    EXPECT_TRUE(slept);
    fabric.reset("client", "server");
    slept = co_await sleep_for(cx, 100ms);
    EXPECT_EQ(cancelled, 2);
    EXPECT_EQ(app.stats().connections, 0U);
  });
}

TEST(FramedServer, ConnectionsAreCapped) {
  framed_server app(line(), sleeper, {.max_connections = 2});
  with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
    auto a = co_await dial(cx, fabric);
    auto b = co_await dial(cx, fabric);
    auto c = co_await dial(cx, fabric);  // in the backlog
    auto put = co_await write_all(cx, *c, "0\n");
    EXPECT_TRUE(put);
    framed<line> lines(*c);
    auto brief = cx.with_timeout(1s);
    auto next = co_await lines.read(brief);
    EXPECT_EQ(next.error().kind(), error_kind::deadline);
    EXPECT_EQ(app.stats().connections, 2U);
    a->close();
    next = co_await lines.read(cx);
    EXPECT_EQ(next.value(), "0");
  });
}

TEST(FramedServer, AClientAndAServerOverANetworkThatBreaks) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    framed_server app(length_prefix(), sleeper);
    with_server(
        app,
        [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
          int answered = 0;
          task_scope scope(cx);
          {
            framed_client c(scope, connects_to(fabric.host("client"), fabric.address("server", 7)),
                            length_prefix(), {.first_pause = 10ms});
            task_scope calls(cx);
            for (int i = 0; i < 50; ++i) {
              calls.spawn([&, i](context& own) -> task<void> {
                auto slept = co_await sleep_for(own, 10ms * i);
                EXPECT_TRUE(slept);
                const std::string text = std::to_string(i);
                auto got = co_await c.call(own, text);
                if (got) {
                  ++answered;
                  EXPECT_EQ(*got, text);
                } else {
                  EXPECT_EQ(got.error().kind(), error_kind::connection_reset);
                }
              });
            }
            for (int i = 0; i < 4; ++i) {
              auto slept = co_await sleep_for(cx, 1ms * (1 + w.env().random().below(120)));
              EXPECT_TRUE(slept);
              fabric.reset("client", "server");
            }
            auto joined = co_await calls.join();
            EXPECT_TRUE(joined);
          }
          auto joined = co_await scope.join();
          EXPECT_TRUE(joined);
          EXPECT_GE(answered, 20);
        },
        seed);
  }
}

TEST(FramedServer, SaysEverythingThatIsWrongWithItsOptions) {
  try {
    const framed_server app(line(), message_handler(), {.max_concurrent = 0, .idle_timeout = 0s});
    ADD_FAILURE();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "net::framed_server: there is no handler; max_concurrent must be 1 to 65536; "
                 "idle_timeout must be positive");
  }
}

TEST(FramedServer, ARequestThatHasBegunIsNotIdle) {
  for (const std::size_t concurrent : {1U, 4U}) {
    framed_server app(line(), sleeper,
                      {.max_concurrent = concurrent, .read_timeout = 3s, .idle_timeout = 5s});
    with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
      auto s = co_await dial(cx, fabric);
      auto slept = co_await sleep_for(cx, 4s);
      EXPECT_TRUE(slept);
      auto put = co_await write_all(cx, *s, "1");
      EXPECT_TRUE(put);
      slept = co_await sleep_for(cx, 2s);
      EXPECT_TRUE(slept);
      put = co_await write_all(cx, *s, "0\n2");
      EXPECT_TRUE(put);
      framed<line> lines(*s);
      auto next = co_await lines.read(cx);
      EXPECT_EQ(next.value(), "10");
      next = co_await lines.read(cx);
      EXPECT_EQ(next.value(), std::nullopt);
      EXPECT_GT(w.elapsed(), 9s);
      EXPECT_LT(w.elapsed(), 12s) << "but the second one never comes";
      EXPECT_EQ(app.stats().unreadable, 1U);
    });
  }
}

// What begins and turns out to be no request buys no more time than one.
TEST(FramedServer, AConnectionThatSendsOnlyEmptyLinesIsIdle) {
  for (const std::size_t concurrent : {1U, 4U}) {
    framed_server app(json_lines(), sleeper,
                      {.max_concurrent = concurrent, .read_timeout = 3s, .idle_timeout = 5s});
    with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
      auto s = co_await dial(cx, fabric);
      auto slept = co_await sleep_for(cx, 4s);
      EXPECT_TRUE(slept);
      auto put = co_await write_all(cx, *s, "\r");
      EXPECT_TRUE(put);
      slept = co_await sleep_for(cx, 2s);
      EXPECT_TRUE(slept);
      put = co_await write_all(cx, *s, "\n");
      EXPECT_TRUE(put);
      auto limited = cx.with_timeout(1min);
      framed<line> lines(*s);
      auto next = co_await lines.read(limited);
      EXPECT_TRUE(next && !*next) << "closed";
      EXPECT_LT(w.elapsed(), 12s);
    });
  }
}

}  // namespace
}  // namespace fairlead::net
