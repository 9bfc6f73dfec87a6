// SPDX-License-Identifier: BSL-1.0
// The server's connections: time limits, clients that break off, and the orderly end.
#include "support/http_world.hpp"
#include "support/scripted_listener.hpp"
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

TEST(ServerConnections, ASilentClientIsClosedAfterTheHeadLimit) {
  slow_service s;
  with_server(s.routes(), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    const auto start = cx.now();
    auto text = co_await exchange_raw(cx, net, "");
    EXPECT_EQ(text, "");
    EXPECT_EQ(cx.now() - start, 10s);
    EXPECT_EQ(app.stats().connections, 0u);
  });
}

TEST(ServerConnections, ASlowHeadIsA408WhateverTheTrickle) {
  slow_service s;
  with_server(s.routes(), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    const auto start = cx.now();
    auto p = co_await dial(cx, net);
    task_scope scope(cx);
    scope.spawn([&](context& own) -> task<void> {
      for (const char c : std::string("GET / HTTP/1.1\r\nX: ") + std::string(100, 'a')) {
        auto slept = co_await sleep_for(own, 500ms);
        auto said = co_await p->say(own, std::string(1, c));
        if (!slept || !said) {
          break;
        }
      }
    });
    auto text = co_await p->read_until(cx, "\r\n\r\n");
    EXPECT_TRUE(text.starts_with("HTTP/1.1 408 ")) << text;
    EXPECT_EQ(cx.now() - start, 10s);
    p->close();
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

TEST(ServerConnections, ASlowBodyIsA408) {
  slow_service s;
  with_server(s.routes(), server_options().body_timeout(3s),
              [](context& cx, server&, memory_network& net) -> task<void> {
                const auto start = cx.now();
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(
                    cx, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
                EXPECT_TRUE(said);
                auto text = co_await p->read_until(cx, "\r\n\r\n");
                EXPECT_TRUE(text.starts_with("HTTP/1.1 408 ")) << text;
                EXPECT_EQ(cx.now() - start, 3s);
              });
}

TEST(ServerConnections, IdleConnectionsEndAfterTheirLimit) {
  slow_service s;
  with_server(s.routes(), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, get("/slow/0"));
    EXPECT_TRUE(said);
    auto text = co_await p->read_until(cx, "done");
    const auto start = cx.now();
    text = co_await p->read_all(cx);
    EXPECT_EQ(text, "");
    EXPECT_EQ(cx.now() - start, 75s);
  });
}

TEST(ServerConnections, AClientThatReadsNothingIsClosed) {
  router r;
  r.get("/big", [](context&) -> result<std::string> { return std::string(1'000'000, 'x'); });
  with_server(std::move(r), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, get("/big"));
    EXPECT_TRUE(said);
    auto slept = co_await sleep_for(cx, 29s);
    EXPECT_EQ(app.stats().connections, 1u);
    slept = co_await sleep_for(cx, 2s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(app.stats().connections, 0u);
  });
}

TEST(ServerConnections, AHandlerThatTakesTooLongIsA504) {
  slow_service s;
  with_server(s.routes(), server_options().handler_timeout(1s),
              [](context& cx, server&, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, get("/slow/5000"));
                EXPECT_TRUE(said);
                auto text = co_await p->read_until(cx, "\r\n\r\n");
                EXPECT_TRUE(text.starts_with("HTTP/1.1 504 ")) << text;
              });
  EXPECT_EQ(s.cancelled, 1);
}

TEST(ServerConnections, AClientThatGoesAwayCancelsItsHandler) {
  for (const bool close : {true, false}) {
    slow_service s;
    with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
      auto p = co_await dial(cx, net);
      auto said = co_await p->say(cx, get("/slow/5000"));
      EXPECT_TRUE(said);
      auto slept = co_await sleep_for(cx, 1s);
      EXPECT_EQ(s.started, 1);
      EXPECT_EQ(s.cancelled, 0);
      if (close) {
        p->close();
      } else {
        co_await p->end(cx);
      }
      slept = co_await sleep_for(cx, 1ms);
      EXPECT_TRUE(slept);
      EXPECT_EQ(s.cancelled, 1);
      EXPECT_EQ(app.stats().connections, 0u);
    });
  }
}

