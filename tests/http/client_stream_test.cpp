// SPDX-License-Identifier: BSL-1.0
// Responses that are read while they arrive: what comes, when the connection is free again, and
// what broken, slow and endless peers lead to.
#include "support/http_world.hpp"

#include <limits>
#include <optional>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

const std::string plain = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-A: b\r\n\r\nhello world";
const std::string chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "6\r\nhello \r\n5\r\nworld\r\n0\r\nX-Sum: 42\r\n\r\n";
const std::string to_the_end = "HTTP/1.1 200 OK\r\n\r\nhello world";

http::request get(std::string target = "/x") {
  return http::request(method::get, std::move(target));
}

struct outcome {
  std::optional<error> failure;
  bool opened = false;
  std::string text;
  duration took{};
  client_stats after;
};

// Opens "/x" and reads it to the end.
outcome stream_from(script s, client_options options = {}, stream_options how = {},
                    std::function<void(memory_network&)> prepare = {}) {
  outcome out;
  with_script(
      std::move(s), options,
      [&](context& cx, client& c, memory_network&) -> task<void> {
        const auto start = cx.now();
        {
          auto r = co_await c.stream(cx, get(), how);
          out.opened = r.has_value();
          if (r) {
            for (;;) {
              auto piece = co_await r->read(cx);
              if (!piece) {
                out.failure = piece.error();
                auto again = co_await r->read(cx);
                EXPECT_FALSE(again) << "the same error when asked again";
                break;
              }
              if (!*piece) {
                break;
              }
              EXPECT_FALSE((*piece)->empty());
              out.text += **piece;
            }
          } else {
            out.failure = r.error();
          }
        }
        out.took = cx.now() - start;
        out.after = c.stats();
      },
      std::move(prepare));
  return out;
}

TEST(ClientStream, GivesTheHeadThenTheBody) {
  with_script(always(plain), {}, [](context& cx, client& c, memory_network& net) -> task<void> {
    for (int i = 0; i < 3; ++i) {
      auto r = co_await c.stream(cx, get());
      EXPECT_TRUE(r);
      EXPECT_EQ(r->status(), status::ok);
      EXPECT_EQ(r->headers().get("X-A"), "b");
      EXPECT_EQ(r->announced(), 11u);
      auto all = co_await read_all(cx, r->body(), 100);
      EXPECT_TRUE(all);
      EXPECT_EQ(*all, "hello world");
      EXPECT_EQ(c.stats().idle, 1u) << "free once the last byte is in, before the object goes";
      auto more = co_await r->read(cx);
      EXPECT_TRUE(more && !*more);
    }
    EXPECT_EQ(net.connects, 1);
  });
}

TEST(ClientStream, TellsTrailersAtTheEnd) {
  with_script(always(chunked), {}, [](context& cx, client& c, memory_network&) -> task<void> {
    auto r = co_await c.stream(cx, get());
    EXPECT_TRUE(r);
    EXPECT_FALSE(r->announced());
    auto all = co_await read_all(cx, r->body(), 100);
    EXPECT_EQ(*all, "hello world");
    EXPECT_EQ(r->trailers().get("X-Sum"), "42");
    EXPECT_EQ(c.stats().idle, 1u);
  });
}

TEST(ClientStream, TheHeadIsThereBeforeTheBody) {
  const auto slow = [](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(cx, plain.substr(0, plain.size() - 11));
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    said = co_await p.say(cx, "hello world");
    EXPECT_TRUE(said);
    auto rest = co_await p.read_all(cx);
  };
  with_script(slow, {}, [](context& cx, client& c, memory_network&) -> task<void> {
    const auto start = cx.now();
    auto r = co_await c.stream(cx, get());
    EXPECT_TRUE(r);
    EXPECT_EQ(cx.now() - start, 0s);
    auto piece = co_await r->read(cx);
    EXPECT_EQ(cx.now() - start, 1s);
    EXPECT_EQ(**piece, "hello world");
  });
}

