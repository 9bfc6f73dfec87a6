// SPDX-License-Identifier: BSL-1.0
// A server of messages in virtual time: order, concurrency, limits on time, draining; and once over
// real sockets with its client.
#include <fairlead/net/framed_server.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/net/framed.hpp>
#include <fairlead/net/framed_client.hpp>
#include <fairlead/net/json_lines.hpp>
#include <fairlead/net/length_prefix.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/sim/network.hpp>

#include <gtest/gtest.h>

#include "support/raw_socket.hpp"
#include "support/real_loop.hpp"
#include "support/sim_test.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::raw_socket;
using fairlead::testing::real_loop;
using fairlead::testing::run_in_world;

using reply = result<std::string>;

// Sleeps so many milliseconds as the request says, then echoes it; "fail" fails, "throw" throws.
task<reply> sleeper(context& cx, std::string_view request) {
  if (request == "fail") {
    co_return fail(errors::application{"no", "it said no"});
  }
  if (request == "throw") {
    throw std::runtime_error("it threw");
  }
  const duration length = 1ms * std::atoi(std::string(request).c_str());
  auto slept = co_await sleep_for(cx, length);
  if (!slept) {
    co_return fail(slept.error());
  }
  co_return std::string(request);
}

std::optional<std::string> tell(std::string_view request, const error& why) {
  return std::string(request) + ": " + std::string(to_string(why.kind()));
}

// A world with a server on "server:7"; `f(world, cx, network, server)`. Everything must end.
template <class F>
void with_server(framed_server& app, F f, std::uint64_t seed = 1) {
  run_in_world(seed, [&](sim::world& w, context& cx) -> task<void> {
    sim::network fabric(w);
    auto at = fabric.address("server", 7);
    auto l = fabric.host("server").listen(cx.env(), at, {});
    EXPECT_TRUE(l);
    task_scope scope(cx);
    scope.spawn([&](context& own) { return app.serve(own, std::move(*l)); });
    co_await f(w, cx, fabric);
    auto drained = co_await app.drain(cx, 1min);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(app.stats().connections, 0U);
    auto slept = co_await sleep_for(cx, 10s);  // what is still on its way arrives
    EXPECT_TRUE(slept);
  });
}

task<std::unique_ptr<stream>> dial(context& cx, sim::network& fabric) {
  auto made = co_await fabric.host("client").connect(cx, fabric.address("server", 7));
  EXPECT_TRUE(made);
  co_return std::move(*made);
}

// Writes `text` at once, ends the writing side, and gives every line that comes back.
task<std::vector<std::string>> ask(context& cx, sim::network& fabric, std::string_view text) {
  std::vector<std::string> all;
  auto s = co_await dial(cx, fabric);
  auto put = co_await write_all(cx, *s, text);
  EXPECT_TRUE(put);
  auto ended = co_await s->shutdown_write(cx);
  EXPECT_TRUE(ended);
  framed<line> lines(*s);
  for (;;) {
    auto next = co_await lines.read(cx);
    if (!next) {
      all.push_back("<" + std::string(to_string(next.error().kind())) + ">");
      break;
    }
    if (!*next) {
      break;
    }
    all.emplace_back(**next);
  }
  co_return all;
}

using strings = std::vector<std::string>;

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

TEST(FramedServer, DrainingAnswersWhatHasArrivedAndClosesTheRest) {
  for (const std::size_t concurrent : {1U, 4U}) {
    framed_server app(line(), sleeper, {.max_concurrent = concurrent});
    with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
      auto busy = co_await dial(cx, fabric);
      auto idle = co_await dial(cx, fabric);
      auto put = co_await write_all(cx, *busy, "1000\n");
      EXPECT_TRUE(put);
      auto slept = co_await sleep_for(cx, 100ms);
      EXPECT_TRUE(slept);
      auto drained = co_await app.drain(cx, 5s);
      EXPECT_TRUE(drained);
      EXPECT_TRUE(app.draining());
      EXPECT_LT(w.elapsed(), 2s);
      framed<line> lines(*busy);
      auto next = co_await lines.read(cx);
      EXPECT_EQ(next.value(), "1000");
      next = co_await lines.read(cx);
      EXPECT_EQ(next.value(), std::nullopt);
      framed<line> other(*idle);
      next = co_await other.read(cx);
      EXPECT_EQ(next.value(), std::nullopt);
    });
  }
}