TEST(ServerConnections, GoingAwayAtOnceIsNoticedWithin20Ms) {
  slow_service s;
  with_server(s.routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, get("/slow/5000"));
    EXPECT_TRUE(said);
    p->close();
    auto slept = co_await sleep_for(cx, 25ms);
    EXPECT_TRUE(slept);
    EXPECT_EQ(s.cancelled, 1);
  });
}

TEST(ServerConnections, AClientThatSentMuchAheadIsMissedTooWhenItGoes) {
  for (const bool close : {true, false}) {
    for (const std::size_t ahead : {std::size_t{5000}, std::size_t{50'000}}) {
      slow_service s;
      with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
        auto p = co_await dial(cx, net);
        auto said = co_await p->say(cx, get("/slow/5000") + std::string(ahead, 'G'));
        auto slept = co_await sleep_for(cx, 1s);
        EXPECT_TRUE(said && slept);
        EXPECT_EQ(s.started, 1);
        EXPECT_EQ(s.cancelled, 0);
        if (close) {
          p->close();
        } else {
          co_await p->end(cx);
        }
        slept = co_await sleep_for(cx, 250ms);
        EXPECT_TRUE(slept);
        EXPECT_EQ(s.cancelled, 1) << ahead;
        EXPECT_EQ(app.stats().connections, 0u);
      });
    }
  }
}

// A client that sends without end while its handler runs fills no memory of the server's.
TEST(ServerConnections, WhatIsSentAheadIsHeldBack) {
  slow_service s;
  with_server(s.routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    net.server_side = net::memory_side().capacity(1000);
    auto p = co_await dial(cx, net);
    std::string all = get("/slow/5000");
    for (int i = 0; i < 1000; ++i) {
      all += get("/slow/0");
    }
    task_scope scope(cx);
    bool through = false;
    scope.spawn([&](context& own) -> task<void> { through = co_await p->say(own, all); });
    auto slept = co_await sleep_for(cx, 4s);
    EXPECT_TRUE(slept);
    EXPECT_FALSE(through);
    for (int i = 0; i < 1001; ++i) {
      auto text = co_await p->read_until(cx, "done");
      EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << i;
    }
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined && through);
    EXPECT_EQ(s.finished, 1001);
  });
}

TEST(ServerConnections, RequestsThatArriveWhileAHandlerRunsAreKept) {
  slow_service s;
  with_server(s.routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, get("/slow/200"));
    auto slept = co_await sleep_for(cx, 100ms);
    EXPECT_TRUE(slept);
    std::string more;
    for (int i = 0; i < 200; ++i) {
      more += get("/slow/0");
    }
    said = co_await p->say(cx, more);
    EXPECT_TRUE(said);
    for (int i = 0; i < 201; ++i) {
      auto text = co_await p->read_until(cx, "done");
      EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << i;
    }
    EXPECT_EQ(s.finished, 201);
    EXPECT_EQ(s.cancelled, 0);
  });
}

TEST(ServerConnections, APipeliningClientLetsOthersRun) {
  int served = 0;
  router r;
  r.get("/", [&](context&) -> result<std::string> {
    ++served;
    return "x";
  });
  with_server(std::move(r), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    std::string flood;
    for (int i = 0; i < 1000; ++i) {
      flood += get("/");
    }
    task_scope scope(cx);
    scope.spawn([&](context& own) -> task<void> {
      auto said = co_await p->say(own, flood);
      EXPECT_TRUE(said);
    });
    scope.spawn([&](context& own) -> task<void> {
      for (int i = 0; i < 1000; ++i) {
        auto text = co_await p->read_until(own, "\r\n\r\nx");
        EXPECT_TRUE(text.ends_with("x"));
      }
    });
    int before = served;
    int longest = 0;
    for (int turns = 0; served < 1000 && turns < 10'000; ++turns) {
      auto turn = co_await yield(cx);
      EXPECT_TRUE(turn);
      longest = std::max(longest, served - before);
      before = served;
    }
    EXPECT_EQ(served, 1000);
    EXPECT_LE(longest, 100) << "requests answered between two turns of somebody else";
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

TEST(ServerConnections, CutAtEveryByteOfARequestLeavesNothingBehind) {
  const std::string text =
      "POST /slow/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (std::size_t n = 0; n <= text.size(); ++n) {
    slow_service s;
    with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
      auto p = co_await dial(cx, net);
      auto said = co_await p->say(cx, text.substr(0, n));
      static_cast<void>(said);
      p->close();
      auto slept = co_await sleep_for(cx, 1ms);
      EXPECT_TRUE(slept);
      EXPECT_EQ(app.stats().connections, 0u) << "after " << n;
    });
  }
}

