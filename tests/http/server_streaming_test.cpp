// SPDX-License-Identifier: BSL-1.0
// Answers that are made while they are sent, in virtual time.
#include "support/server_answers.hpp"

#include <fairlead/core/event.hpp>

#include <stdexcept>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

// Writes `pieces`, each flushed.
std::shared_ptr<body_source> in_pieces(std::vector<std::string> pieces,
                                       std::optional<std::uint64_t> size = {}) {
  return make_body(
      [pieces](context& cx, body_writer& out) -> task<result<void>> {
        for (const auto& piece : pieces) {
          auto sent = co_await out.write(cx, piece);
          if (sent) {
            sent = co_await out.flush(cx);
          }
          if (!sent) {
            co_return sent;
          }
        }
        co_return result<void>();
      },
      size);
}

router one_route(std::function<std::shared_ptr<body_source>()> make) {
  router r;
  r.get("/x", [make](context&, const request& q) -> result<response> {
    return q.reply().body(make(), "text/plain");
  });
  r.get("/next", [](context&) -> result<std::string> { return "next"; });
  return r;
}

const std::string closing = "Connection: close\r\n";

TEST(ServerStreaming, IsChunkedWhenTheLengthIsUnknown) {
  const auto answer = answer_to(one_route([] { return in_pieces({"hello, ", "", "world"}); }),
                                ask("GET", "/x", closing));
  EXPECT_EQ(answer, "HTTP/1.1 200 OK\r\n" + today +
                        "Content-Type: text/plain\r\nConnection: close\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n"
                        "7\r\nhello, \r\n5\r\nworld\r\n0\r\n\r\n");
}

TEST(ServerStreaming, HasALengthWhenItIsKnown) {
  const auto answer =
      answer_to(one_route([] { return in_pieces({"hello, ", "world"}, 12); }), ask("GET", "/x"));
  EXPECT_EQ(header_of(answer, "Content-Length"), "12");
  EXPECT_EQ(header_of(answer, "Transfer-Encoding"), "-");
  EXPECT_EQ(body_of(answer), "hello, world");
}

TEST(ServerStreaming, GathersSmallPieces) {
  const auto answer =
      answer_to(one_route([] {
                  return make_body([](context& cx, body_writer& out) -> task<result<void>> {
                    for (int i = 0; i < 100; ++i) {
                      auto sent = co_await out.write(cx, "0123456789");
                      if (!sent) {
                        co_return sent;
                      }
                    }
                    co_return result<void>();
                  });
                }),
                ask("GET", "/x"));
  EXPECT_TRUE(body_of(answer).starts_with("3e8\r\n0123456789")) << answer;
}

TEST(ServerStreaming, KeepsTheConnection) {
  const auto answer = answer_to(one_route([] { return in_pieces({"a"}); }),
                                ask("GET", "/x") + ask("GET", "/x") + ask("GET", "/next"));
  EXPECT_EQ(std::string_view(answer).substr(answer.size() - 4), "next");
  const auto first = answer.find("1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK");
  EXPECT_NE(first, std::string::npos) << answer;
}