TEST(ClientStream, EveryStatusIsAValue) {
  const auto o = stream_from(always("HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nabc"));
  EXPECT_FALSE(o.failure);
  EXPECT_EQ(o.text, "abc");
}

TEST(ClientStream, ABodylessAnswerFreesItsConnectionAtOnce) {
  for (const std::string text :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"}) {
    with_script(always(text), {}, [](context& cx, client& c, memory_network&) -> task<void> {
      auto r = co_await c.stream(cx, get());
      EXPECT_TRUE(r);
      EXPECT_EQ(c.stats().idle, 1u);
      EXPECT_EQ(r->announced(), 0u);
      auto piece = co_await r->read(cx);
      EXPECT_TRUE(piece && !*piece);
    });
  }
}

TEST(ClientStream, HeadHasNoBody) {
  with_script(always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), {},
              [](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.stream(cx, http::request(method::head, "/x"));
                EXPECT_TRUE(r);
                EXPECT_EQ(c.stats().idle, 1u);
                auto piece = co_await r->read(cx);
                EXPECT_TRUE(piece && !*piece);
              });
}

TEST(ClientStream, ABodyMayEndWithTheConnection) {
  const auto o = stream_from(once(to_the_end));
  EXPECT_FALSE(o.failure);
  EXPECT_EQ(o.text, "hello world");
  EXPECT_EQ(o.after.connections, 0u);
}

TEST(ClientStream, IsNotHeldToTheLimitForWholeBodies) {
  const std::string big(200'000, 'x');
  const auto text = "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + big;
  const auto o = stream_from(always(text), client_options().max_body(1000));
  EXPECT_FALSE(o.failure);
  EXPECT_EQ(o.text, big);
}

TEST(ClientStream, ItsOwnLimitCountsAllThatCame) {
  const std::string ten = "a\r\n0123456789\r\n";
  std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 10; ++i) {
    text += ten;
  }
  text += "0\r\n\r\n";
  const auto slow_reads = [](memory_network& net) {
    net.client_side = net::memory_side().max_read(7);
  };
  auto o = stream_from(always(text), {}, {.max_body = 100}, slow_reads);
  EXPECT_FALSE(o.failure) << o.failure->message();
  EXPECT_EQ(o.text.size(), 100u);
  o = stream_from(always(text), {}, {.max_body = 99}, slow_reads);
  ASSERT_TRUE(o.failure);
  EXPECT_EQ(o.failure->kind(), error_kind::too_large);
  EXPECT_EQ(o.failure->stage(), error_stage::body);
  EXPECT_EQ(o.after.connections, 0u);
}

// The peer feels it when nobody reads: of an endless body only what fits on the way is written.
TEST(ClientStream, NothingIsReadAhead) {
  std::size_t written = 0;
  const auto endless = [&](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(cx, "HTTP/1.1 200 OK\r\n\r\n");
    const std::string kilobyte(1024, 'x');
    while (said) {
      said = co_await p.say(cx, kilobyte);
      written += said ? 1024 : 0;
    }
  };
  with_script(
      endless, {},
      [&](context& cx, client& c, memory_network&) -> task<void> {
        auto r = co_await c.stream(cx, get(), {.timeout = duration::max()});
        EXPECT_TRUE(r);
        auto slept = co_await sleep_for(cx, 1h);
        EXPECT_TRUE(slept);
        EXPECT_LE(written, 4096u + 16 * 1024u + 1024u);
        std::size_t seen = 0;
        while (seen < 1'000'000) {
          auto piece = co_await r->read(cx);
          EXPECT_TRUE(piece && *piece);
          EXPECT_LE((*piece)->size(), 32 * 1024u);
          seen += (*piece)->size();
          EXPECT_LE(written, seen + 4096u + 32 * 1024u + 1024u);
        }
      },
      [](memory_network& net) { net.client_side = net::memory_side().capacity(4096); });
}