TEST(ServerConnections, ResetAtEveryByteOfAnAnswerLeavesNothingBehind) {
  for (std::size_t n = 0; n < 180; ++n) {
    slow_service s;
    with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
      net.server_side = net::memory_side().reset_after_writing(n).max_write(7);
      auto p = co_await dial(cx, net);
      auto said = co_await p->say(cx, get("/slow/0"));
      static_cast<void>(said);
      auto rest = co_await p->read_until(cx, "done");
      p->close();
      auto slept = co_await sleep_for(cx, 1ms);
      EXPECT_TRUE(slept);
      EXPECT_EQ(app.stats().connections, 0u) << "after " << n;
    });
  }
}

TEST(ServerConnections, TheCapHoldsNewOnesBack) {
  slow_service s;
  with_server(s.routes(), server_options().max_connections(2),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                task_scope scope(cx);
                const auto one = [&](context& own) -> task<void> {
                  auto p = co_await dial(own, net);
                  auto said = co_await p->say(own, get("/slow/1000"));
                  EXPECT_TRUE(said);
                  auto text = co_await p->read_until(own, "done");
                  EXPECT_TRUE(text.ends_with("done"));
                };
                for (int i = 0; i < 6; ++i) {
                  scope.spawn(one);
                }
                auto slept = co_await sleep_for(cx, 500ms);
                EXPECT_TRUE(slept);
                EXPECT_EQ(app.stats().connections, 2u);
                EXPECT_EQ(s.started, 2);
                const auto start = cx.now();
                auto joined = co_await scope.join();
                EXPECT_TRUE(joined);
                EXPECT_EQ(cx.now() - start, 2500ms);
                EXPECT_EQ(s.finished, 6);
              });
}

TEST(ServerConnections, AThrowingFailureHookHarmsNobody) {
  router r;
  r.get("/bad", [](context&) -> result<std::string> { throw std::runtime_error("boom"); });
  r.get("/ok", [](context&) -> result<std::string> { return "fine"; });
  int heard = 0;
  const auto hook = [&](const request&, std::string_view) {
    ++heard;
    throw std::runtime_error("the log is full");
  };
  with_server(std::move(r), server_options().on_failure(hook),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto other = co_await dial(cx, net);
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, get("/bad"));
                EXPECT_TRUE(said);
                auto text = co_await p->read_until(cx, "}}");
                EXPECT_TRUE(text.starts_with("HTTP/1.1 500 ")) << text;
                EXPECT_EQ(heard, 1);
                said = co_await other->say(cx, get("/ok"));
                text = co_await other->read_until(cx, "fine");
                EXPECT_TRUE(text.ends_with("fine")) << text;
                EXPECT_EQ(app.stats().connections, 2u);
              });
}

// A stream whose reads throw, as when there is no memory.
class throwing_stream final : public net::stream {
 public:
  explicit throwing_stream(std::unique_ptr<net::stream> s) : inner_(std::move(s)) {}
  net::io_attempt try_read(std::span<std::byte>) override { throw std::bad_alloc(); }
  net::io_attempt try_write(net::const_buffers from) override { return inner_->try_write(from); }
  task<result<void>> wait(context& cx, net::direction d) override { return inner_->wait(cx, d); }
  task<result<void>> shutdown_write(context& cx) override { return inner_->shutdown_write(cx); }
  void close() noexcept override { inner_->close(); }
  const std::string& peer() const noexcept override { return inner_->peer(); }

