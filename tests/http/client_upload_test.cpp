// SPDX-License-Identifier: BSL-1.0
// Requests whose body is made while it is sent: what goes over the wire, answers that come early,
// and what broken, slow and silent peers lead to.
#include <fairlead/http/body_source.hpp>

#include "support/http_world.hpp"
#include "support/pieces_source.hpp"

#include <optional>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

const std::string no_content = "HTTP/1.1 204 No Content\r\n\r\n";
const std::string too_large = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";

http::request put(std::shared_ptr<body_source> body) {
  return http::request(method::put, "/x").body(std::move(body));
}

// Reads a request up to `mark`, keeps it in `seen`, answers.
script reads_until(std::string mark, std::string& seen, std::string answer = no_content) {
  return [mark, &seen, answer](context& cx, peer& p, int) -> task<void> {
    auto text = co_await p.read_until(cx, mark);
    seen += text;
    auto said = co_await p.say(cx, answer);
    static_cast<void>(said);
    auto rest = co_await p.read_all(cx);
    seen += rest;
  };
}

std::string body_of(const std::string& seen) {
  return seen.substr(seen.find("\r\n\r\n") + 4);
}

// Of 1000 bytes. Not made by +, of which g++ 12 thinks that it copies too much.
std::string long_line() {
  std::string line(1000, 'x');
  line.back() = '\n';
  return line;
}

TEST(ClientUpload, AnnouncesASizeThatIsKnown) {
  std::string seen;
  with_script(reads_until("hello world", seen), {},
              [](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.request(cx, put(sized_pieces_of("hello", " ", "", "world")));
                EXPECT_TRUE(r) << r.error().message();
                EXPECT_EQ(c.stats().idle, 1u);
              });
  EXPECT_NE(seen.find("\r\nContent-Length: 11\r\n"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(body_of(seen), "hello world");
}

TEST(ClientUpload, ChunksWhatHasNoSize) {
  std::string seen;
  with_script(reads_until("0\r\n\r\n", seen), {},
              [](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.request(cx, put(pieces_of("hello", " ", "", "world")));
                EXPECT_TRUE(r) << r.error().message();
                EXPECT_EQ(c.stats().idle, 1u);
              });
  EXPECT_NE(seen.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("Content-Length"), std::string::npos);
  EXPECT_EQ(body_of(seen), "b\r\nhello world\r\n0\r\n\r\n") << "small pieces leave together";
}

TEST(ClientUpload, AnEmptyBodyIsABodyToo) {
  std::string seen;
  with_script(reads_until("\r\n\r\n", seen), {},
              [](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.request(cx, put(sized_pieces_of()));
                EXPECT_TRUE(r);
              });
  EXPECT_NE(seen.find("Content-Length: 0\r\n"), std::string::npos);
  seen.clear();
  with_script(reads_until("0\r\n\r\n", seen), {},
              [](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.request(cx, put(pieces_of()));
                EXPECT_TRUE(r);
              });
  EXPECT_EQ(body_of(seen), "0\r\n\r\n");
}

TEST(ClientUpload, SendsTrailersAfterChunks) {
  std::string seen;
  auto source = pieces_of("abc");
  source->trailers_ = true;
  with_script(reads_until("X-Sum: 7\r\n\r\n", seen), {},
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.request(cx, put(source));
                EXPECT_TRUE(r);
              });
  EXPECT_EQ(body_of(seen), "3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n");
}

TEST(ClientUpload, LargePiecesAreChunksOfTheirOwn) {
  const std::string big(40'000, 'x');
  std::string seen;
  with_script(reads_until("0\r\n\r\n", seen), {},
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.request(cx, put(pieces_of("ab", big, "cd")));
                EXPECT_TRUE(r);
              });
  EXPECT_EQ(body_of(seen), "9c42\r\nab" + big + "\r\n2\r\ncd\r\n0\r\n\r\n");
}

TEST(ClientUpload, FlushSendsWhatWasKept) {
  std::vector<std::string> seen;
  const auto server = [&](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto first = co_await p.read_until(cx, "one\r\n");
    seen.push_back(first);
    auto rest = co_await p.read_until(cx, "0\r\n\r\n");
    seen.push_back(rest);
    auto said = co_await p.say(cx, no_content);
    EXPECT_TRUE(said);
  };
  with_script(server, {}, [&](context& cx, client& c, memory_network&) -> task<void> {
    auto source = make_body([&](context& own, body_writer& out) -> task<result<void>> {
      auto sent = co_await out.write(own, "one");
      EXPECT_TRUE(sent);
      sent = co_await out.flush(own);
      EXPECT_TRUE(sent);
      auto slept = co_await sleep_for(own, 1s);
      EXPECT_TRUE(slept);
      EXPECT_EQ(seen.size(), 1u);
      sent = co_await out.write(own, "two");
      co_return sent;
    });
    auto r = co_await c.request(cx, put(source));
    EXPECT_TRUE(r);
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"3\r\none\r\n", "3\r\ntwo\r\n0\r\n\r\n"}));
}

