// SPDX-License-Identifier: BSL-1.0
// Many handshakes at a time, of which none holds up another.
#include "support/doomed_loop.hpp"
#include "tls_rig.hpp"

#include <fairlead/core/background.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/framed_client.hpp>
#include <fairlead/net/framed_server.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/tls_listener.hpp>
#include <fairlead/sim/network.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;

const endpoint at = *endpoint::parse("0.0.0.0:443");

// A TLS listener on the machine "server", with what it said of failures.
struct secured {
  secured(sim::world& w, tls_listen_options options = {}, tls_server_options s = serving())
      : net(w), identity(std::move(s)) {
    auto plain = net.host("server").listen(w.env(), at, {});
    options.on_failure([this](const std::string& peer, const error& e) {
      failures.push_back(peer.substr(0, peer.rfind(':')) + " " + e.message());
    });
    listener = tls_listen(std::move(*plain), identity, std::move(options));
  }

  task<result<std::unique_ptr<stream>>> dial(context& cx) {
    auto made = co_await net.host("client").connect(cx, net.address("server", 443));
    co_return std::move(made);
  }
  task<made_stream> call(context& cx) {
    auto plain = co_await dial(cx);
    if (!plain) {
      co_return fail(plain.error());
    }
    auto made = co_await tls_connect(cx, std::move(*plain), client, "a.example");
    co_return std::move(made);
  }

  sim::network net;
  tls_server identity;
  tls_client client{trusting().session_cache(0)};
  std::unique_ptr<tls_listener> listener;
  std::vector<std::string> failures;
};

TEST(TlsListener, GivesSecuredStreams) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    secured s(w);
    EXPECT_EQ(s.listener->local(), at);
    made_stream at_client = fail(errors::cancelled{});
    w.spawn("client", [&](context& own) -> task<void> {
      auto made = co_await s.call(own);
      at_client = std::move(made);
    });
    auto accepted = co_await s.listener->accept(cx);
    EXPECT_TRUE(accepted);
    EXPECT_EQ((*accepted)->tls()->server_name, "a.example");
    EXPECT_TRUE(at_client) << at_client.error().message();
    auto got = co_await carry(cx, **at_client, **accepted, "hello");
    EXPECT_EQ(got, "hello");
    const auto stats = s.listener->stats();
    EXPECT_EQ(stats.completed, 1U);
    EXPECT_EQ(stats.failed, 0U);
    EXPECT_EQ(stats.in_progress, 0U);
    EXPECT_EQ(stats.ready, 0U);
  });
}

TEST(TlsListener, CarriesTheCallsOfAFramedClient) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    secured s(w);
    s.net.set_name("a.example", {s.net.address("server", 443)});
    s.net.set_name("c.example", {s.net.address("server", 443)});
    framed_server echo(line(), [](context&, std::string_view text) -> task<result<std::string>> {
      co_return std::string(text);
    });
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      scope.spawn([&](context& own) { return echo.serve(own, std::move(s.listener)); });
      framed_client c(scope, connects_to(s.net.host("client"), "a.example", 443, s.client), line());
      const std::string long_line(100'000, 'x');
      for (const auto& text : {std::string("hello"), long_line}) {
        auto got = co_await c.call(cx, text);
        EXPECT_TRUE(got == text);
      }
      framed_client wrong(scope, connects_to(s.net.host("client"), "c.example", 443, s.client),
                          line());
      auto none = co_await wrong.call(cx, "hello");
      EXPECT_EQ(none.error().kind(), error_kind::tls_failure);
      EXPECT_EQ(none.error().sent(), error_sent::not_sent);
      auto drained = co_await c.drain(cx, 1s);
      EXPECT_TRUE(drained);
      drained = co_await wrong.drain(cx, 1s);
      EXPECT_TRUE(drained);
      drained = co_await echo.drain(cx, 1s);
      EXPECT_TRUE(drained);
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    EXPECT_TRUE(ended);
    auto slept = co_await sleep_for(cx, 10s);
    EXPECT_TRUE(slept);
  });
}

