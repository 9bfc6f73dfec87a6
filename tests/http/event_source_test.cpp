// SPDX-License-Identifier: BSL-1.0
// Event streams from a route's producer to a client's reader, over as many connections as it takes.
#include "support/http_world.hpp"

#include <fairlead/http/event_source.hpp>
#include <fairlead/http/event_stream.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

client to_server(environment& env, memory_network& net) {
  return client(env, client_options("http://server").network(net));
}

// Counts from behind the last event that the client has seen; ends after three.
router counting() {
  router r;
  r.get("/count", [](context&, const request& asked) -> result<response> {
    const auto seen = last_event_id(asked);
    const int from = seen.empty() ? 0 : std::stoi(std::string(seen));
    return event_stream([from](context& cx, event_writer& out) -> task<result<void>> {
      for (int i = from + 1; i <= from + 3; ++i) {
        const auto text = std::to_string(i);
        auto sent = co_await out.send(cx, {"count", text, text});
        if (!sent) {
          co_return sent;
        }
      }
      co_return result<void>();
    });
  });
  return r;
}

TEST(EventSource, GoesOnWhereTheLastConnectionEnded) {
  with_server(counting(), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto c = to_server(cx.env(), net);
    event_source source(c, "/count");
    const auto begun = cx.now();
    for (int i = 1; i <= 9; ++i) {
      auto got = co_await source.read(cx);
      EXPECT_TRUE(got && *got);
      EXPECT_EQ((*got)->type, "count");
      EXPECT_EQ((*got)->data, std::to_string(i));
      EXPECT_EQ(source.last_event_id(), std::to_string(i));
    }
    EXPECT_EQ(source.connections(), 3u);
    EXPECT_FALSE(source.last_failure()) << "the server ended them in order";
    const auto took = cx.env().now() - begun;
    EXPECT_GE(took, 3s) << "at least half of 3 s, twice";
    EXPECT_LE(took, 6s);
  });
}

TEST(EventSource, StartsWhereItIsTold) {
  with_server(counting(), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto c = to_server(cx.env(), net);
    event_source source(c, "/count", event_source_options().last_event_id("41"));
    auto got = co_await source.read(cx);
    EXPECT_TRUE(got && *got && (*got)->data == "42");
  });
}

TEST(EventSource, HeartbeatsKeepAQuietStreamAlive) {
  router r;
  r.get("/quiet", [](context&) -> result<response> {
    return event_stream([](context& cx, event_writer& out) -> task<result<void>> {
      auto slept = co_await sleep_for(cx, 1h);
      if (!slept) {
        co_return slept;
      }
      auto sent = co_await out.send(cx, {"message", "at last"});
      co_return sent;
    });
  });
  with_server(std::move(r), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto c = to_server(cx.env(), net);
    event_source source(c, "/quiet");
    auto got = co_await source.read(cx);
    EXPECT_TRUE(got && *got && (*got)->data == "at last");
    EXPECT_EQ(source.connections(), 1u);
  });
}

TEST(EventSource, AProducerHearsThatItsClientLeft) {
  bool told = false;
  router r;
  r.get("/endless", [&](context&) -> result<response> {
    return event_stream([&](context& cx, event_writer& out) -> task<result<void>> {
      auto sent = co_await out.send(cx, {"message", "one"});
      EXPECT_TRUE(sent);
      const auto begun = cx.now();
      auto slept = co_await sleep_for(cx, 24h);
      told = !slept && cx.env().now() - begun < 1h;
      co_return slept;
    });
  });
  with_server(std::move(r), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    {
      auto c = to_server(cx.env(), net);
      event_source source(c, "/endless");
      auto got = co_await source.read(cx);
      EXPECT_TRUE(got && *got);
    }
    auto slept = co_await sleep_for(cx, 1min);
    EXPECT_TRUE(slept);
    EXPECT_EQ(app.stats().connections, 0u);
  });
  EXPECT_TRUE(told);
}

TEST(EventSource, ADrainEndsEndlessStreams) {
  router r;
  r.get("/endless", [](context&) -> result<response> {
    return event_stream([](context& cx, event_writer&) -> task<result<void>> {
      auto slept = co_await sleep_for(cx, 24h);
      co_return slept;
    });
  });
  with_server(std::move(r), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    auto c = to_server(cx.env(), net);
    event_source source(c, "/endless");
    auto brief = cx.with_timeout(1s);
    auto got = co_await source.read(brief);
    EXPECT_EQ(got.error().kind(), error_kind::deadline);
    task_scope reading(cx);
    reading.spawn([&](context& own) -> task<void> {
      auto limited = own.with_timeout(10s);
      auto none = co_await source.read(limited);
      EXPECT_FALSE(none);
    });
    auto slept = co_await sleep_for(cx, 5s);
    EXPECT_TRUE(slept);
    const auto begun = cx.now();
    auto drained = co_await app.drain(cx, 2s);
    EXPECT_LE(cx.env().now() - begun, 2s);
    static_cast<void>(drained);
    auto joined = co_await reading.join();
    EXPECT_TRUE(joined);
  });
}