TEST(ClientUpload, WaitsForASlowReader) {
  auto source = sized_pieces(std::vector<std::string>(1000, long_line()));
  const auto server = [&](context& cx, peer& p, int) -> task<void> {
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    EXPECT_LE(source->written, 64u * 1024 + 32 * 1024);
    EXPECT_GE(source->written, 32u * 1024);
    auto all = co_await p.read_until(cx, "\r\n\r\n");
    for (int i = 0; i < 1000; ++i) {
      auto some = co_await p.read_until(cx, "\n");
    }
    auto said = co_await p.say(cx, no_content);
    EXPECT_TRUE(said);
  };
  with_script(server, {}, [&](context& cx, client& c, memory_network&) -> task<void> {
    auto r = co_await c.request(cx, put(source));
    EXPECT_TRUE(r) << r.error().message();
    EXPECT_EQ(source->written, 1'000'000u);
  });
}

// The server answers after the head and reads nothing more, and does not close either.
TEST(ClientUpload, AnEarlyRefusalIsTheAnswer) {
  const std::vector<std::string> many(1000, std::string(1000, 'x'));
  const std::vector<http::request> requests = {
      put(sized_pieces(many)), put(pieces(many)),
      http::request(method::put, "/x").body(std::string(1'000'000, 'x'))};
  for (const auto& one : requests) {
    const auto refuse = [](context& cx, peer& p, int) -> task<void> {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      auto said = co_await p.say(cx, too_large);
      static_cast<void>(said);
      auto slept = co_await sleep_for(cx, 1h);
      static_cast<void>(slept);
    };
    with_script(refuse, {}, [&](context& cx, client& c, memory_network&) -> task<void> {
      const auto start = cx.now();
      auto r = co_await c.request(cx, one);
      EXPECT_TRUE(r) << r.error().message();
      EXPECT_EQ(r->status(), status::payload_too_large);
      EXPECT_EQ(r->body(), "no");
      EXPECT_EQ(cx.now() - start, 0s);
      EXPECT_EQ(c.stats().connections, 0u) << "half a request went out on it";
      auto s = co_await c.stream(cx, one);
      EXPECT_TRUE(s);
      EXPECT_EQ(s->status(), status::payload_too_large);
      auto body = co_await read_all(cx, s->body(), 10);
      EXPECT_EQ(*body, "no");
    });
  }
}

TEST(ClientUpload, AGoodAnswerDoesNotStopTheBody) {
  // An echo: it answers while it reads, and more than fits on the way.
  const auto echo = [](context& cx, peer& p, int) -> task<void> {
    while (!p.ended) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      auto said = co_await p.say(cx, "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n");
      for (int i = 0; said && i < 500; ++i) {
        auto piece = co_await p.read_until(cx, "\n");
        said = co_await p.say(cx, piece);
      }
    }
  };
  const std::vector<std::string> lines(500, long_line());
  with_script(echo, {}, [&](context& cx, client& c, memory_network&) -> task<void> {
    auto r = co_await c.request(cx, put(sized_pieces(lines)));
    EXPECT_TRUE(r) << r.error().message();
    EXPECT_EQ(r->body().size(), 500'000u);
    EXPECT_EQ(c.stats().idle, 1u);
    std::string text;
    for (const auto& line : lines) {
      text += line;
    }
    auto again = co_await c.request(cx, http::request(method::put, "/x").body(text));
    EXPECT_TRUE(again) << again.error().message();
    EXPECT_TRUE(again && again->body() == text);
  });
}