TEST(ClientStream, DroppedEarlyItClosesTheConnection) {
  with_script(stall_after(plain.substr(0, plain.size() - 3)), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                {
                  auto r = co_await c.stream(cx, get());
                  EXPECT_TRUE(r);
                  EXPECT_EQ(c.stats().connections, 1u);
                }
                EXPECT_EQ(c.stats().connections, 0u);
                auto r = co_await c.stream(cx, get());
                EXPECT_EQ(net.connects, 2);
              });
}

TEST(ClientStream, ASmallRestIsDrained) {
  for (const std::size_t size : {10u, 60'000u, 200'000u}) {
    const auto text = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
                      std::string(size, 'x');
    with_script(
        always(text), {},
        [&](context& cx, client& c, memory_network&) -> task<void> {
          {
            auto r = co_await c.stream(cx, get());
            EXPECT_TRUE(r);
            auto slept = co_await sleep_for(cx, 1s);
            EXPECT_TRUE(slept);
          }
          EXPECT_EQ(c.stats().idle, size < 70'000 ? 1u : 0u) << size;
          EXPECT_EQ(c.stats().connections, size < 70'000 ? 1u : 0u) << size;
        },
        [](memory_network& net) { net.client_side = net::memory_side().capacity(1 << 20); });
  }
}

class CutStream : public ::testing::TestWithParam<std::string> {};

TEST_P(CutStream, ClosedAfterEveryByte) {
  const auto& text = GetParam();
  const auto head = text.find("\r\n\r\n") + 4;
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto o = stream_from(once(text.substr(0, n)));
    ASSERT_TRUE(o.failure) << "after " << n;
    EXPECT_EQ(o.opened, n >= head) << n;
    EXPECT_EQ(o.failure->kind(), error_kind::connection_closed) << o.failure->message();
    EXPECT_EQ(o.failure->stage(), n < head ? error_stage::head : error_stage::body);
    EXPECT_EQ(o.failure->get<errors::connection_closed>()->url, "http://shop/x");
    EXPECT_EQ(o.after.connections, 0u);
    EXPECT_TRUE(std::string("hello world").starts_with(o.text));
    EXPECT_EQ(o.took, 0s);
  }
}

TEST_P(CutStream, ResetAfterEveryByte) {
  const auto& text = GetParam();
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto o = stream_from(always(text), {}, {}, [&](memory_network& net) {
      net.server_side = net::memory_side().reset_after_writing(n);
    });
    ASSERT_TRUE(o.failure) << "after " << n;
    EXPECT_EQ(o.failure->kind(), error_kind::connection_reset) << o.failure->message();
    EXPECT_EQ(o.after.connections, 0u);
  }
}

TEST_P(CutStream, SilentAfterEveryByte) {
  const auto& text = GetParam();
  const auto head = text.find("\r\n\r\n") + 4;
  for (std::size_t n = 0; n < text.size(); ++n) {
    auto o = stream_from(stall_after(text.substr(0, n)), client_options().timeout(2s));
    ASSERT_TRUE(o.failure) << "after " << n;
    EXPECT_EQ(o.failure->kind(), error_kind::timeout) << o.failure->message();
    EXPECT_EQ(o.failure->get<errors::timeout>()->limit, 2s);
    EXPECT_EQ(o.failure->get<errors::timeout>()->scope, timeout_scope::total);
    EXPECT_EQ(o.took, 2s);
    o = stream_from(stall_after(text.substr(0, n)), client_options().timeout(1min),
                    {.read_timeout = 3s});
    ASSERT_TRUE(o.failure);
    const bool body = n >= head;
    EXPECT_EQ(o.failure->get<errors::timeout>()->scope,
              body ? timeout_scope::idle : timeout_scope::total);
    EXPECT_EQ(o.took, body ? 3s : 1min) << n;
    EXPECT_EQ(o.after.connections, 0u);
  }
}

TEST_P(CutStream, ShortReadsOfEverySize) {
  for (std::size_t n = 1; n < 9; ++n) {
    const auto o = stream_from(always(GetParam()), {}, {}, [&](memory_network& net) {
      net.client_side = net::memory_side().max_read(n).max_write(n);
      net.server_side = net::memory_side().max_write(n);
    });
    ASSERT_FALSE(o.failure) << o.failure->message();
    EXPECT_EQ(o.text, "hello world");
    EXPECT_EQ(o.after.idle, 1u);
  }
}