TEST(EventSource, RefusesToSendWhatBreaksOut) {
  router r;
  r.get("/x", [](context&) -> result<response> {
    return event_stream([](context& cx, event_writer& out) -> task<result<void>> {
      auto sent = co_await out.send(cx, {"a\nb", "", ""});
      EXPECT_EQ(sent.error().kind(), error_kind::invalid_argument);
      sent = co_await out.comment(cx, "two\nlines");
      EXPECT_EQ(sent.error().kind(), error_kind::invalid_argument);
      sent = co_await out.retry(cx, 1500us);
      EXPECT_TRUE(sent);
      sent = co_await out.send(cx, {"fine", "a\nb", "7"});
      co_return sent;
    });
  });
  with_server(std::move(r), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto c = to_server(cx.env(), net);
    auto all = co_await c.request(cx, http::request(method::get, "/x"));
    EXPECT_TRUE(all);
    EXPECT_EQ(all->headers().get("Content-Type"), "text/event-stream");
    EXPECT_EQ(all->headers().get("Cache-Control"), "no-store");
    EXPECT_EQ(all->body(), ":\n\nretry: 2\n\nevent: fine\nid: 7\ndata: a\ndata: b\n\n");
  });
}

// Against servers by script: what is said to the n-th connection, which then ends.
struct attempt_log {
  std::vector<std::string> asked;
  std::vector<duration> at;
};

std::string events(std::string_view text) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: "
         "close\r\n\r\n" +
         std::string(text);
}

template <class F>
attempt_log against(std::vector<std::string> answers, event_source_options options, F f) {
  attempt_log log;
  with_script(
      [&](context& cx, peer& p, int n) -> task<void> {
        auto head = co_await p.read_until(cx, "\r\n\r\n");
        log.asked.push_back(head);
        log.at.push_back(cx.env().now().time_since_epoch());
        const auto i = std::min(static_cast<std::size_t>(n), answers.size() - 1);
        auto said = co_await p.say(cx, answers[i]);
        static_cast<void>(said);
        p.close();
      },
      client_options("http://server"),
      [&](context& cx, client& c, memory_network&) -> task<void> {
        event_source source(c, "/events", options);
        co_await f(cx, source);
      });
  return log;
}

TEST(EventSource, SendsTheLastIdThatWasComplete) {
  const auto log = against({events("id: 1\ndata: a\n\nid: 2\ndata: half"), events("data: b\n\n"),
                            "HTTP/1.1 204 No Content\r\n\r\n"},
                           {}, [](context& cx, event_source& source) -> task<void> {
                             auto got = co_await source.read(cx);
                             EXPECT_TRUE(got && *got && (*got)->data == "a" && (*got)->id == "1");
                             got = co_await source.read(cx);
                             EXPECT_TRUE(got && *got && (*got)->data == "b" && (*got)->id == "1");
                             got = co_await source.read(cx);
                             EXPECT_TRUE(got && !*got) << "204: no more of it";
                             got = co_await source.read(cx);
                             EXPECT_TRUE(got && !*got);
                           });
  ASSERT_EQ(log.asked.size(), 3u);
  EXPECT_EQ(log.asked[0].find("Last-Event-ID"), std::string::npos);
  EXPECT_NE(log.asked[1].find("Last-Event-ID: 1\r\n"), std::string::npos);
  EXPECT_NE(log.asked[0].find("Accept: text/event-stream\r\n"), std::string::npos);
}

TEST(EventSource, WaitsLongerWhileNothingGetsBetter) {
  const auto log = against({"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"}, {},
                           [](context& cx, event_source& source) -> task<void> {
                             auto limited = cx.with_timeout(10min);
                             auto got = co_await source.read(limited);
                             EXPECT_EQ(got.error().kind(), error_kind::deadline);
                             EXPECT_EQ(source.last_failure()->kind(), error_kind::http_error);
                           });
  ASSERT_GE(log.at.size(), 8u);
  duration longest = 3s;
  for (std::size_t i = 1; i < 8; ++i) {
    const auto waited = log.at[i] - log.at[i - 1];
    EXPECT_GE(waited, longest / 2) << i;
    EXPECT_LE(waited, longest) << i;
    longest = std::min<duration>(longest * 2, 60s);
  }
}