TEST(ClientUpload, AStreamedAnswerThatBeganEarlyComesWhole) {
  const auto eager = [](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(cx, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    EXPECT_TRUE(said);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    for (int i = 0; i < 300; ++i) {
      auto piece = co_await p.read_until(cx, "\n");
    }
    said = co_await p.say(cx, "llo");
    auto rest = co_await p.read_all(cx);
  };
  with_script(eager, {}, [](context& cx, client& c, memory_network&) -> task<void> {
    auto r = co_await c.stream(cx, put(sized_pieces(std::vector<std::string>(300, long_line()))));
    EXPECT_TRUE(r) << r.error().message();
    auto text = co_await read_all(cx, r->body(), 10);
    EXPECT_EQ(*text, "hello");
    EXPECT_EQ(c.stats().idle, 1u);
  });
}

TEST(ClientUpload, ASourcesOwnErrorBreaksTheRequestOff) {
  std::string seen;
  const auto listen = [&](context& cx, peer& p, int) -> task<void> {
    seen = co_await p.read_all(cx);
  };
  with_script(listen, {}, [](context& cx, client& c, memory_network&) -> task<void> {
    auto source = make_body([](context& own, body_writer& out) -> task<result<void>> {
      auto sent = co_await out.write(own, "abc");
      EXPECT_TRUE(sent);
      sent = co_await out.flush(own);
      EXPECT_TRUE(sent);
      co_return fail(errors::application{"disk", "gone"});
    });
    auto r = co_await c.request(cx, put(source));
    EXPECT_FALSE(r);
    EXPECT_EQ(r.error().kind(), error_kind::application);
    EXPECT_EQ(r.error().stage(), error_stage::write);
    EXPECT_EQ(r.error().sent(), error_sent::unknown);
    EXPECT_FALSE(r.error().repeatable()) << "its source cannot be used again";
    EXPECT_EQ(c.stats().connections, 0u);
    auto heard = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(heard);
  });
  EXPECT_TRUE(seen.ends_with("3\r\nabc\r\n")) << seen;
}

TEST(ClientUpload, TheAnnouncedSizeIsKept) {
  for (const std::uint64_t announced : {5u, 7u}) {
    std::string seen;
    const auto listen = [&](context& cx, peer& p, int) -> task<void> {
      seen = co_await p.read_all(cx);
    };
    with_script(listen, {}, [&](context& cx, client& c, memory_network&) -> task<void> {
      auto source = pieces_of("abc", "def");
      source->size_ = announced;
      auto r = co_await c.request(cx, put(source));
      EXPECT_FALSE(r);
      EXPECT_EQ(r.error().kind(),
                announced == 5 ? error_kind::too_large : error_kind::invalid_argument)
          << r.error().message();
      EXPECT_EQ(c.stats().connections, 0u);
      auto heard = co_await sleep_for(cx, 1s);
      EXPECT_TRUE(heard);
    });
    EXPECT_LT(body_of(seen).size(), announced);
  }
}

// The first connection takes one exchange and then closes at the moment of use.
script fickle(std::string& seen) {
  return [&seen](context& cx, peer& p, int n) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    if (n == 0) {
      auto said = co_await p.say(cx, no_content);
      static_cast<void>(said);
      head = co_await p.read_until(cx, "\r\n\r\n");
      p.close();
      co_return;
    }
    auto body = co_await p.read_until(cx, "0\r\n\r\n");
    seen = body;
    auto said = co_await p.say(cx, no_content);
    static_cast<void>(said);
  };
}

TEST(ClientUpload, OnlyARepeatableSourceIsSentTwice) {
  for (const bool repeatable : {true, false}) {
    std::string seen;
    with_script(fickle(seen), {}, [&](context& cx, client& c, memory_network& net) -> task<void> {
      auto first = co_await c.request(cx, http::request(method::get, "/x"));
      EXPECT_TRUE(first);
      auto source = pieces_of("abc");
      source->repeatable_ = repeatable;
      auto r = co_await c.request(cx, put(source));
      EXPECT_EQ(r.has_value(), repeatable);
      EXPECT_EQ(source->runs, repeatable ? 2 : 1);
      EXPECT_EQ(net.connects, repeatable ? 2 : 1);
      EXPECT_EQ(seen, repeatable ? "3\r\nabc\r\n0\r\n\r\n" : "");
    });
  }
}

TEST(ClientUpload, ASlowSourceIsHeldToTheLimit) {
  const auto listen = [](context& cx, peer& p, int) -> task<void> {
    auto all = co_await p.read_all(cx);
  };
  with_script(listen, client_options().timeout(2s),
              [](context& cx, client& c, memory_network&) -> task<void> {
                auto source = make_body([](context& own, body_writer&) -> task<result<void>> {
                  auto slept = co_await sleep_for(own, 1h);
                  co_return slept;
                });
                const auto start = cx.now();
                auto r = co_await c.request(cx, put(source));
                EXPECT_FALSE(r);
                EXPECT_EQ(cx.now() - start, 2s);
              });
}

