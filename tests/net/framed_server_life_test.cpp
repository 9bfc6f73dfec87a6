// SPDX-License-Identifier: BSL-1.0
// How a server of messages ends: draining, clients that send on; and over real sockets.
#include "support/framed_server_rig.hpp"

namespace fairlead::net {
namespace {

using namespace framed_server_rig;

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

}  // namespace
}  // namespace fairlead::net