TEST(TlsListener, SlowAndHostilePeersHoldNobodyUp) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    secured s(w);
    std::vector<std::unique_ptr<stream>> silent;
    for (int i = 0; i < 100; ++i) {
      auto made = co_await s.dial(cx);
      silent.push_back(std::move(*made));
      if (i % 2 == 0) {
        auto said = co_await write_all(cx, *silent.back(), "\x16\x03\x01\x02");  // a hello begins
        EXPECT_TRUE(said);
      }
    }
    auto rude = co_await s.dial(cx);
    auto said = co_await write_all(cx, **rude, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(said);
    const auto begin = cx.now();
    w.spawn("honest", [&](context& own) -> task<void> {
      auto made = co_await s.call(own);
      EXPECT_TRUE(made) << made.error().message();
      auto rest = co_await drain(own, **made);
      EXPECT_TRUE(rest);
    });
    auto accepted = co_await s.listener->accept(cx);
    EXPECT_TRUE(accepted);
    EXPECT_LT(cx.now() - begin, 100ms);
    (*accepted)->close();
    EXPECT_EQ(s.listener->stats().in_progress, 100U);
    EXPECT_EQ(s.listener->stats().failed, 1U);
    EXPECT_NE(s.failures.at(0).find("it sent a plain HTTP request"), std::string::npos)
        << s.failures.at(0);
    auto slept = co_await sleep_for(cx, 12s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(s.listener->stats().in_progress, 0U);
    EXPECT_EQ(s.listener->stats().timed_out, 100U);
    EXPECT_EQ(s.listener->stats().failed, 101U);
    EXPECT_EQ(s.failures.size(), 101U);
    EXPECT_NE(s.failures.back().find("connect limit of 10 s"), std::string::npos)
        << s.failures.back();
  });
}

TEST(TlsListener, TheOldestGivesWayWhenItIsCrowded) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    secured s(w, tls_listen_options().handshakes(3).when_crowded(1s));
    std::vector<std::unique_ptr<stream>> silent;
    w.spawn("crowd", [&](context& own) -> task<void> {
      for (int i = 0; i < 6; ++i) {
        auto made = co_await s.dial(own);
        silent.push_back(std::move(*made));
        auto slept = co_await sleep_for(own, 100ms);
        EXPECT_TRUE(slept);
      }
      auto made = co_await s.call(own);
      EXPECT_TRUE(made) << made.error().message();
    });
    const auto begin = cx.now();
    auto accepted = co_await s.listener->accept(cx);
    EXPECT_TRUE(accepted);
    // Seven came, three at a time, each for a second at the most.
    EXPECT_GT(cx.now() - begin, 2s);
    EXPECT_LT(cx.now() - begin, 3s);
    EXPECT_GE(s.listener->stats().gave_way, 4U);
    EXPECT_EQ(s.listener->stats().timed_out, 0U);
    EXPECT_LE(s.listener->stats().in_progress, 3U);
    EXPECT_NE(s.failures.at(0).find("connect limit of 1 s"), std::string::npos) << s.failures[0];
  });
}

TEST(TlsListener, AcceptsNoMoreThanItHasPlacesFor) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    secured s(w, tls_listen_options().handshakes(2));
    int through = 0;
    for (int i = 0; i < 5; ++i) {
      w.spawn("client", [&](context& own) -> task<void> {
        auto made = co_await s.call(own);
        EXPECT_TRUE(made) << made.error().message();
        ++through;
        auto rest = co_await drain(own, **made);
        EXPECT_TRUE(rest);
      });
    }
    auto first = co_await s.listener->accept(cx);
    EXPECT_TRUE(first);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(s.listener->stats().ready, 2U);
    EXPECT_EQ(through, 3) << "the one that was accepted, and two that wait for it";
    for (int i = 0; i < 4; ++i) {
      auto next = co_await s.listener->accept(cx);
      EXPECT_TRUE(next);
    }
    EXPECT_EQ(s.listener->stats().completed, 5U);
    (*first)->close();
    slept = co_await sleep_for(cx, 1s);  // for the clients to hear of it
    EXPECT_TRUE(slept);
  });
}

TEST(TlsListener, EndsWithWhatTheListenerBeneathSays) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    secured s(w);
    auto soon = cx.with_timeout(1s);
    auto late = co_await s.listener->accept(soon);
    EXPECT_EQ(late.error().kind(), error_kind::deadline);
    cancel_scope gone(cx);
    w.spawn("canceller", [&](context& own) -> task<void> {
      auto slept = co_await sleep_for(own, 1s);
      EXPECT_TRUE(slept);
      gone.cancel();
    });
    auto cancelled = co_await s.listener->accept(gone);
    EXPECT_EQ(cancelled.error().kind(), error_kind::cancelled);
    w.spawn("closer", [&](context& own) -> task<void> {
      auto slept = co_await sleep_for(own, 1s);
      EXPECT_TRUE(slept);
      s.listener->close();
    });
    auto closed = co_await s.listener->accept(cx);
    EXPECT_EQ(closed.error().kind(), error_kind::unavailable);
    closed = co_await s.listener->accept(cx);
    EXPECT_EQ(closed.error().kind(), error_kind::unavailable);
    auto refused = co_await s.dial(cx);
    EXPECT_EQ(refused.error().kind(), error_kind::connection_refused);
  });
}