TEST(ClientUpload, ASilentReaderIsHeldToTheLimit) {
  const auto deaf = [](context& cx, peer&, int) -> task<void> {
    auto slept = co_await sleep_for(cx, 1h);
    static_cast<void>(slept);
  };
  const std::vector<std::string> many(1000, std::string(1000, 'x'));
  for (const auto& source : {pieces(many), sized_pieces(many)}) {
    with_script(deaf, client_options().timeout(2s),
                [&](context& cx, client& c, memory_network&) -> task<void> {
                  const auto start = cx.now();
                  auto r = co_await c.request(cx, put(source));
                  EXPECT_FALSE(r);
                  EXPECT_EQ(r.error().kind(), error_kind::timeout) << r.error().message();
                  EXPECT_EQ(r.error().stage(), error_stage::write);
                  EXPECT_EQ(cx.now() - start, 2s);
                  EXPECT_EQ(c.stats().connections, 0u);
                });
  }
}

TEST(ClientUpload, ACancelEndsItAtOnce) {
  const auto deaf = [](context& cx, peer&, int) -> task<void> {
    auto slept = co_await sleep_for(cx, 1h);
    static_cast<void>(slept);
  };
  with_script(deaf, {}, [](context& cx, client& c, memory_network&) -> task<void> {
    cancel_scope scope(cx);
    task_scope beside(cx);
    beside.spawn([&](context& own) -> task<void> {
      auto slept = co_await sleep_for(own, 1s);
      static_cast<void>(slept);
      scope.cancel();
    });
    auto source = pieces(std::vector<std::string>(1000, std::string(1000, 'x')));
    auto r = co_await c.request(scope, put(source));
    EXPECT_FALSE(r);
    EXPECT_EQ(r.error().kind(), error_kind::cancelled);
    EXPECT_EQ(c.stats().connections, 0u);
    auto joined = co_await beside.join();
    EXPECT_TRUE(joined);
  });
}