 private:
  std::unique_ptr<net::stream> inner_;
};

TEST(ServerConnections, AnExceptionInASessionEndsOnlyItsConnection) {
  slow_service s;
  run_in_world(1, [&](context& cx) -> task<void> {
    std::vector<std::unique_ptr<peer>> clients;
    const auto next = [&](context& own) -> task<scripted_listener::accepted> {
      if (clients.size() == 2) {
        auto never = co_await sleep_for(own, 24h);
        co_return tl::unexpected<error>(never.error());
      }
      auto ends = net::memory_pair(own.env(), {}, {});
      clients.push_back(std::make_unique<peer>(std::move(ends.first)));
      std::unique_ptr<net::stream> mine = std::move(ends.second);
      if (clients.size() == 2) {
        mine = std::make_unique<throwing_stream>(std::move(mine));
      }
      co_return std::move(mine);
    };
    server app(s.routes());
    task_scope scope(cx);
    scope.spawn(
        [&](context& own) { return app.serve(own, std::make_unique<scripted_listener>(next)); });
    auto slept = co_await sleep_for(cx, 1ms);
    auto said = co_await clients[1]->say(cx, get("/slow/0"));
    slept = co_await sleep_for(cx, 1ms);
    EXPECT_TRUE(slept);
    EXPECT_EQ(app.stats().connections, 1u);
    said = co_await clients[0]->say(cx, get("/slow/0"));
    EXPECT_TRUE(said);
    auto text = co_await clients[0]->read_until(cx, "done");
    EXPECT_TRUE(text.ends_with("done")) << text;
    auto drained = co_await app.drain(cx, 1s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined) << joined.error().message();
  });
}

task<std::unique_ptr<peer>> dial(context& cx, memory_network& net, std::uint16_t port) {
  const auto at = net::endpoint::loopback(port);
  auto s = co_await net.connect(cx, at);
  EXPECT_TRUE(s);
  co_return std::make_unique<peer>(std::move(*s));
}

TEST(ServerConnections, AFullServerCanBeCancelled) {
  slow_service s;
  run_in_world(1, [&](context& cx) -> task<void> {
    memory_network net;
    auto listener = net.listen(cx.env(), net::endpoint::loopback(80), {});
    server app(s.routes(), server_options().max_connections(1));
    task_scope scope(cx);
    scope.spawn([&](context& own) -> task<void> {
      auto limited = own.with_timeout(2s);
      auto served = co_await app.serve(limited, std::move(*listener));
      EXPECT_FALSE(served);
      EXPECT_EQ(served.error().kind(), error_kind::deadline);
    });
    auto p = co_await dial(cx, net);
    const auto start = cx.now();
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(cx.now() - start, 2s);
  });
}

TEST(ServerConnections, DrainingAFullServerWakesItsAcceptor) {
  slow_service s;
  with_server(s.routes(), server_options().max_connections(1),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, get("/slow/1000"));
                auto slept = co_await sleep_for(cx, 10ms);
                EXPECT_TRUE(said && slept);
                auto drained = co_await app.drain(cx, 5s);
                EXPECT_TRUE(drained) << drained.error().message();
                EXPECT_EQ(s.finished, 1);
                auto text = co_await p->read_all(cx);
                EXPECT_TRUE(text.ends_with("done")) << text;
              });
}