TEST(TlsListener, TellsShortagesOfTheListenerBeneathAndGoesOn) {
  class short_of_descriptors final : public listener {
   public:
    explicit short_of_descriptors(std::unique_ptr<stream> s) : stream_(std::move(s)) {}
    task<result<std::unique_ptr<stream>>> accept(context& cx) override {
      if (calls_++ == 0) {
        co_return fail(errors::system_error{"accept", 24});
      }
      if (!stream_) {
        waiter never(cx);
        const auto why = co_await never.wait();
        static_cast<void>(why);
        co_return fail(errors::cancelled{});
      }
      co_return std::move(stream_);
    }
    const endpoint& local() const noexcept override { return at; }
    void close() noexcept override {}

   private:
    int calls_ = 0;
    std::unique_ptr<stream> stream_;
  };
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    const tls_client client(trusting());
    auto l = tls_listen(std::make_unique<short_of_descriptors>(std::move(ends.second)),
                        tls_server(serving()));
    auto accepted = co_await l->accept(cx);
    EXPECT_EQ(accepted.error().kind(), error_kind::system_error);
    w.spawn("client", [&](context& own) -> task<void> {
      auto made = co_await tls_connect(own, std::move(ends.first), client, "a.example");
      EXPECT_TRUE(made);
      auto rest = co_await drain(own, **made);
      EXPECT_TRUE(rest);
    });
    accepted = co_await l->accept(cx);
    EXPECT_TRUE(accepted);
    (*accepted)->close();
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
  });
}

TEST(TlsListener, RefusesOptionsThatCannotWork) {
  const auto bad = tls_listen_options().handshakes(0).when_crowded(0s);
  try {
    auto l = tls_listen(nullptr, tls_server(serving()), bad);
    FAIL() << "it was made";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "net::tls_listen: handshakes must be at least 1; when_crowded must be positive; "
                 "the listener is null");
  }
}

TEST(TlsListener, AHookThatThrowsDecidesNothing) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    sim::network net(w);
    auto plain = net.host("server").listen(w.env(), at, {});
    auto l = tls_listen(std::move(*plain), tls_server(serving()),
                        tls_listen_options().on_failure([](const std::string&, const error&) {
                          throw std::runtime_error("x");
                        }));
    w.spawn("rude", [&](context& own) -> task<void> {
      auto made = co_await net.host("client").connect(own, net.address("server", 443));
      auto said = co_await write_all(own, **made, "nonsense");
      EXPECT_TRUE(said);
      auto rest = co_await drain(own, **made);
    });
    auto soon = cx.with_timeout(1s);
    auto accepted = co_await l->accept(soon);
    EXPECT_FALSE(accepted);
    EXPECT_EQ(l->stats().failed, 1U);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
  });
}

// Handshakes in progress, a stream that waits, and an accept: wherever the loop goes away, all of
// it goes with it.
struct story {
  void start(testing::doomed_loop& loop) {
    static const tls_server identity(serving());
    static const tls_client trust(
        trusting().session_cache(0).insecure_skip_verification());  // the loop's clock says 1970
    loop.spawn([this](context& cx) -> task<void> {
      class two_streams final : public listener {
       public:
        two_streams(std::unique_ptr<stream> a, std::unique_ptr<stream> b) {
          streams_.push_back(std::move(a));
          streams_.push_back(std::move(b));
        }
        task<result<std::unique_ptr<stream>>> accept(context& own) override {
          if (streams_.empty()) {
            waiter never(own);
            const auto why = co_await never.wait();
            static_cast<void>(why);
            co_return fail(errors::cancelled{});
          }
          auto next = std::move(streams_.back());
          streams_.pop_back();
          co_return std::move(next);
        }
        const endpoint& local() const noexcept override { return at; }
        void close() noexcept override {}

       private:
        std::vector<std::unique_ptr<stream>> streams_;
      };
      const auto slow = memory_side().latency(1ms).max_read(300);
      auto honest = memory_pair(cx.env(), slow, slow);
      auto silent = memory_pair(cx.env(), slow, slow);
      auto l = tls_listen(
          std::make_unique<two_streams>(std::move(honest.second), std::move(silent.second)),
          identity);
      task_scope scope(cx, on_failure::keep_going);
      const auto client = [&](context& own) -> task<result<void>> {
        auto made = co_await tls_connect(own, std::move(honest.first), trust, "a.example");
        connected = made.has_value();
        co_return result<void>{};
      };
      const auto body = [&]() -> task<void> {
        auto limited = cx.with_timeout(20s);
        auto accepted = co_await l->accept(limited);
        auto none = co_await l->accept(limited);
        static_cast<void>(none);
      };
      scope.spawn(client);
      auto joined = co_await scope.run_and_join(cx, body());
      static_cast<void>(joined);
    });
  }
  void check() const {}
  bool connected = false;
};

TEST(TlsListener, GoesWithItsLoopWhereverThatStands) {
  EXPECT_GT(testing::break_off_everywhere<story>(), 10U);
}

}  // namespace
}  // namespace fairlead::net