TEST(EventSource, WaitsAsLongAsTheServerAsks) {
  const auto by_field = against({events("retry: 20000\ndata: a\n\n")}, {},
                                [](context& cx, event_source& source) -> task<void> {
                                  for (int i = 0; i < 3; ++i) {
                                    auto got = co_await source.read(cx);
                                    EXPECT_TRUE(got && *got);
                                  }
                                });
  EXPECT_GE(by_field.at[1] - by_field.at[0], 10s);
  EXPECT_LE(by_field.at[1] - by_field.at[0], 20s);
  const auto by_header = against(
      {"HTTP/1.1 503 Wait\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n", events("data: a\n\n")},
      {}, [](context& cx, event_source& source) -> task<void> {
        auto got = co_await source.read(cx);
        EXPECT_TRUE(got && *got);
      });
  EXPECT_GE(by_header.at[1] - by_header.at[0], 90s);
}

TEST(EventSource, GivesUpOnWhatWillNotGetBetter) {
  const auto error_of = [](const std::string& answer, event_source_options options = {}) {
    std::string out;
    against({answer}, std::move(options), [&](context& cx, event_source& source) -> task<void> {
      auto got = co_await source.read(cx);
      out = got ? "an event" : got.error().message();
    });
    return out;
  };
  EXPECT_NE(error_of("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").find("404"),
            std::string::npos);
  EXPECT_NE(error_of("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")
                .find("no event stream, but text/html"),
            std::string::npos);
  EXPECT_NE(error_of(events("data: 0123456789\n\n"), event_source_options().max_event(8))
                .find("too_large"),
            std::string::npos);
}

TEST(EventSource, MakesADeadConnectionAgain) {
  with_script(
      [](context& cx, peer& p, int) -> task<void> {
        auto head = co_await p.read_until(cx, "\r\n\r\n");
        auto said = co_await p.say(cx, events("data: a\n\n"));
        EXPECT_TRUE(said && !head.empty());
        auto all = co_await p.read_all(cx);  // says no more, and does not end
        EXPECT_EQ(all, "");
      },
      client_options("http://server"),
      [](context& cx, client& c, memory_network&) -> task<void> {
        event_source source(c, "/events", event_source_options().idle_timeout(20s));
        for (int i = 0; i < 3; ++i) {
          auto got = co_await source.read(cx);
          EXPECT_TRUE(got && *got);
        }
        EXPECT_EQ(source.connections(), 3u);
        EXPECT_EQ(source.last_failure()->kind(), error_kind::timeout);
      });
}

// An id may be any text; one that no header can carry must not end the events for good.
TEST(EventSource, AnIdThatFitsIntoNoHeaderIsNotSent) {
  const auto log = against({events("id: a\x01"
                                   "b\ndata: a\n\n"),
                            events("id: 2\ndata: b\n\n"), "HTTP/1.1 204 No Content\r\n\r\n"},
                           {}, [](context& cx, event_source& source) -> task<void> {
                             auto got = co_await source.read(cx);
                             EXPECT_TRUE(got && *got &&
                                         (*got)->id ==
                                             "a\x01"
                                             "b");
                             got = co_await source.read(cx);
                             EXPECT_TRUE(got) << got.error().message();
                             EXPECT_TRUE(got && *got && (*got)->data == "b");
                             got = co_await source.read(cx);
                             EXPECT_TRUE(got && !*got);
                           });
  ASSERT_EQ(log.asked.size(), 3u);
  EXPECT_EQ(log.asked[1].find("Last-Event-ID"), std::string::npos);
  EXPECT_NE(log.asked[2].find("Last-Event-ID: 2\r\n"), std::string::npos);
}

// "retry: 0" is allowed; it must not turn the client into a flood.
TEST(EventSource, DoesNotStormWhoeverAsksForNoWait) {
  const auto log = against({events("retry: 0\ndata: a\n\n")}, {},
                           [](context& cx, event_source& source) -> task<void> {
                             for (int i = 0; i < 20; ++i) {
                               auto got = co_await source.read(cx);
                               EXPECT_TRUE(got && *got);
                             }
                           });
  ASSERT_EQ(log.at.size(), 20u);
  EXPECT_GE(log.at[19] - log.at[0], 100ms);
  const auto silent =
      against({events("retry: 0\n\n")}, {}, [](context& cx, event_source& source) -> task<void> {
        auto limited = cx.with_timeout(10s);
        auto got = co_await source.read(limited);
        EXPECT_FALSE(got);
      });
  EXPECT_LT(silent.at.size(), 100u);
}

}  // namespace
}  // namespace fairlead::http