TEST(FramedServer, DrainingCutsOffWhatTakesTooLong) {
  framed_server app(line(), sleeper);
  with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
    auto s = co_await dial(cx, fabric);
    auto put = co_await write_all(cx, *s, "20000\n");
    EXPECT_TRUE(put);
    auto slept = co_await sleep_for(cx, 100ms);
    EXPECT_TRUE(slept);
    auto drained = co_await app.drain(cx, 2s);
    EXPECT_EQ(drained.error().kind(), error_kind::timeout);
    EXPECT_LT(w.elapsed(), 3s);
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

TEST(FramedServer, SpeaksWithItsClientOverRealSockets) {
  real_loop loop;
  framed_server app(json_lines(), [](context&, std::string_view request) -> task<reply> {
    co_return "[" + std::string(request) + "]";
  });
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  const auto at = (*l)->local();
  loop.run([&](context& cx) -> task<void> {
    task_scope scope(cx);
    scope.spawn([&](context& own) { return app.serve(own, std::move(*l)); });
    {
      framed_client c(scope, connects_to(system_network(), "127.0.0.1", at.port()), json_lines());
      task_scope calls(cx);
      for (int i = 0; i < 200; ++i) {
        calls.spawn([&, i](context& own) -> task<void> {
          const std::string text = std::to_string(i);
          auto got = co_await c.call(own, text);
          EXPECT_EQ(got.value(), "[" + text + "]");
        });
      }
      auto joined = co_await calls.join();
      EXPECT_TRUE(joined);
      EXPECT_EQ(c.stats().connections, 1U);
      auto ended = co_await c.drain(cx, 1s);
      EXPECT_TRUE(ended);
    }
    auto drained = co_await app.drain(cx, 5s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

TEST(FramedServer, ServesAPlainSocketThatSendsPieces) {
  real_loop loop;
  framed_server app(line({.empty = empty_messages::skip}),
                    [](context&, std::string_view request) -> task<reply> {
                      co_return std::string(request.rbegin(), request.rend());
                    });
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  const auto at = (*l)->local();
  std::string seen;
  std::thread client([&] {
    raw_socket s(at);
    s.send("abc\n\nde");
    s.send("f\r\n");
    s.finish();
    seen = s.receive_all();
  });
  loop.run([&](context& cx) -> task<void> {
    task_scope scope(cx);
    scope.spawn([&](context& own) { return app.serve(own, std::move(*l)); });
    while (app.stats().accepted == 0 || app.stats().connections > 0) {
      auto slept = co_await sleep_for(cx, 1ms);
      EXPECT_TRUE(slept);
    }
    auto drained = co_await app.drain(cx, 5s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
  client.join();
  EXPECT_EQ(seen, "cba\nfed\n");
}

TEST(FramedServer, SaysEverythingThatIsWrongWithItsOptions) {
  try {
    const framed_server app(line(), {}, {.max_concurrent = 0, .idle_timeout = 0s});
    ADD_FAILURE();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "net::framed_server: there is no handler; max_concurrent must be 1 to 4096; "
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

TEST(FramedServer, DrainingAnswersWhatCameInOnePiece) {
  for (const std::size_t concurrent : {1U, 2U, 16U}) {
    framed_server app(line(), sleeper, {.max_concurrent = concurrent});
    with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
      auto s = co_await dial(cx, fabric);
      auto put = co_await write_all(cx, *s, "201\n202\n203\n204\n205\n");
      EXPECT_TRUE(put);
      auto slept = co_await sleep_for(cx, 100ms);
      EXPECT_TRUE(slept);
      auto drained = co_await app.drain(cx, 5s);
      EXPECT_TRUE(drained);
      framed<line> lines(*s);
      for (const auto* expected : {"201", "202", "203", "204", "205"}) {
        auto next = co_await lines.read(cx);
        EXPECT_EQ(next.value(), expected) << concurrent;
      }
      auto next = co_await lines.read(cx);
      EXPECT_EQ(next.value(), std::nullopt);
    });
  }
}

// Answers a plain socket that has sent far more than is read when `end` ends it; how its reading
// ended.
template <class F>
int end_of_an_eager_client(framed_server& app, F end) {
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  EXPECT_TRUE(l);
  const auto at = (*l)->local();
  int ended_with = -1;
  std::thread client([&] {
    raw_socket s(at);
    std::string many = "20\nfail\n";
    for (int i = 0; i < 100'000; ++i) {
      many += "0\n";
    }
    s.send(many);
    ended_with = s.receive_until_error();
  });
  loop.run([&](context& cx) -> task<void> {
    task_scope scope(cx);
    scope.spawn([&](context& own) { return app.serve(own, std::move(*l)); });
    while (app.stats().requests == 0) {
      auto slept = co_await sleep_for(cx, 1ms);
      EXPECT_TRUE(slept);
    }
    co_await end(cx);
    auto drained = co_await app.drain(cx, 5s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
  client.join();
  return ended_with;
}

TEST(FramedServer, RepliesAreNotLostToAResetWhenAnEagerClientIsLeft) {
  for (const std::size_t concurrent : {1U, 4U}) {
    framed_server patient(line(), sleeper, tell, {.max_concurrent = concurrent});
    const auto at_once = [](context&) -> task<void> { co_return; };
    EXPECT_EQ(end_of_an_eager_client(patient, at_once), 0) << "drained";
    framed_server strict(line(), sleeper, {.max_concurrent = concurrent});
    const auto after_failure = [&](context& cx) -> task<void> {
      while (strict.stats().connections > 0) {
        auto slept = co_await sleep_for(cx, 1ms);
        EXPECT_TRUE(slept);
      }
    };
    EXPECT_EQ(end_of_an_eager_client(strict, after_failure), 0) << "a handler failed";
  }
}

}  // namespace
}  // namespace fairlead::net
