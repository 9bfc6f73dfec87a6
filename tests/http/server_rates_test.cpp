// SPDX-License-Identifier: BSL-1.0
// Clients that send or take a byte now and then, to hold a connection, in virtual time.
#include "support/server_answers.hpp"

#include <stdexcept>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

router routes(route_options live = {}) {
  router r;
  r.post("/kept", [](context&, const request& q) -> result<std::string> {
    return std::to_string(q.body().size());
  });
  r.post("/streamed", {.deadline = 24h},
         [](context& cx, body_reader& body) -> task<result<std::string>> {
           auto all = co_await read_all(cx, body, 1'000'000);
           if (!all) {
             co_return tl::unexpected<error>(std::move(all).error());
           }
           co_return std::to_string(all->size());
         });
  live.deadline = 24h;
  r.post("/live", live, [](context& cx, body_reader& body) -> task<result<std::string>> {
    auto all = co_await read_all(cx, body, 1'000'000);
    co_return std::string(all ? "all" : "broken");
  });
  r.post("/thinks", {.deadline = 24h},
         [](context& cx, body_reader& body) -> task<result<std::string>> {
           auto slept = co_await sleep_for(cx, 1h);
           auto all = co_await read_all(cx, body, 1'000'000);
           co_return std::string(slept && all ? *all : "broken");
         });
  r.get("/text", [](context&) -> result<std::string> { return std::string(1'000'000, 'x'); });
  r.get("/made", [](context&) -> result<response> {
    return response().body(make_body([](context& cx, body_writer& out) -> task<result<void>> {
                             const std::string piece(10'000, 'x');
                             result<void> sent;
                             for (int i = 0; sent && i < 10'000; ++i) {
                               sent = co_await out.write(cx, piece);
                             }
                             co_return sent;
                           }),
                           "text/plain");
  });
  r.get("/seldom", [](context&) -> result<response> {
    return response().body(make_body([](context& cx, body_writer& out) -> task<result<void>> {
                             result<void> sent;
                             for (int i = 0; sent && i < 5; ++i) {
                               sent = co_await out.write(cx, "tick\n");
                               sent = co_await out.flush(cx);
                               sent = co_await sleep_for(cx, 1h);
                             }
                             co_return sent;
                           }),
                           "text/plain");
  });
  return r;
}

const std::string begun = " HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";

// How long the server bears with a client that sends `size` bytes `each` time; the answer, too.
struct endured {
  duration for_time{};
  std::string answer;
};

task<void> drip(context& cx, memory_network& net, std::string target, std::size_t size,
                duration each, endured& out) {
  const auto start = cx.now();
  auto p = co_await dial(cx, net);
  auto said = co_await p->say(cx, "POST " + target + begun);
  task_scope scope(cx);
  scope.spawn([&](context& own) -> task<void> {
    out.answer = co_await p->read_until(own, "\r\n\r\n");
    out.for_time = own.now() - start;
  });
  for (std::size_t at = 0; said && at < 100'000 && out.answer.empty(); at += size) {
    said = co_await p->say(cx, std::string(std::min(size, 100'000 - at), 'x'));
    auto slept = co_await sleep_for(cx, each);
    EXPECT_TRUE(slept);
  }
  auto joined = co_await scope.join();
  EXPECT_TRUE(joined);
  p->close();
}

endured bear(std::string target, std::size_t size, duration each, server_options options = {}) {
  endured out;
  with_server(routes(), std::move(options),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                co_await drip(cx, net, target, size, each, out);
                auto slept = co_await sleep_for(cx, 3s);
                EXPECT_TRUE(slept);
                EXPECT_EQ(app.stats().connections, 0u);
                EXPECT_EQ(app.stats().body_memory, 0u);
              });
  return out;
}

TEST(ServerRates, ABodyThatDripsIsA408) {
  for (const auto* target : {"/kept", "/streamed"}) {
    const auto got = bear(target, 1, 1s);
    EXPECT_TRUE(got.answer.starts_with("HTTP/1.1 408 ")) << got.answer;
    EXPECT_EQ(header_of(got.answer, "Connection"), "close");
    EXPECT_GE(got.for_time, 5s) << "grace";
    EXPECT_LE(got.for_time, 5100ms);
  }
}

TEST(ServerRates, ABodyThatKeepsTheRateArrives) {
  const auto got = bear("/streamed", 250, 1s);
  EXPECT_TRUE(got.answer.starts_with("HTTP/1.1 200 ")) << got.answer;
  EXPECT_GE(got.for_time, 398s);
  const auto slower = bear("/streamed", 230, 1s);
  EXPECT_TRUE(slower.answer.starts_with("HTTP/1.1 408 ")) << slower.answer;
}

TEST(ServerRates, ABodyThatIsKeptHasItsTimeoutAsWell) {
  const auto got = bear("/kept", 250, 1s);
  EXPECT_TRUE(got.answer.starts_with("HTTP/1.1 408 ")) << got.answer;
  EXPECT_EQ(got.for_time, 30s);
}

// What came quickly at first buys no more than the timeout.
TEST(ServerRates, ABurstDoesNotBuyHours) {
  with_server(routes(), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, "POST /streamed" + begun + std::string(90'000, 'x'));
    const auto start = cx.now();
    for (int i = 0; said && i < 20 && app.stats().connections > 0; ++i) {
      said = co_await p->say(cx, "x");
      auto slept = co_await sleep_for(cx, 10s);
      EXPECT_TRUE(slept);
    }
    EXPECT_LE(cx.now() - start, 50s);
    auto text = co_await p->read_all(cx);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 408 ")) << text;
  });
}

TEST(ServerRates, ThePaceIsConfigurable) {
  const auto fast = bear("/kept", 1000, 1s, server_options().min_body_rate({2000, 1s}));
  EXPECT_TRUE(fast.answer.starts_with("HTTP/1.1 408 "));
  EXPECT_LE(fast.for_time, 3s);
  const auto any = bear("/streamed", 10'000, 25s, server_options().min_body_rate(any_rate));
  EXPECT_TRUE(any.answer.starts_with("HTTP/1.1 200 ")) << any.answer;
  const auto still = bear("/streamed", 1, 31s, server_options().min_body_rate(any_rate));
  EXPECT_TRUE(still.answer.starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(still.for_time, 30s) << "body_timeout holds for each wait";
  const auto wrong =
      server_options().min_body_rate({2'000'000'000, 1s}).min_write_rate({1, -1s}).problems();
  EXPECT_EQ(wrong.size(), 2u);
}

// For clients that say something now and then.
TEST(ServerRates, ARouteMayHaveItsOwn) {
  for (const bool own : {false, true}) {
    std::string got;
    with_server(routes(own ? route_options{.min_body_rate = any_rate} : route_options()), {},
                [&](context& cx, server&, memory_network& net) -> task<void> {
                  auto p = co_await dial(cx, net);
                  auto said = co_await p->say(cx,
                                              "POST /live HTTP/1.1\r\nHost: a\r\n"
                                              "Transfer-Encoding: chunked\r\n\r\n");
                  for (int i = 0; said && i < 10; ++i) {
                    said = co_await p->say(cx, "5\r\ntick\n\r\n");
                    auto slept = co_await sleep_for(cx, 20s);
                    EXPECT_TRUE(slept);
                  }
                  said = co_await p->say(cx, "0\r\n\r\n");
                  co_await p->end(cx);
                  got = co_await p->read_all(cx);
                });
    EXPECT_EQ(body_of(got), own ? "all" : "broken");
  }
  router r;
  const auto f = [](context&, body_reader&) -> result<void> { return {}; };
  EXPECT_THROW(r.post("/a", {.min_body_rate = rate_floor{2'000'000'000, 1s}}, f),
               std::invalid_argument);
  EXPECT_THROW(r.post("/a", {.min_body_rate = rate_floor{1, -1s}}, f), std::invalid_argument);
}

TEST(ServerRates, AHandlerThatTakesItsTimeIsNotTheClientsFault) {
  with_server(routes(), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said =
        co_await p->say(cx, "POST /thinks HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    auto slept = co_await sleep_for(cx, 1h + 4s);
    said = co_await p->say(cx, "cde");
    EXPECT_TRUE(said && slept);
    auto text = co_await p->read_until(cx, "\r\n\r\nabcde");
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
    EXPECT_FALSE(p->ended);
  });
}

// Takes a byte per `each` until the server has had enough; for how long that was.
task<void> sip(context& cx, server& app, memory_network& net, std::string target, duration each,
               duration& out) {
  const auto start = cx.now();
  net.client_side = net::memory_side().max_read(1);
  auto s = co_await net.connect(cx, net::endpoint::loopback(80));
  auto said = co_await net::write_all(cx, **s, std::string_view(ask("GET", target)));
  EXPECT_TRUE(said);
  while (app.stats().connections > 0 || cx.now() == start) {
    auto slept = co_await sleep_for(cx, each);
    std::array<std::byte, 1> one;
    auto n = co_await net::read_some(cx, **s, one);
    EXPECT_TRUE(slept && n);
  }
  out = cx.now() - start;
}

TEST(ServerRates, AClientThatSipsIsClosed) {
  for (const auto* target : {"/text", "/made"}) {
    for (const auto each : {1s, 29s}) {
      duration took{};
      with_server(routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
        co_await sip(cx, app, net, target, each, took);
      });
      EXPECT_GE(took, 29s) << target;
      EXPECT_LE(took, 60s) << target << ": a byte per timeout does not hold it";
    }
  }
}

TEST(ServerRates, AClientThatReadsSlowlyButSteadilyIsServed) {
  with_server(routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, ask("GET", "/made"));
    EXPECT_TRUE(said);
    const auto start = cx.now();
    for (int i = 0; i < 100; ++i) {
      auto slept = co_await sleep_for(cx, 10s);
      EXPECT_TRUE(slept);
      auto some = co_await p->read_until(cx, std::string(2500, 'x'));
      EXPECT_FALSE(p->ended);
    }
    EXPECT_GE(cx.now() - start, 1000s);
    p->close();
  });
}

TEST(ServerRates, AStreamThatHasLittleToSayIsLeftAlone) {
  with_server(routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, ask("GET", "/seldom"));
    EXPECT_TRUE(said);
    for (int i = 0; i < 5; ++i) {
      auto text = co_await p->read_until(cx, "tick\n");
      EXPECT_FALSE(p->ended);
    }
    auto end = co_await p->read_until(cx, "0\r\n\r\n");
    EXPECT_FALSE(p->ended);
  });
}

// Waiting for a request that is not there is the idle timeout's, and for an answer the handler's.
TEST(ServerRates, LongPollsAndIdleConnectionsAreLeftAlone) {
  router r;
  r.get("/poll", {.deadline = 24h}, [](context& cx) -> task<result<std::string>> {
    auto slept = co_await sleep_for(cx, 1h);
    co_return std::string(slept ? "news" : "none");
  });
  with_server(std::move(r), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    for (int i = 0; i < 2; ++i) {
      auto said = co_await p->say(cx, ask("GET", "/poll"));
      auto text = co_await p->read_until(cx, "news");
      auto slept = co_await sleep_for(cx, 70s);
      EXPECT_TRUE(said && slept);
      EXPECT_FALSE(p->ended);
    }
  });
}

}  // namespace
}  // namespace fairlead::http
