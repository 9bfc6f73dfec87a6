// SPDX-License-Identifier: BSL-1.0
// Requests whose handlers read the body while it arrives, in virtual time.
#include "support/server_answers.hpp"

#include <stdexcept>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

// Reads everything, and says how much, in how many pieces of which largest.
struct counted {
  std::uint64_t bytes = 0;
  std::size_t pieces = 0;
  std::size_t largest = 0;
  std::optional<error> failure;
};

task<result<void>> count(context& cx, body_reader& body, counted& into) {
  for (;;) {
    auto piece = co_await body.read(cx);
    if (!piece) {
      into.failure = piece.error();
      co_return tl::unexpected<error>(std::move(piece).error());
    }
    if (!*piece) {
      co_return result<void>();
    }
    EXPECT_FALSE((*piece)->empty());
    into.bytes += (*piece)->size();
    into.pieces += 1;
    into.largest = std::max(into.largest, (*piece)->size());
  }
}

struct service {
  counted seen;

  router routes(route_options limits = {}) {
    router r;
    r.post("/up", limits, [this](context& cx, body_reader& body) -> task<result<std::string>> {
      seen = {};
      auto done = co_await count(cx, body, seen);
      if (!done) {
        co_return tl::unexpected<error>(std::move(done).error());
      }
      co_return std::to_string(seen.bytes);
    });
    r.post("/text/{id}",
           [](context& cx, const request& q, std::int64_t id,
              body_reader& body) -> task<result<std::string>> {
             auto all = co_await read_all(cx, body, 1000);
             if (!all) {
               co_return tl::unexpected<error>(std::move(all).error());
             }
             std::string out = std::to_string(id) + ":" + *all + ":";
             for (const auto field : q.trailers()) {
               out.append(field.name).append("=").append(field.value);
             }
             co_return out + (body.announced() ? std::to_string(*body.announced()) : "unknown");
           });
    r.post("/ignore", limits,
           [](context&, body_reader&) -> result<std::string> { return "ignored"; });
    r.post("/slow", [](context& cx, body_reader& body) -> task<result<std::string>> {
      auto slept = co_await sleep_for(cx, 1h);
      auto piece = co_await body.read(cx);
      co_return std::string(piece ? "read" : "failed");
    });
    r.get("/next", [](context&) -> result<std::string> { return "next"; });
    return r;
  }
};

TEST(ServerUploads, GivesTheBodyAsItArrives) {
  service s;
  with_server(s.routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n");
    EXPECT_TRUE(said);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(s.seen.bytes, static_cast<std::uint64_t>(2 * i));
      said = co_await p->say(cx, "ab");
      auto slept = co_await sleep_for(cx, 1s);
      EXPECT_TRUE(said && slept);
    }
    auto text = co_await p->read_until(cx, "\r\n\r\n6");
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
  });
  EXPECT_EQ(s.seen.pieces, 3u);
}

TEST(ServerUploads, ReadsLengthsChunksAndNothing) {
  service s;
  EXPECT_EQ(body_of(answer_to(s.routes(), ask("POST", "/text/7", {}, "hello"))), "7:hello:5");
  EXPECT_EQ(body_of(answer_to(s.routes(), ask("POST", "/text/7"))), "7::0");
  EXPECT_EQ(body_of(answer_to(s.routes(), ask("POST", "/text/7", "Transfer-Encoding: chunked\r\n") +
                                              "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: 1\r\n\r\n")),
            "7:abcde:X=1unknown");
}