INSTANTIATE_TEST_SUITE_P(Framings, CutStream, ::testing::Values(plain, chunked));

TEST(ClientStream, ATrickleIsHeldToTheTotalAndNotToThePause) {
  const auto o = stream_from(trickle("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
                             client_options().timeout(3050ms).read_timeout(200ms));
  ASSERT_TRUE(o.failure);
  EXPECT_EQ(o.failure->get<errors::timeout>()->scope, timeout_scope::total);
  EXPECT_EQ(o.took, 3050ms);
  EXPECT_EQ(o.text.size(), 30u);
}

TEST(ClientStream, AFloodIsHeldToTheTotalToo) {
  const auto flood = [](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(cx, "HTTP/1.1 200 OK\r\n\r\n");
    const std::string some(10'000, 'x');
    while (said) {
      said = co_await p.say(cx, some);
      auto slept = co_await sleep_for(cx, 1ms);
      static_cast<void>(slept);
    }
  };
  const auto o = stream_from(flood, client_options().timeout(1s));
  ASSERT_TRUE(o.failure);
  EXPECT_EQ(o.failure->kind(), error_kind::timeout);
  EXPECT_EQ(o.took, 1s);
}

TEST(ClientStream, DeadlinesAndCancelsOfEachReadHold) {
  with_script(stall_after(plain.substr(0, plain.size() - 3)), {},
              [](context& cx, client& c, memory_network&) -> task<void> {
                for (const bool cancels : {false, true}) {
                  auto r = co_await c.stream(cx, get());
                  EXPECT_TRUE(r);
                  auto piece = co_await r->read(cx);
                  EXPECT_EQ(**piece, "hello wo");
                  cancel_scope scope(cx.with_timeout(2s));
                  task_scope beside(cx);
                  if (cancels) {
                    beside.spawn([&](context& own) -> task<void> {
                      auto slept = co_await sleep_for(own, 1s);
                      static_cast<void>(slept);
                      scope.cancel();
                    });
                  }
                  piece = co_await r->read(scope);
                  EXPECT_FALSE(piece);
                  EXPECT_EQ(piece.error().kind(),
                            cancels ? error_kind::cancelled : error_kind::deadline);
                  EXPECT_EQ(piece.error().stage(), error_stage::body);
                  EXPECT_EQ(piece.error().sent(), error_sent::answered);
                  EXPECT_EQ(c.stats().connections, 0u) << "closed at once";
                  auto joined = co_await beside.join();
                  EXPECT_TRUE(joined);
                }
              });
}

TEST(ClientStream, BrokenFramingIsAProtocolError) {
  const auto o = stream_from(
      always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"));
  ASSERT_TRUE(o.failure);
  EXPECT_EQ(o.failure->kind(), error_kind::protocol_error);
  EXPECT_EQ(o.failure->stage(), error_stage::body);
}

TEST(ClientStream, AStaleConnectionIsReplaced) {
  const auto fickle = [](context& cx, peer& p, int n) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(cx, plain);
    static_cast<void>(said);
    if (n == 0) {
      head = co_await p.read_until(cx, "\r\n\r\n");
      p.close();
    } else {
      auto rest = co_await p.read_all(cx);
    }
  };
  with_script(fickle, {}, [](context& cx, client& c, memory_network& net) -> task<void> {
    for (int i = 0; i < 2; ++i) {
      auto r = co_await c.stream(cx, get());
      EXPECT_TRUE(r);
      auto all = co_await read_all(cx, r->body(), 100);
      EXPECT_EQ(*all, "hello world");
    }
    EXPECT_EQ(net.connects, 2);
  });
}

TEST(ClientStream, SeveralAtOnceHaveAConnectionEach) {
  with_script(always(plain), client_options().pool({.per_origin = 2}),
              [](context& cx, client& c, memory_network& net) -> task<void> {
                auto first = co_await c.stream(cx, get());
                auto second = co_await c.stream(cx, get());
                EXPECT_TRUE(first && second);
                EXPECT_EQ(net.connects, 2);
                auto text = co_await read_all(cx, second->body(), 100);
                EXPECT_EQ(*text, "hello world");
                text = co_await read_all(cx, first->body(), 100);
                EXPECT_EQ(*text, "hello world");
                EXPECT_EQ(c.stats().idle, 2u);
              });
}

http::request upgrade_request() {
  return http::request(method::get, "/chat").header("Upgrade", "echo");
}

TEST(ClientUpgrade, GivesTheConnectionAway) {
  const auto echo = [](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    EXPECT_NE(head.find("Connection: Upgrade\r\n"), std::string::npos) << head;
    auto said = co_await p.say(
        cx, "HTTP/1.1 101 Switching\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nearly");
    EXPECT_TRUE(said);
    auto line = co_await p.read_until(cx, "\n");
    said = co_await p.say(cx, "you said " + line);
    EXPECT_TRUE(said);
  };
  with_script(echo, {}, [](context& cx, client& c, memory_network&) -> task<void> {
    auto up = co_await c.upgrade(cx, upgrade_request());
    EXPECT_TRUE(up) << up.error().message();
    EXPECT_EQ(up->head.headers().get("Upgrade"), "echo");
    EXPECT_EQ(c.stats().connections, 0u) << "it is the caller's";
    peer p(std::move(up->stream));
    auto said = co_await p.say(cx, "hi\n");
    EXPECT_TRUE(said);
    auto all = co_await p.read_all(cx);
    EXPECT_EQ(all, "earlyyou said hi\n");
  });
}

TEST(ClientUpgrade, EveryOtherAnswerIsAnError) {
  struct refusal {
    std::string text;
    error_kind kind;
    unsigned status;
  };
  const std::vector<refusal> all = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", error_kind::http_error, 200},
      {"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", error_kind::http_error, 403},
      {"HTTP/1.1 101 Switching\r\nUpgrade: other\r\n\r\n", error_kind::protocol_error, 0},
      {"HTTP/1.1 101 Switching\r\n\r\n", error_kind::protocol_error, 0},
      {"nonsense\r\n\r\n", error_kind::protocol_error, 0},
  };
  for (const auto& one : all) {
    with_script(always(one.text), {}, [&](context& cx, client& c, memory_network&) -> task<void> {
      auto up = co_await c.upgrade(cx, upgrade_request());
      EXPECT_FALSE(up);
      EXPECT_EQ(up.error().kind(), one.kind) << up.error().message();
      EXPECT_EQ(up.error().status(), one.status);
      EXPECT_EQ(c.stats().connections, c.stats().idle);
    });
  }
}

TEST(ClientUpgrade, NeedsAProtocolToSwitchTo) {
  with_script(always(plain), {}, [](context& cx, client& c, memory_network& net) -> task<void> {
    auto up = co_await c.upgrade(cx, get());
    EXPECT_FALSE(up);
    EXPECT_EQ(up.error().kind(), error_kind::invalid_argument);
    EXPECT_EQ(net.connects, 0);
  });
}

TEST(ClientUpgrade, CutOrSilentAfterEveryByte) {
  const std::string text = "HTTP/1.1 101 Switching\r\nUpgrade: echo\r\n\r\n";
  for (std::size_t n = 0; n < text.size(); ++n) {
    for (const bool silent : {false, true}) {
      const auto s = silent ? stall_after(text.substr(0, n)) : once(text.substr(0, n));
      with_script(s, client_options().timeout(1s),
                  [&](context& cx, client& c, memory_network&) -> task<void> {
                    auto up = co_await c.upgrade(cx, upgrade_request());
                    EXPECT_FALSE(up);
                    EXPECT_EQ(up.error().kind(),
                              silent ? error_kind::timeout : error_kind::connection_closed);
                    EXPECT_EQ(c.stats().connections, 0u);
                  });
    }
  }
}

}  // namespace
}  // namespace fairlead::http