// A connection that breaks at every attempt of an upload; each ends with its kind, never hangs.
TEST(ClientUpload, BrokenAtEveryAttempt) {
  int succeeded = 0;
  for (std::uint64_t n = 1; n < 60; ++n) {
    std::string seen;
    with_script(
        reads_until("0\r\n\r\n", seen), {},
        [&](context& cx, client& c, memory_network&) -> task<void> {
          auto r = co_await c.request(cx, put(pieces_of("hello", std::string(20'000, 'x'), "w")));
          if (r) {
            ++succeeded;
          } else {
            EXPECT_EQ(r.error().kind(), error_kind::connection_reset) << r.error().message();
            EXPECT_EQ(r.error().get<errors::connection_reset>()->url, "http://shop/x");
            EXPECT_EQ(c.stats().connections, 0u);
          }
        },
        [&](memory_network& net) {
          net.client_side =
              net::memory_side().max_write(1000).fail_attempt(n, errors::connection_reset{"p"});
        });
  }
  EXPECT_GT(succeeded, 5);
  EXPECT_LT(succeeded, 55);
}

// A server that closes after it has read so many bytes.
TEST(ClientUpload, ClosedAfterEveryByteOfTheBody) {
  const std::string body = "5\r\nhello\r\n";
  for (std::size_t n = 0; n < body.size(); ++n) {
    const auto closes = [&](context& cx, peer& p, int) -> task<void> {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      for (std::size_t i = 0; i < n; ++i) {
        auto one = co_await p.read_until(cx, body.substr(i, 1));
      }
      p.close();
    };
    with_script(closes, {}, [&](context& cx, client& c, memory_network&) -> task<void> {
      auto source = make_body([](context& own, body_writer& out) -> task<result<void>> {
        for (;;) {
          auto sent = co_await out.write(own, "hello");
          if (sent) {
            sent = co_await out.flush(own);
          }
          if (!sent) {
            co_return sent;
          }
          auto slept = co_await sleep_for(own, 1ms);
          if (!slept) {
            co_return slept;
          }
        }
      });
      auto r = co_await c.request(cx, put(source));
      EXPECT_FALSE(r);
      EXPECT_TRUE(r.error().kind() == error_kind::connection_closed ||
                  r.error().kind() == error_kind::connection_reset)
          << r.error().message();
      EXPECT_EQ(c.stats().connections, 0u);
    });
  }
}

// It had what it wanted to say at hand, and reads on: what it takes must be all there is.
TEST(ClientUpload, AGoodAnswerThatIsWholeDoesNotStopTheBodyEither) {
  const std::vector<std::string> lines(300, long_line());
  const std::vector<http::request> requests = {
      put(sized_pieces(lines)), put(pieces(lines)),
      http::request(method::put, "/x").body(std::string(300'000, 'x') + "\n")};
  for (const auto& one : requests) {
    std::string seen;
    const auto eager = [&](context& cx, peer& p, int) -> task<void> {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      auto said = co_await p.say(cx, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok");
      EXPECT_TRUE(said);
      auto slept = co_await sleep_for(cx, 1s);
      EXPECT_TRUE(slept);
      seen = co_await p.read_all(cx);
    };
    with_script(eager, {}, [&](context& cx, client& c, memory_network&) -> task<void> {
      auto r = co_await c.request(cx, one);
      EXPECT_TRUE(r) << r.error().message();
      EXPECT_EQ(r->status(), status::accepted);
      EXPECT_EQ(r->body(), "ok");
      EXPECT_EQ(c.stats().idle, 1u);
      auto slept = co_await sleep_for(cx, 1s);  // until all has been read
      EXPECT_TRUE(slept);
    });
    EXPECT_GE(seen.size(), 300'000u);
  }
}

// Who says that the connection ends reads no more of it.
TEST(ClientUpload, AGoodAnswerThatClosesStopsTheBody) {
  const auto closing = [](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said =
        co_await p.say(cx, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_TRUE(said);
    auto slept = co_await sleep_for(cx, 1h);
    static_cast<void>(slept);
  };
  with_script(closing, {}, [](context& cx, client& c, memory_network&) -> task<void> {
    const auto start = cx.now();
    auto r = co_await c.request(cx, put(pieces(std::vector<std::string>(300, long_line()))));
    EXPECT_TRUE(r) << r.error().message();
    EXPECT_EQ(cx.now() - start, 0s);
    EXPECT_EQ(c.stats().connections, 0u);
  });
}

TEST(ClientUpload, AGoodAnswerCountsThoughTheServerLeavesAfterIt) {
  const auto leaving = [](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(cx, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_TRUE(said);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    p.close();
  };
  with_script(leaving, {}, [](context& cx, client& c, memory_network&) -> task<void> {
    auto r = co_await c.request(cx, put(pieces(std::vector<std::string>(300, long_line()))));
    EXPECT_TRUE(r) << r.error().message();
    EXPECT_TRUE(r && r->body() == "ok");
    EXPECT_EQ(c.stats().connections, 0u);
  });
}

TEST(ClientUpload, BrokenAtEveryAttemptAfterAGoodAnswer) {
  const std::vector<std::string> lines(100, long_line());
  int succeeded = 0;
  for (std::uint64_t n = 1; n < 60; ++n) {
    const auto eager = [](context& cx, peer& p, int) -> task<void> {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      auto said = co_await p.say(cx, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok");
      auto rest = co_await p.read_all(cx);
      EXPECT_TRUE(said || rest.size() < 200'000);
    };
    with_script(
        eager, {},
        [&](context& cx, client& c, memory_network&) -> task<void> {
          const auto start = cx.now();
          auto r = co_await c.request(cx, put(pieces(lines)));
          EXPECT_EQ(cx.now() - start, 0s);
          if (r) {
            ++succeeded;
            EXPECT_EQ(r->body(), "ok");
          } else {
            EXPECT_EQ(r.error().kind(), error_kind::connection_reset) << r.error().message();
          }
        },
        [&](memory_network& net) {
          net.client_side =
              net::memory_side().max_write(4000).fail_attempt(n, errors::connection_reset{"p"});
        });
  }
  EXPECT_GT(succeeded, 5) << "an answer that has come counts";
}

TEST(ClientUpload, TrailersThatFrameAreRefused) {
  for (const std::string name : {"Content-Length", "Transfer-Encoding"}) {
    std::string seen;
    with_script(
        reads_until("hello", seen), {}, [&](context& cx, client& c, memory_network&) -> task<void> {
          auto source = make_body([&](context& own, body_writer& out) -> task<result<void>> {
            auto sent = co_await out.write(own, "hello");
            out.trailer(name, "0");
            co_return sent;
          });
          auto r = co_await c.request(cx, put(source));
          EXPECT_FALSE(r);
          EXPECT_EQ(r.error().kind(), error_kind::invalid_argument);
        });
    EXPECT_EQ(seen.find(name + ": 0"), std::string::npos) << seen;
  }
}

}  // namespace
}  // namespace fairlead::http