TEST(ServerUploads, KeepsOneBufferOfABodyOfAnySize) {
  service s;
  with_server(s.routes({.max_body = 1 << 30}), {},
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(
                    cx, "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n");
                for (int i = 0; i < 50; ++i) {
                  said = co_await p->say(cx, std::string(100'000, 'x'));
                  EXPECT_TRUE(said);
                  EXPECT_EQ(app.stats().body_memory, 0u);
                }
                auto text = co_await p->read_until(cx, "\r\n\r\n5000000");
                EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
              });
  EXPECT_LE(s.seen.largest, 16u * 1024);
}

TEST(ServerUploads, AHandlerThatDoesNotReadSlowsTheClient) {
  service s;
  with_server(s.routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said =
        co_await p->say(cx, "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    EXPECT_TRUE(said);
    auto limited = cx.with_timeout(5s);
    said = co_await p->say(limited, std::string(1'000'000, 'x'));
    EXPECT_FALSE(said) << "nobody took so much";
  });
}

TEST(ServerUploads, LimitsAreTheRoutes) {
  service s;
  const auto put = [&](route_options limits, std::size_t size, bool chunked) {
    std::string body(size, 'x');
    return answer_to(s.routes(limits),
                     chunked ? ask("POST", "/up", "Transfer-Encoding: chunked\r\n") +
                                   "5\r\nabcde\r\n" + body.substr(5).insert(0, "f") + "\r\n"
                             : ask("POST", "/up", {}, body),
                     server_options().max_body(100));
  };
  EXPECT_EQ(body_of(put({}, 100, false)), "100");
  auto answer = put({}, 101, false);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
  EXPECT_EQ(body_of(put({.max_body = 200}, 200, false)), "200");
  EXPECT_TRUE(put({.max_body = 50}, 51, false).starts_with("HTTP/1.1 413 "));
  const auto chunked =
      answer_to(s.routes({.max_body = 7}), ask("POST", "/up", "Transfer-Encoding: chunked\r\n") +
                                               "5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413 ")) << chunked;
  EXPECT_EQ(s.seen.failure->kind(), error_kind::too_large);
  EXPECT_EQ(s.seen.failure->stage(), error_stage::body);
}

TEST(ServerUploads, ALimitHoldsForBodiesThatAreDecodedToo) {
  router r;
  r.post("/x", {.max_body = 5},
         [](context&, const request& q) -> result<std::string> { return q.body(); });
  r.post("/y", [](context&, const request& q) -> result<std::string> { return q.body(); });
  const auto answer =
      answer_to(std::move(r), ask("POST", "/y", {}, "abcdef") + ask("POST", "/x", {}, "abcde") +
                                  ask("POST", "/x", {}, "abcdef"));
  EXPECT_NE(answer.find("\r\n\r\nabcdefHTTP/1.1 200 OK"), std::string::npos) << answer;
  EXPECT_NE(answer.find("\r\n\r\nabcdeHTTP/1.1 413 "), std::string::npos) << answer;
}

TEST(ServerUploads, DeadlinesAreTheRoutes) {
  router r;
  r.get("/x", {.deadline = 2s}, [](context& cx) -> task<result<void>> {
    auto slept = co_await sleep_for(cx, 1h);
    co_return slept;
  });
  with_server(std::move(r), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, ask("GET", "/x"));
    const auto begun = cx.now();
    auto text = co_await p->read_until(cx, "\r\n\r\n");
    EXPECT_TRUE(said);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 504 ")) << text;
    EXPECT_EQ(cx.now() - begun, 2s);
  });
  EXPECT_THROW(router().get("/x", {.deadline = 0s}, [](context&) { return result<void>(); }),
               std::invalid_argument);
}

TEST(ServerUploads, SaysContinueWhenTheHandlerReads) {
  service s;
  with_server(s.routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    const std::string expect = "Expect: 100-continue\r\nContent-Length: 3\r\n";
    auto said = co_await p->say(cx, ask("POST", "/up", expect));
    auto text = co_await p->read_until(cx, "\r\n\r\n");
    EXPECT_EQ(text, "HTTP/1.1 100 Continue\r\n\r\n");
    said = co_await p->say(cx, "abc");
    text = co_await p->read_until(cx, "\r\n\r\n3");
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
    said = co_await p->say(cx, ask("POST", "/ignore", expect));
    EXPECT_TRUE(said);
    text = co_await p->read_all(cx);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
    EXPECT_EQ(header_of(text, "Connection"), "close") << "nobody knows what the client sends next";
  });
}