TEST(ServerStreaming, EndsWithTheConnectionForAnOldClient) {
  const auto answer = answer_to(one_route([] { return in_pieces({"hello"}); }),
                                "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(header_of(answer, "Transfer-Encoding"), "-");
  EXPECT_EQ(header_of(answer, "Connection"), "close");
  EXPECT_EQ(body_of(answer), "hello");
  const auto sized = answer_to(one_route([] { return in_pieces({"hello"}, 5); }),
                               "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(header_of(sized, "Connection"), "keep-alive");
  EXPECT_EQ(header_of(sized, "Content-Length"), "5");
}

TEST(ServerStreaming, HeadSaysTheSameAndRunsNothing) {
  int made = 0;
  int run = 0;
  for (const auto size : {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(7)}) {
    const auto answer = answer_to(one_route([&] {
                                    ++made;
                                    return make_body(
                                        [&](context&, body_writer&) -> task<result<void>> {
                                          ++run;
                                          co_return result<void>();
                                        },
                                        size);
                                  }),
                                  ask("HEAD", "/x") + ask("GET", "/next"));
    EXPECT_EQ(header_of(answer, size ? "Content-Length" : "Transfer-Encoding"),
              size ? "7" : "chunked");
    EXPECT_TRUE(body_of(answer).starts_with("HTTP/1.1 200 OK")) << answer;
  }
  EXPECT_EQ(made, 2);
  EXPECT_EQ(run, 0);
}

TEST(ServerStreaming, TrailersFollowTheBody) {
  const auto source = [] {
    return make_body([](context& cx, body_writer& out) -> task<result<void>> {
      auto sent = co_await out.write(cx, "abc");
      out.trailer("X-Sum", "6");
      co_return sent;
    });
  };
  EXPECT_EQ(body_of(answer_to(one_route(source), ask("GET", "/x"))),
            "3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n");
  EXPECT_EQ(body_of(answer_to(one_route(source), "GET /x HTTP/1.0\r\n\r\n")), "abc");
}

TEST(ServerStreaming, WrongTrailersBreakTheAnswerOff) {
  for (const auto* name : {"X\r\nEvil", "Content-Length", "Transfer-Encoding"}) {
    std::string heard;
    auto options =
        server_options().on_failure([&](const request&, std::string_view what) { heard = what; });
    const auto answer =
        answer_to(one_route([name] {
                    return make_body([name](context& cx, body_writer& out) -> task<result<void>> {
                      auto sent = co_await out.write(cx, "abc");
                      sent = co_await out.flush(cx);
                      out.trailer(name, "1");
                      co_return sent;
                    });
                  }),
                  ask("GET", "/x"), options);
    EXPECT_EQ(body_of(answer), "3\r\nabc\r\n") << name;
    EXPECT_NE(heard, "") << name;
  }
}

TEST(ServerStreaming, AFailureBeforeTheFirstByteIsAnsweredAsAHandlers) {
  for (const bool throws : {false, true}) {
    std::string heard;
    auto options =
        server_options().on_failure([&](const request&, std::string_view what) { heard = what; });
    const auto answer =
        answer_to(one_route([throws] {
                    return make_body([throws](context& cx, body_writer& out) -> task<result<void>> {
                      auto kept = co_await out.write(cx, "KEPT");
                      EXPECT_TRUE(kept);
                      if (throws) {
                        throw std::runtime_error("the disk is gone");
                      }
                      co_return fail(errors::unavailable{"disk", "it is gone", std::nullopt});
                    });
                  }),
                  ask("GET", "/x") + ask("GET", "/next"), options);
    EXPECT_TRUE(answer.starts_with(throws ? "HTTP/1.1 500 " : "HTTP/1.1 503 ")) << answer;
    EXPECT_EQ(answer.find("KEPT"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("next")) << answer;
    EXPECT_NE(heard.find("gone"), std::string::npos) << heard;
  }
}

TEST(ServerStreaming, ALaterFailureIsNoticed) {
  for (const bool throws : {false, true}) {
    std::string heard;
    auto options =
        server_options().on_failure([&](const request&, std::string_view what) { heard = what; });
    const auto source = [throws](std::optional<std::uint64_t> size) {
      return [throws, size] {
        return make_body(
            [throws](context& cx, body_writer& out) -> task<result<void>> {
              auto sent = co_await out.write(cx, "some");
              sent = co_await out.flush(cx);
              EXPECT_TRUE(sent);
              if (throws) {
                throw std::runtime_error("the disk is gone");
              }
              co_return fail(errors::unavailable{"disk", "it is gone", std::nullopt});
            },
            size);
      };
    };
    auto answer = answer_to(one_route(source({})), ask("GET", "/x") + ask("GET", "/next"), options);
    EXPECT_EQ(body_of(answer), "4\r\nsome\r\n") << "no last chunk, and nothing after it";
    EXPECT_NE(heard.find("gone"), std::string::npos) << heard;
    answer = answer_to(one_route(source(9)), ask("GET", "/x") + ask("GET", "/next"), options);
    EXPECT_EQ(header_of(answer, "Content-Length"), "9");
    EXPECT_EQ(body_of(answer), "some");
  }
}

// Where the end of the connection is the end of the body, an orderly end would be a lie.
TEST(ServerStreaming, AnOldClientSeesAFailureAsAReset) {
  with_server(one_route([] {
                return make_body([](context& cx, body_writer& out) -> task<result<void>> {
                  auto sent = co_await out.write(cx, "some");
                  sent = co_await out.flush(cx);
                  co_return fail(errors::unavailable{"disk", "it is gone", std::nullopt});
                });
              }),
              {}, [](context& cx, server&, memory_network& net) -> task<void> {
                auto s = co_await net.connect(cx, net::endpoint::loopback(80));
                auto said = co_await net::write_all(cx, **s, "GET /x HTTP/1.0\r\n\r\n");
                EXPECT_TRUE(said);
                std::array<std::byte, 4096> some;
                auto n = co_await net::read_some(cx, **s, some);
                EXPECT_GT(*n, 0u);
                n = co_await net::read_some(cx, **s, some);
                EXPECT_EQ(n.error().kind(), error_kind::connection_reset);
              });
}

TEST(ServerStreaming, TheLengthIsKept) {
  std::string heard;
  auto options =
      server_options().on_failure([&](const request&, std::string_view what) { heard = what; });
  auto answer =
      answer_to(one_route([] { return in_pieces({"abc", "def"}, 5); }), ask("GET", "/x"), options);
  EXPECT_EQ(body_of(answer), "abc");
  EXPECT_NE(heard.find("more than it announced"), std::string::npos) << heard;
  answer = answer_to(one_route([] { return in_pieces({"abc"}, 5); }), ask("GET", "/x"), options);
  EXPECT_EQ(body_of(answer), "abc");
  EXPECT_NE(heard.find("2 bytes less than it announced"), std::string::npos) << heard;
}

TEST(ServerStreaming, ARefusedHeaderIsA500AsEver) {
  router r;
  r.get("/x", [](context&) -> result<response> {
    return response().body(in_pieces({"a"})).header("Transfer-Encoding", "gzip");
  });
  EXPECT_TRUE(answer_to(std::move(r), ask("GET", "/x")).starts_with("HTTP/1.1 500 "));
}

TEST(ServerStreaming, AStatusWithoutBodyHasNone) {
  router r;
  r.get("/x", [](context&) -> result<response> {
    return response(status::no_content).body(in_pieces({"a"}));
  });
  const auto answer = answer_to(std::move(r), ask("GET", "/x"));
  EXPECT_EQ(answer, "HTTP/1.1 204 No Content\r\n" + today + "\r\n");
}

TEST(ServerStreaming, ASlowClientSlowsTheSource) {
  std::size_t written = 0;
  with_server(one_route([&] {
                return make_body([&](context& cx, body_writer& out) -> task<result<void>> {
                  const std::string piece(10'000, 'x');
                  for (int i = 0; i < 100; ++i) {
                    auto sent = co_await out.write(cx, piece);
                    if (!sent) {
                      co_return sent;
                    }
                    written += piece.size();
                  }
                  co_return result<void>();
                });
              }),
              {}, [&](context& cx, server&, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, ask("GET", "/x", closing));
                auto slept = co_await sleep_for(cx, 5s);
                EXPECT_TRUE(said && slept);
                EXPECT_GT(written, 0u);
                EXPECT_LE(written, 70'000u) << "what the network holds";
                auto all = co_await p->read_all(cx);
                EXPECT_EQ(written, 1'000'000u);
                EXPECT_GT(all.size(), 1'000'000u);
                EXPECT_TRUE(all.ends_with("\r\n0\r\n\r\n"));
              });
}

// The limit starts anew with every byte that the client takes.
TEST(ServerStreaming, AStalledClientIsGivenUp) {
  std::optional<error> seen;
  with_server(one_route([&] {
                return make_body([&](context& cx, body_writer& out) -> task<result<void>> {
                  const std::string piece(100'000, 'x');
                  for (;;) {
                    auto sent = co_await out.write(cx, piece);
                    if (!sent) {
                      seen = sent.error();
                      co_return sent;
                    }
                  }
                });
              }),
              server_options().write_timeout(10s),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, ask("GET", "/x"));
                EXPECT_TRUE(said);
                for (int i = 0; i < 10; ++i) {
                  auto slept = co_await sleep_for(cx, 9s);
                  EXPECT_TRUE(slept);
                  auto some = co_await p->read_until(cx, std::string(5000, 'x'));
                  EXPECT_FALSE(p->ended);
                }
                EXPECT_FALSE(seen);
                auto slept = co_await sleep_for(cx, 11s);
                EXPECT_TRUE(slept);
                EXPECT_EQ(seen->kind(), error_kind::timeout);
                EXPECT_EQ(seen->stage(), error_stage::write);
                EXPECT_EQ(app.stats().connections, 0u);
              });
}

TEST(ServerStreaming, AClientThatLeavesCancelsTheSource) {
  for (const bool quiet : {true, false}) {
    bool cancelled = false;
    int failures = 0;
    with_server(one_route([&] {
                  return make_body([&](context& cx, body_writer& out) -> task<result<void>> {
                    auto sent = co_await out.write(cx, "begun");
                    sent = co_await out.flush(cx);
                    while (sent) {
                      sent = co_await sleep_for(cx, quiet ? 1h : 100ms);
                      if (sent) {
                        sent = co_await out.write(cx, std::string(5000, 'x'));
                      }
                    }
                    cancelled = cx.cancelled();
                    co_return sent;
                  });
                }),
                server_options().on_failure([&](const request&, std::string_view) { ++failures; }),
                [&](context& cx, server& app, memory_network& net) -> task<void> {
                  auto p = co_await dial(cx, net);
                  auto said = co_await p->say(cx, ask("GET", "/x"));
                  auto text = co_await p->read_until(cx, "begun");
                  auto slept = co_await sleep_for(cx, 1s);
                  EXPECT_TRUE(said && slept);
                  p->close();
                  slept = co_await sleep_for(cx, 1ms);
                  EXPECT_TRUE(slept);
                  EXPECT_TRUE(cancelled);
                  EXPECT_EQ(app.stats().connections, 0u);
                });
    EXPECT_EQ(failures, 0) << "that the client left is no fault of the service";
  }
}

TEST(ServerStreaming, TheHandlersLimitIsNotTheSources) {
  const auto slow = [] {
    return make_body([](context& cx, body_writer& out) -> task<result<void>> {
      auto slept = co_await sleep_for(cx, 10min);
      if (!slept) {
        co_return slept;
      }
      auto sent = co_await out.write(cx, "late");
      co_return sent;
    });
  };
  with_server(one_route(slow), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, ask("GET", "/x"));
    auto text = co_await p->read_until(cx, "0\r\n\r\n");
    EXPECT_TRUE(said);
    EXPECT_EQ(body_of(text), "4\r\nlate\r\n0\r\n\r\n");
  });
}

TEST(ServerStreaming, ADrainWaitsForTheBodyThenCancelsIt) {
  for (const auto takes : {3s, 1000s}) {
    bool cancelled = false;
    with_server(one_route([&] {
                  return make_body([&](context& cx, body_writer& out) -> task<result<void>> {
                    auto sent = co_await out.write(cx, "a");
                    sent = co_await out.flush(cx);
                    sent = co_await sleep_for(cx, takes);
                    cancelled = !sent;
                    if (sent) {
                      sent = co_await out.write(cx, "b");
                    }
                    co_return sent;
                  });
                }),
                {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
                  auto p = co_await dial(cx, net);
                  auto said = co_await p->say(cx, ask("GET", "/x"));
                  auto text = co_await p->read_until(cx, "a\r\n");
                  EXPECT_TRUE(said);
                  auto drained = co_await app.drain(cx, 5s);
                  EXPECT_EQ(drained.has_value(), takes == 3s);
                  text = co_await p->read_all(cx);
                  EXPECT_EQ(text, takes == 3s ? "1\r\nb\r\n0\r\n\r\n" : "");
                });
    EXPECT_EQ(cancelled, takes != 3s);
  }
}

TEST(ServerStreaming, TheRequestLivesUntilTheBodyIsOut) {
  router r;
  r.post("/x", [](context&, const request& q) -> result<response> {
    return q.reply().body(make_body([&q](context& cx, body_writer& out) -> task<result<void>> {
      auto slept = co_await sleep_for(cx, 1s);
      auto sent = co_await out.write(cx, q.body() + std::string(q.path()));
      co_return sent;
    }));
  });
  with_server(std::move(r), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    const std::string body(20'000, 'b');
    auto said = co_await p->say(cx, ask("POST", "/x", {}, body));
    auto text = co_await p->read_until(cx, "0\r\n\r\n");
    EXPECT_TRUE(said);
    EXPECT_EQ(body_of(text), "4e22\r\n" + body + "/x\r\n0\r\n\r\n");
  });
}

// Cut, stalled or dripping at every byte: the exchange ends, and the next one is not affected.
TEST(ServerStreaming, SurvivesAClientThatBreaksAnywhere) {
  const auto routes = [] { return one_route([] { return in_pieces({"abc", "defg"}); }); };
  const auto text = ask("GET", "/x", closing);
  const auto whole = answer_to(routes(), text);
  for (std::size_t at = 1; at < whole.size(); ++at) {
    for (const bool resets : {false, true}) {
      with_server(routes(), server_options().write_timeout(1s),
                  [&](context& cx, server& app, memory_network& net) -> task<void> {
                    net.server_side = resets ? net::memory_side().reset_after_writing(at)
                                             : net::memory_side().close_after_writing(at);
                    auto got = co_await exchange_raw(cx, net, text);
                    EXPECT_TRUE(whole.starts_with(got));
                    EXPECT_LE(got.size(), at);
                    net.server_side = net::memory_side().max_write(1);
                    got = co_await exchange_raw(cx, net, text);
                    EXPECT_EQ(got, whole);
                    auto slept = co_await sleep_for(cx, 3s);
                    EXPECT_TRUE(slept);
                    EXPECT_EQ(app.stats().connections, 0u);
                  });
    }
  }
}

}  // namespace
}  // namespace fairlead::http