TEST(ServerConnections, TwoListenersShareTheCap) {
  slow_service s;
  run_in_world(1, [&](context& cx) -> task<void> {
    memory_network net;
    auto one = net.listen(cx.env(), net::endpoint::loopback(80), {});
    auto two = net.listen(cx.env(), net::endpoint::loopback(81), {});
    server app(s.routes(), server_options().max_connections(1));
    task_scope scope(cx);
    scope.spawn([&](context& own) { return app.serve(own, std::move(*one)); });
    scope.spawn([&](context& own) { return app.serve(own, std::move(*two)); });
    std::size_t most = 0;
    int done = 0;
    task_scope callers(cx);
    const auto call = [&](context& own, std::uint16_t port) -> task<void> {
      auto p = co_await dial(own, net, port);
      auto said = co_await p->say(own, get("/slow/100"));
      EXPECT_TRUE(said);
      auto slept = co_await sleep_for(own, 50ms);
      EXPECT_TRUE(slept);
      most = std::max(most, app.stats().connections);
      auto text = co_await p->read_until(own, "done");
      done += text.ends_with("done") ? 1 : 0;
    };
    for (int i = 0; i < 4; ++i) {
      callers.spawn([&](context& own) { return call(own, 80); });
      callers.spawn([&](context& own) { return call(own, 81); });
    }
    auto called = co_await callers.join();
    EXPECT_TRUE(called);
    EXPECT_EQ(done, 8);
    EXPECT_EQ(most, 1u);
    auto drained = co_await app.drain(cx, 1s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

TEST(ServerConnections, DrainingDuringAShortageLetsRequestsFinish) {
  for (const bool cancel : {false, true}) {
    slow_service s;
    run_in_world(1, [&](context& cx) -> task<void> {
      std::unique_ptr<peer> p;
      const auto next = [&](context& own) -> task<scripted_listener::accepted> {
        if (p) {
          co_return fail(errors::system_error{"accept", 24});
        }
        auto ends = net::memory_pair(own.env(), {}, {});
        p = std::make_unique<peer>(std::move(ends.first));
        co_return std::move(ends.second);
      };
      server app(s.routes());
      task_scope scope(cx);
      cancel_scope stop(cx);
      result<void> served;
      scope.spawn([&](context&) -> task<void> {
        served = co_await app.serve(stop, std::make_unique<scripted_listener>(next));
      });
      auto said = co_await p->say(cx, get("/slow/1000"));
      auto slept = co_await sleep_for(cx, 250ms);
      EXPECT_TRUE(said && slept);
      if (cancel) {
        stop.cancel();
      } else {
        auto drained = co_await app.drain(cx, 5s);
        EXPECT_TRUE(drained) << drained.error().message();
      }
      auto joined = co_await scope.join();
      EXPECT_TRUE(joined);
      EXPECT_EQ(s.finished, cancel ? 0 : 1);
      EXPECT_EQ(served.has_value(), !cancel);
      if (!served) {
        EXPECT_EQ(served.error().kind(), error_kind::cancelled) << served.error().message();
      }
    });
  }
}

// Cancels, by Asio's means, a coroutine that was started with defaults: awaiting anything throws
// in it once it is cancelled.
TEST(ServerConnections, AsioCancellationOfServeIsATypedError) {
  slow_service s;
  run_in_world(1, [&](context& cx) -> task<void> {
    memory_network net;
    auto listener = net.listen(cx.env(), net::endpoint::loopback(80), {});
    server app(s.routes());
    boost::asio::cancellation_signal signal;
    std::string ended;
    const auto user = [&]() -> task<void> {
      cancel_scope root(cx.env());
      auto served = co_await app.serve(root, std::move(*listener));
      ended = served ? "ok" : served.error().message();
    };
    boost::asio::co_spawn(
        cx.executor(), user(),
        boost::asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, get("/slow/5000"));
    auto slept = co_await sleep_for(cx, 100ms);
    EXPECT_TRUE(said && slept);
    signal.emit(boost::asio::cancellation_type::terminal);
    slept = co_await sleep_for(cx, 100ms);
    EXPECT_EQ(ended, "cancelled: the caller gave up");
    EXPECT_EQ(s.cancelled, 1);
    EXPECT_EQ(app.stats().connections, 0u);
  });
}

TEST(ServerOptions, ReportEveryProblemAtOnce) {
  try {
    const server app(router(), server_options().head_timeout(0s).max_connections(0));
    FAIL() << "no exception";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "http::server: head_timeout must be positive; max_connections must be at least 1");
  }
}

}  // namespace
}  // namespace fairlead::http
