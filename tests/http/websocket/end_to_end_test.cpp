// SPDX-License-Identifier: BSL-1.0
// From a client's URL to a route's handler: handshake, conversation, drain.
#include "../support/http_world.hpp"

#include <fairlead/http/accept_websocket.hpp>
#include <fairlead/http/open_websocket.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

task<void> echo(context& cx, websocket& ws) {
  for (;;) {
    auto got = co_await ws.read(cx);
    if (!got || !*got) {
      co_return;
    }
    auto sent = co_await ws.send(cx, (*got)->kind, (*got)->data);
    if (!sent) {
      co_return;
    }
  }
}

router routes(websocket_handler f, websocket_options options = {}) {
  router r;
  r.get("/chat", [f, options](context&, const request& asked) -> result<response> {
    return accept_websocket(asked, f, options);
  });
  return r;
}

client to_server(environment& env, memory_network& net) {
  return client(env, client_options("http://server").network(net));
}

TEST(WebsocketEndToEnd, Converses) {
  with_server(routes(echo), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    auto c = to_server(cx.env(), net);
    for (const std::string_view target : {"/chat", "ws://server/chat", "WS://server/chat"}) {
      auto ws = co_await open_websocket(cx, c, target);
      EXPECT_TRUE(ws) << ws.error().message();
      auto sent = co_await ws->send(cx, "hello");
      auto got = co_await ws->read(cx);
      EXPECT_TRUE(sent && got && *got && (*got)->data == "hello");
      EXPECT_EQ(app.stats().upgraded, 1u);
      auto slept = co_await sleep_for(cx, 2h);
      EXPECT_TRUE(slept) << "nobody reads on this side: the server gives it up";
      auto closed = co_await ws->close(cx);
      EXPECT_FALSE(closed);
    }
    EXPECT_EQ(c.stats().connections, 0u);
  });
}

TEST(WebsocketEndToEnd, AgreesOnProtocolAndCompression) {
  const auto options =
      websocket_options().protocol("v1").compression(websocket_compression::shared);
  with_server(routes(echo, options), {},
              [&](context& cx, server&, memory_network& net) -> task<void> {
                auto c = to_server(cx.env(), net);
                auto wanted = options;
                wanted.protocol("v2");
                auto ws = co_await open_websocket(cx, c, "/chat", wanted);
                EXPECT_TRUE(ws) << ws.error().message();
                EXPECT_EQ(ws->protocol(), "v1");
                EXPECT_TRUE(ws->compresses());
                const std::string text(5000, 'x');
                auto sent = co_await ws->send(cx, text);
                auto got = co_await ws->read(cx);
                EXPECT_TRUE(sent && got && *got && (*got)->data == text);
                auto closed = co_await ws->close(cx);
                EXPECT_TRUE(closed) << closed.error().message();
              });
}

TEST(WebsocketEndToEnd, ADrainClosesConversationsInOrder) {
  std::string seen;
  const websocket_handler listener = [&](context& cx, websocket& ws) -> task<void> {
    auto got = co_await ws.read(cx);
    seen = got && !*got ? "end" : "something else";
  };
  with_server(routes(listener), {},
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto c = to_server(cx.env(), net);
                auto ws = co_await open_websocket(cx, c, "/chat");
                EXPECT_TRUE(ws);
                task_scope draining(cx);
                draining.spawn([&](context& own) { return app.drain(own, 5s); });
                auto got = co_await ws->read(cx);
                EXPECT_TRUE(got && !*got);
                EXPECT_EQ(ws->end()->code, close_code::going_away);
                EXPECT_EQ(ws->end()->reason, "the server is stopping");
                const auto begun = cx.now();
                auto drained = co_await draining.join();
                EXPECT_TRUE(drained) << drained.error().message();
                EXPECT_EQ(cx.now() - begun, 0s);
              });
  EXPECT_EQ(seen, "end");
}

// Nobody else reads, as far as the handler knows: that the server closes is not its mistake.
TEST(WebsocketEndToEnd, AHandlerThatReadsWhileTheServerClosesSeesTheEnd) {
  std::string seen;
  const websocket_handler busy = [&](context& cx, websocket& ws) -> task<void> {
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    auto got = co_await ws.read(cx);
    seen = !got ? got.error().message() : *got ? "a message" : "end";
  };
  with_server(routes(busy), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
    auto c = to_server(cx.env(), net);
    auto ws = co_await open_websocket(cx, c, "/chat");
    EXPECT_TRUE(ws);
    task_scope draining(cx);
    draining.spawn([&](context& own) { return app.drain(own, 10s); });
    auto slept = co_await sleep_for(cx, 2s);
    EXPECT_TRUE(slept);
    auto got = co_await ws->read(cx);
    EXPECT_TRUE(got && !*got);
    auto drained = co_await draining.join();
    EXPECT_TRUE(drained) << drained.error().message();
  });
  EXPECT_EQ(seen, "end");
}

