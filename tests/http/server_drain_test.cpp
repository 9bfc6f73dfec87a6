// SPDX-License-Identifier: BSL-1.0
// How a server ends: drains, one or several, cancelled or not.
#include "support/http_world.hpp"
#include "support/slow_service.hpp"

#include <fairlead/core/event.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <functional>
#include <new>
#include <stdexcept>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

TEST(ServerDrain, TwoAtATimeBothComplete) {
  slow_service s;
  with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, get("/slow/1000"));
    auto slept = co_await sleep_for(cx, 10ms);
    EXPECT_TRUE(said && slept);
    const auto start = cx.now();
    task_scope scope(cx);
    for (int i = 0; i < 2; ++i) {
      scope.spawn([&](context& own) -> task<void> {
        p->close();
        auto drained = co_await app.drain(own, 5s);
        EXPECT_TRUE(drained) << drained.error().message();
        EXPECT_LT(own.now() - start, 2s);
      });
    }
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

TEST(ServerDrain, AsioCancellationOfDrainStillJoins) {
  slow_service s;
  with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, get("/slow/5000"));
    auto slept = co_await sleep_for(cx, 100ms);
    EXPECT_TRUE(said && slept);
    boost::asio::cancellation_signal signal;
    std::string ended;
    const auto user = [&]() -> task<void> {
      cancel_scope root(cx.env());
      auto drained = co_await app.drain(root, 60s);
      ended = drained ? "ok" : drained.error().message();
    };
    boost::asio::co_spawn(
        cx.executor(), user(),
        boost::asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
    slept = co_await sleep_for(cx, 100ms);
    signal.emit(boost::asio::cancellation_type::terminal);
    slept = co_await sleep_for(cx, 100ms);
    EXPECT_EQ(ended, "cancelled: the caller gave up");
    EXPECT_EQ(s.cancelled, 1);
    EXPECT_EQ(app.stats().connections, 0u);
  });
}

TEST(ServerDrain, LetsRequestsFinishAndClosesIdleConnections) {
  slow_service s;
  with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
    auto idle = co_await dial(cx, net);
    auto said = co_await idle->say(cx, get("/slow/0"));
    auto text = co_await idle->read_until(cx, "done");
    auto busy = co_await dial(cx, net);
    said = co_await busy->say(cx, get("/slow/1000"));
    EXPECT_TRUE(said);
    auto slept = co_await sleep_for(cx, 100ms);
    EXPECT_TRUE(slept);

    task_scope scope(cx);
    std::string last;
    scope.spawn([&](context& own) -> task<void> {
      last = co_await busy->read_all(own);
      busy->close();
    });
    scope.spawn([&](context& own) -> task<void> {
      auto nothing = co_await idle->read_all(own);
      EXPECT_EQ(nothing, "");
      EXPECT_EQ(s.finished, 1) << "the idle one is closed at once";
    });
    const auto start = cx.now();
    auto drained = co_await app.drain(cx, 5s);
    EXPECT_TRUE(drained) << drained.error().message();
    EXPECT_TRUE(app.draining());
    EXPECT_EQ(cx.now() - start, 900ms);
    EXPECT_EQ(s.finished, 2);
    EXPECT_EQ(s.cancelled, 0);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    EXPECT_NE(last.find("Connection: close\r\n"), std::string::npos) << last;
    EXPECT_TRUE(last.ends_with("done"));
    const auto at = net::endpoint::loopback(80);
    auto refused = co_await net.connect(cx, at);
    EXPECT_FALSE(refused);
  });
}

// One that was opened ahead, as browsers and pools do, must not use up the grace of every drain.
TEST(ServerDrain, AConnectionThatHasSaidNothingIsNotWaitedForLong) {
  slow_service s;
  with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
    auto silent = co_await dial(cx, net);
    auto slept = co_await sleep_for(cx, 3s);
    EXPECT_TRUE(slept);
    const auto start = cx.now();
    auto drained = co_await app.drain(cx, 5s);
    EXPECT_TRUE(drained) << drained.error().message();
    EXPECT_EQ(cx.now() - start, 1s);
    auto text = co_await silent->read_all(cx);
    EXPECT_EQ(text, "");
  });
}

TEST(ServerDrain, AFirstRequestThatIsUnderWayIsAnswered) {
  slow_service s;
  with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    task_scope draining(cx);
    draining.spawn([&](context& own) -> task<void> {
      auto drained = co_await app.drain(own, 5s);
      EXPECT_TRUE(drained) << drained.error().message();
    });
    auto slept = co_await sleep_for(cx, 500ms);
    auto said = co_await p->say(cx, get("/slow/1000"));
    EXPECT_TRUE(slept && said);
    auto text = co_await p->read_all(cx);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
    auto joined = co_await draining.join();
    EXPECT_TRUE(joined);
  });
}