TEST(ServerUploads, DropsWhatWasNotReadUpToABound) {
  service s;
  const std::string little(200'000, 'x');
  auto answer = answer_to(s.routes(), ask("POST", "/ignore", {}, little) + ask("GET", "/next"));
  EXPECT_TRUE(answer.ends_with("next")) << answer;
  EXPECT_EQ(header_of(answer, "Connection"), "-");
  answer = answer_to(s.routes(), ask("POST", "/ignore", "Transfer-Encoding: chunked\r\n") +
                                     "3\r\nabc\r\n0\r\n\r\n" + ask("GET", "/next"));
  EXPECT_TRUE(answer.ends_with("next")) << answer;

  const std::string much(300'000, 'x');
  answer = answer_to(s.routes(), ask("POST", "/ignore", {}, much) + ask("GET", "/next"));
  EXPECT_TRUE(answer.ends_with("ignored")) << answer;
  EXPECT_EQ(header_of(answer, "Connection"), "close");
  answer = answer_to(s.routes(), ask("POST", "/ignore", "Transfer-Encoding: chunked\r\n") +
                                     "493e0\r\n" + much + "\r\n0\r\n\r\n" + ask("GET", "/next"));
  EXPECT_TRUE(answer.ends_with("ignored")) << "it could not be known before";
}

TEST(ServerUploads, AStalledClientIsA408) {
  service s;
  with_server(s.routes(), server_options().body_timeout(3s),
              [&](context& cx, server&, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(
                    cx, "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
                for (int i = 0; i < 3; ++i) {
                  said = co_await p->say(cx, "a");
                  auto slept = co_await sleep_for(cx, 2s);
                  EXPECT_TRUE(said && slept);
                }
                auto text = co_await p->read_all(cx);
                EXPECT_TRUE(text.starts_with("HTTP/1.1 408 ")) << text;
                EXPECT_EQ(header_of(text, "Connection"), "close");
              });
  EXPECT_EQ(s.seen.failure->kind(), error_kind::timeout);
}

TEST(ServerUploads, TheHandlersDeadlineIsA504) {
  service s;
  with_server(
      s.routes({.deadline = 3s}), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
        auto p = co_await dial(cx, net);
        auto said =
            co_await p->say(cx, "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        EXPECT_TRUE(said);
        auto text = co_await p->read_all(cx);
        EXPECT_TRUE(text.starts_with("HTTP/1.1 504 ")) << text;
        EXPECT_EQ(header_of(text, "Connection"), "close");
      });
  EXPECT_EQ(s.seen.failure->kind(), error_kind::deadline);
}

TEST(ServerUploads, AStalledRestEndsTheConnection) {
  service s;
  with_server(s.routes(), server_options().body_timeout(3s),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(
                    cx, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
                auto text = co_await p->read_until(cx, "ignored");
                auto slept = co_await sleep_for(cx, 2900ms);
                EXPECT_TRUE(said && slept);
                EXPECT_EQ(app.stats().connections, 1u);
                text = co_await p->read_all(cx);
                EXPECT_EQ(text, "") << "there is nothing more to say";
                p->close();
                slept = co_await sleep_for(cx, 3s);
                EXPECT_EQ(app.stats().connections, 0u);
              });
}

TEST(ServerUploads, ABrokenBodyIsA400) {
  service s;
  const auto answer = answer_to(s.routes(), ask("POST", "/up", "Transfer-Encoding: chunked\r\n") +
                                                "3\r\nabc\r\nnonsense\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_EQ(s.seen.failure->kind(), error_kind::protocol_error);
  EXPECT_EQ(s.seen.bytes, 3u);
}

TEST(ServerUploads, AnErrorIsTheSameWhenAskedAgain) {
  std::vector<error_kind> kinds;
  router r;
  r.post("/x", [&](context& cx, body_reader& body) -> task<result<std::string>> {
    for (int i = 0; i < 4; ++i) {
      auto piece = co_await body.read(cx);
      if (!piece) {
        kinds.push_back(piece.error().kind());
      }
    }
    co_return "fine";
  });
  const auto answer =
      answer_to(std::move(r), "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(kinds, std::vector(3, error_kind::connection_closed));
  EXPECT_TRUE(answer.ends_with("fine")) << "the handler's answer, all the same";
  EXPECT_EQ(header_of(answer, "Connection"), "close");
}

TEST(ServerUploads, AClientThatLeavesIsNoticedByWhoDoesNotRead) {
  service s;
  with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said =
        co_await p->say(cx, "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(said && slept);
    EXPECT_EQ(app.stats().connections, 1u);
    p->close();
    slept = co_await sleep_for(cx, 250ms);
    EXPECT_TRUE(slept);
    EXPECT_EQ(app.stats().connections, 0u);
  });
}

TEST(ServerUploads, EchoesWhileItReads) {
  router r;
  r.post("/echo", {.max_body = 1 << 30}, [](context&, const request& q) -> result<response> {
    return q.reply(status::not_implemented);
  });
  class echo final : public handler {
   public:
    bool takes_stream() const noexcept override { return true; }
    task<result<response>> handle(context&, const request& q) override {
      co_return q.reply().body(make_body([&q](context& cx, body_writer& out) -> task<result<void>> {
        for (;;) {
          auto piece = co_await q.incoming()->read(cx);
          if (!piece) {
            co_return tl::unexpected<error>(std::move(piece).error());
          }
          if (!*piece) {
            co_return result<void>();
          }
          auto sent = co_await out.write(cx, **piece);
          if (sent) {
            sent = co_await out.flush(cx);
          }
          if (!sent) {
            co_return sent;
          }
        }
      }));
    }
  };
  r.put("/echo", std::make_shared<echo>());
  with_server(std::move(r), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said =
        co_await p->say(cx, "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    auto text = co_await p->read_until(cx, "3\r\nabc\r\n");
    EXPECT_FALSE(p->ended);
    said = co_await p->say(cx, "def" + ask("PUT", "/echo"));
    EXPECT_TRUE(said);
    text = co_await p->read_until(cx, "3\r\ndef\r\n0\r\n\r\n");
    EXPECT_FALSE(p->ended);
    text = co_await p->read_until(cx, "\r\n\r\n0\r\n\r\n");
    EXPECT_FALSE(p->ended) << "the next request comes when the body has been read";
  });
}

TEST(ServerUploads, WithoutAServerThereIsNoStream) {
  router r;
  r.post("/x", [](context&, body_reader&) -> result<void> { return {}; });
  request q(method::post, "/x");
  const auto found = r.match(q);
  EXPECT_TRUE(found.target->takes_stream());
  run_in_world(1, [&](context& cx) -> task<void> {
    bool threw = false;
    try {
      auto answer = co_await found.target->handle(cx, q);
      EXPECT_FALSE(answer);
    } catch (const std::logic_error&) {
      threw = true;
    }
    EXPECT_TRUE(threw);
  });
}

// Cut, reset or stalled after every byte, and in drops of one byte.
TEST(ServerUploads, SurvivesAClientThatBreaksAnywhere) {
  const auto text =
      "POST /up HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nX: 1\r\n\r\n";
  const std::string whole = text;
  enum class fault { cut, reset, stall };
  for (std::size_t at = 1; at < whole.size(); ++at) {
    for (const auto how : {fault::cut, fault::reset, fault::stall}) {
      service s;
      with_server(s.routes(), server_options().body_timeout(1s).head_timeout(1s),
                  [&](context& cx, server& app, memory_network& net) -> task<void> {
                    net.client_side = how == fault::cut ? net::memory_side().close_after_writing(at)
                                      : how == fault::reset
                                          ? net::memory_side().reset_after_writing(at)
                                          : net::memory_side();
                    auto p = co_await dial(cx, net);
                    auto said = co_await p->say(cx, whole.substr(0, at));
                    static_cast<void>(said);
                    auto got = co_await p->read_all(cx);
                    EXPECT_EQ(got.find("200 OK"), std::string::npos) << at;
                    p->close();
                    net.client_side = net::memory_side();
                    net.server_side = net::memory_side().max_read(1);
                    got = co_await exchange_raw(cx, net, whole);
                    EXPECT_EQ(body_of(got), "7");
                    auto slept = co_await sleep_for(cx, 5s);
                    EXPECT_TRUE(slept);
                    EXPECT_EQ(app.stats().connections, 0u);
                  });
    }
  }
}

}  // namespace
}  // namespace fairlead::http