TEST(WebsocketEndToEnd, AClientThatDoesNotAnswerIsLeftBehind) {
  with_server(routes(echo), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    auto c = to_server(cx.env(), net);
    auto ws = co_await open_websocket(cx, c, "/chat");
    EXPECT_TRUE(ws);
    const auto begun = cx.now();
    auto drained = co_await app.drain(cx, 3s);
    EXPECT_EQ(drained.error().kind(), error_kind::timeout);
    EXPECT_EQ(cx.now() - begun, 3s);
  });
}

TEST(WebsocketEndToEnd, AHandlerThatReturnsClosesInOrder) {
  const websocket_handler brief = [](context& cx, websocket& ws) -> task<void> {
    auto sent = co_await ws.send(cx, "bye");
    EXPECT_TRUE(sent);
  };
  with_server(routes(brief), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto c = to_server(cx.env(), net);
    auto ws = co_await open_websocket(cx, c, "/chat");
    EXPECT_TRUE(ws);
    auto got = co_await ws->read(cx);
    EXPECT_TRUE(got && *got && (*got)->data == "bye");
    got = co_await ws->read(cx);
    EXPECT_TRUE(got && !*got);
    EXPECT_EQ(ws->end()->code, close_code::normal);
  });
}

TEST(WebsocketEndToEnd, AnExceptionBreaksOneConversationOnly) {
  const websocket_handler moody = [](context& cx, websocket& ws) -> task<void> {
    auto got = co_await ws.read(cx);
    if (got && *got && (*got)->data == "throw") {
      throw std::runtime_error("as asked");
    }
  };
  with_server(routes(moody), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    auto c = to_server(cx.env(), net);
    auto bad = co_await open_websocket(cx, c, "/chat");
    auto good = co_await open_websocket(cx, c, "/chat");
    EXPECT_TRUE(bad && good);
    auto sent = co_await bad->send(cx, "throw");
    auto got = co_await bad->read(cx);
    EXPECT_TRUE(sent && !got);
    EXPECT_EQ(app.stats().upgraded, 1u);
    sent = co_await good->send(cx, "fine");
    got = co_await good->read(cx);
    EXPECT_TRUE(sent && got && !*got);
  });
}

TEST(WebsocketEndToEnd, PagesOfOtherOriginsAreRefused) {
  const auto options = websocket_options().origin("https://app.example");
  with_server(routes(echo, options), {},
              [](context& cx, server&, memory_network& net) -> task<void> {
                auto c = to_server(cx.env(), net);
                const auto status_for = [&](std::string_view origin) -> task<int> {
                  auto extra = headers().add("Origin", origin);
                  auto ws = co_await open_websocket(cx, c, "/chat", {}, std::move(extra));
                  if (ws) {
                    auto closed = co_await ws->close(cx);
                    EXPECT_TRUE(closed);
                    co_return 101;
                  }
                  co_return ws.error().get<errors::http_error>()->status;
                };
                auto own = co_await status_for("http://server");
                EXPECT_EQ(own, 101);
                auto listed = co_await status_for("https://app.example");
                EXPECT_EQ(listed, 101);
                for (const std::string_view other :
                     {"http://evil.example", "null", "http://server.evil.example", "file://"}) {
                  auto got = co_await status_for(other);
                  EXPECT_EQ(got, 403) << other;
                }
              });
}

TEST(WebsocketEndToEnd, RefusalsAreErrors) {
  auto r = routes(echo);
  r.get("/plain", [](context&) -> result<response> { return response().body("no"); });
  with_server(std::move(r), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto c = to_server(cx.env(), net);
    auto missing = co_await open_websocket(cx, c, "/nothing");
    EXPECT_EQ(missing.error().get<errors::http_error>()->status, 404);
    auto plain = co_await open_websocket(cx, c, "/plain");
    EXPECT_EQ(plain.error().get<errors::http_error>()->status, 200);
    const auto bad_options = websocket_options().protocol("not a token").max_message(0);
    auto bad = co_await open_websocket(cx, c, "/chat", bad_options);
    EXPECT_EQ(bad.error().kind(), error_kind::invalid_argument);
    auto page = co_await c.request(cx, http::request(method::get, "/chat"));
    EXPECT_EQ(to_int(page->status()), 426);
    EXPECT_EQ(page->headers().get("Upgrade"), "websocket");
  });
  EXPECT_THROW(static_cast<void>(accept_websocket(request(method::get, "/"), echo,
                                                  websocket_options().max_message(0))),
               std::invalid_argument);
}

TEST(WebsocketEndToEnd, AnAnswerThatIsNotTheRightOneIsRefused) {
  with_script(
      always("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
      client_options("http://server"), [](context& cx, client& c, memory_network&) -> task<void> {
        auto ws = co_await open_websocket(cx, c, "/chat");
        EXPECT_FALSE(ws);
        EXPECT_EQ(ws.error().kind(), error_kind::protocol_error);
        EXPECT_NE(ws.error().message().find("does not answer the key"), std::string::npos);
      });
}

}  // namespace
}  // namespace fairlead::http