TEST(ServerDrain, CancelsWhatTakesLongerThanTheGrace) {
  slow_service s;
  with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
    auto busy = co_await dial(cx, net);
    auto said = co_await busy->say(cx, get("/slow/20000"));
    EXPECT_TRUE(said);
    auto slept = co_await sleep_for(cx, 100ms);
    EXPECT_TRUE(slept);
    const auto start = cx.now();
    auto drained = co_await app.drain(cx, 2s);
    EXPECT_FALSE(drained);
    EXPECT_EQ(drained.error().message(),
              "timeout: http::server did not answer within the drain limit of 2 s");
    EXPECT_EQ(cx.now() - start, 2s);
    EXPECT_EQ(s.cancelled, 1);
    EXPECT_EQ(app.stats().connections, 0u);
  });
}

TEST(ServerDrain, AHandlerThatAwaitsItIsToldSo) {
  slow_service s;
  auto routes = s.routes();
  server* self = nullptr;
  int told = 0;
  routes.get("/stop", [&](context& cx) -> task<result<std::string>> {
    auto narrower = cx.with_timeout(10s);
    cancel_scope below(narrower);
    auto drained = co_await self->drain(below, 1s);
    EXPECT_FALSE(drained);
    EXPECT_EQ(drained.error().message(),
              "invalid_argument: http::server::drain: a handler of this server awaits it, and it "
              "would wait for the handler; set an event that the owner of the server waits for");
    told += 1;
    co_return "still here";
  });
  with_server(std::move(routes), {},
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                self = &app;
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, get("/stop"));
                auto text = co_await p->read_until(cx, "here");
                EXPECT_TRUE(text.ends_with("still here")) << text;
                EXPECT_FALSE(app.draining());
                said = co_await p->say(cx, get("/slow/0"));
                EXPECT_TRUE(said);
                text = co_await p->read_until(cx, "done");
                EXPECT_TRUE(text.ends_with("done")) << text;
              });
  EXPECT_EQ(told, 1);
}

TEST(ServerDrain, AHandlerOfAnotherServerMayAwaitIt) {
  run_in_world(1, [](context& cx) -> task<void> {
    memory_network net;
    slow_service s;
    server first(s.routes());
    router r;
    r.post("/stop-first", [&](context& own) { return first.drain(own, 1s); });
    server second(std::move(r));
    auto one = net.listen(cx.env(), net::endpoint::loopback(80), {});
    auto two = net.listen(cx.env(), net::endpoint::loopback(81), {});
    task_scope scope(cx);
    scope.spawn([&](context& own) { return first.serve(own, std::move(*one)); });
    scope.spawn([&](context& own) { return second.serve(own, std::move(*two)); });
    const auto at = net::endpoint::loopback(81);
    auto stream = co_await net.connect(cx, at);
    EXPECT_TRUE(stream);
    peer p(std::move(*stream));
    auto said = co_await p.say(cx, "POST /stop-first HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(said);
    auto text = co_await p.read_until(cx, "\r\n\r\n");
    EXPECT_TRUE(text.starts_with("HTTP/1.1 204 ")) << text;
    EXPECT_TRUE(first.draining());
    auto drained = co_await second.drain(cx, 1s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

TEST(ServerDrain, AServerThatWasDrainedServesNoMore) {
  run_in_world(1, [](context& cx) -> task<void> {
    memory_network net;
    server app{router()};
    auto drained = co_await app.drain(cx, 1s);
    EXPECT_TRUE(drained);
    auto listener = net.listen(cx.env(), net::endpoint::loopback(80), {});
    auto served = co_await app.serve(cx, std::move(*listener));
    EXPECT_FALSE(served);
    EXPECT_EQ(served.error().kind(), error_kind::unavailable);
  });
}

TEST(ServerDrain, CancellingServeJoinsEverything) {
  slow_service s;
  run_in_world(1, [&](context& cx) -> task<void> {
    memory_network net;
    auto listener = net.listen(cx.env(), net::endpoint::loopback(80), {});
    server app(s.routes());
    cancel_scope stop(cx);
    task_scope scope(cx);
    scope.spawn([&](context&) -> task<void> {
      auto served = co_await app.serve(stop, std::move(*listener));
      EXPECT_FALSE(served);
      EXPECT_EQ(served.error().kind(), error_kind::cancelled);
      EXPECT_EQ(app.stats().connections, 0u);
    });
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, get("/slow/20000"));
    EXPECT_TRUE(said);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    stop.cancel();
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(s.cancelled, 1);
  });
}

}  // namespace
}  // namespace fairlead::http
