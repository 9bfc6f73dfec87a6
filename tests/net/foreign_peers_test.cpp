// SPDX-License-Identifier: BSL-1.0
// Servers and clients of messages that others wrote, in Python: those that end a reply twice or not
// at all, that read with one recv, that answer errors without an id, and that send in pieces.
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/framed_client.hpp>
#include <fairlead/net/framed_server.hpp>
#include <fairlead/net/json_lines.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/one_read.hpp>

#include <gtest/gtest.h>

#include "support/python_peer.hpp"
#include "support/real_loop.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::python_peer;
using fairlead::testing::real_loop;

// Serves each connection with `handle(connection)`.
const std::string serving = R"(
import json, socket, threading, time
def serve(handle):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(5)
    print(s.getsockname()[1], flush=True)
    while True:
        c, _ = s.accept()
        threading.Thread(target=handle, args=(c,), daemon=True).start()
)";

// `process` gets the raw line with its end and gives it back, then a LF is added: two of them.
const std::string twice = serving + R"(
def handle(c):
    with c, c.makefile("rb") as lines:
        for line in lines:
            c.sendall(b"got " + line + b"\n")
serve(handle)
)";

// One recv is a request, and its reply has no end.
const std::string endless = serving + R"(
def handle(c):
    with c:
        while data := c.recv(4096):
            c.sendall(b"got " + data.strip())
serve(handle)
)";

// Requests {"_id", "_payload"} one after the other; errors come without an id.
const std::string json_service = serving + R"(
def answer(line):
    try:
        request = json.loads(line)
    except ValueError as e:
        return {"_status": "error", "_error_type": "parse_error", "_message": str(e)}
    if request["_payload"] == "bad":
        return {"_status": "error", "_error_type": "service_error", "_message": "no"}
    return {"_id": request["_id"], "_status": "ok", "_payload": request["_payload"]}
def handle(c):
    with c, c.makefile("rb") as lines:
        for line in lines:
            reply = (json.dumps(answer(line)) + "\n").encode()
            c.sendall(reply[:7])
            time.sleep(0.002)
            c.sendall(reply[7:])
serve(handle)
)";

std::optional<std::string> json_id(std::string_view message) {
  constexpr std::string_view key = "\"_id\": \"";
  const auto at = message.find(key);
  if (at == message.npos) {
    return std::nullopt;
  }
  const auto text = message.substr(at + key.size());
  return std::string(text.substr(0, text.find('"')));
}

#define START_OR_SKIP(peer)                              \
  if ((peer).port() == 0) {                              \
    GTEST_SKIP() << "python3 did not start: NOT TESTED"; \
  }

// Runs `f(cx, scope)` on a real loop, and joins the scope.
template <class F>
void with_loop(F f) {
  real_loop loop;
  loop.run([&](context& cx) -> task<void> {
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      auto limited = cx.with_timeout(30s);
      co_await f(limited, scope);
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    EXPECT_TRUE(ended);
  });
}

TEST(ForeignPeers, AServerThatEndsRepliesTwice) {
  const python_peer server(twice);
  START_OR_SKIP(server);
  with_loop([&](context& cx, task_scope& scope) -> task<void> {
    framed_client c(scope, connects_to(system_network(), "127.0.0.1", server.port()),
                    line({.empty = empty_messages::skip}));
    task_scope calls(cx);
    for (int i = 0; i < 50; ++i) {
      calls.spawn([&, i](context& own) -> task<void> {
        const auto text = std::to_string(i);
        auto got = co_await c.call(own, text);
        EXPECT_EQ(got.value(), "got " + text);
      });
    }
    auto joined = co_await calls.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(c.stats().connections, 1U);
  });
}

TEST(ForeignPeers, AServerThatEndsNothing) {
  const python_peer server(endless);
  START_OR_SKIP(server);
  with_loop([&](context& cx, task_scope& scope) -> task<void> {
    framed_client c(scope, connects_to(system_network(), "127.0.0.1", server.port()), one_read(),
                    {.max_in_flight = 1});
    for (int i = 0; i < 20; ++i) {
      const auto text = std::to_string(i);
      auto got = co_await c.call(cx, text);
      EXPECT_EQ(got.value(), "got " + text);
    }
  });
}

TEST(ForeignPeers, AJsonServiceThatCutsItsRepliesAndForgetsTheIdOfErrors) {
  const python_peer server(json_service);
  START_OR_SKIP(server);
  with_loop([&](context& cx, task_scope& scope) -> task<void> {
    const auto open = connects_to(system_network(), "127.0.0.1", server.port());
    framed_client pipelined(scope, open, json_lines(), json_id);
    task_scope calls(cx);
    for (int i = 0; i < 20; ++i) {
      calls.spawn([&, i](context& own) -> task<void> {
        const auto id = std::to_string(i);
        const auto text = "{\"_id\": \"" + id + "\", \"_payload\": " + id + "}";
        auto got = co_await pipelined.call(own, text);
        EXPECT_EQ(json_id(got.value()), id);
        EXPECT_NE(got->find("\"_payload\": " + id + "}"), std::string::npos) << *got;
      });
    }
    auto joined = co_await calls.join();
    EXPECT_TRUE(joined);
    // One at a time an error without an id can only mean the one request that is out.
    framed_client one_by_one(scope, open, json_lines(), json_id, {.max_in_flight = 1});
    auto got = co_await one_by_one.call(cx, R"({"_id": "x", "_payload": "bad"})");
    EXPECT_NE(got.value().find("service_error"), std::string::npos);
    got = co_await one_by_one.call(cx, R"({"_id": "y", "_payload": "good"})");
    EXPECT_EQ(json_id(got.value()), "y");
    EXPECT_EQ(one_by_one.stats().connections, 1U);
  });
}

// A client that sends lines in pieces, several at once, and with CR LF; then says what it got.
const std::string client = R"(
import socket, sys, time
print(1, flush=True)
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
for piece in (b"he", b"llo\nwor", b"ld\r\n\n", b"a\nb\nc\n", b"last\n"):
    s.sendall(piece)
    time.sleep(0.002)
s.shutdown(socket.SHUT_WR)
lines = s.makefile("rb").read()
print(lines.decode().replace("\n", "|"), flush=True)
)";

TEST(ForeignPeers, AClientThatSendsPieces) {
  for (const std::size_t concurrent : {1U, 8U}) {
    real_loop loop;
    framed_server app(line({.empty = empty_messages::skip}),
                      [](context& cx, std::string_view text) -> task<result<std::string>> {
                        const std::string reply = "<" + std::string(text) + ">";
                        auto slept = co_await sleep_for(cx, text == "world" ? 20ms : 1ms);
                        EXPECT_TRUE(slept);
                        co_return reply;
                      },
                      {.max_concurrent = concurrent});
    auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
    ASSERT_TRUE(l);
    python_peer other(client, std::to_string((*l)->local().port()));
    START_OR_SKIP(other);
    loop.run([&](context& cx) -> task<void> {
      task_scope scope(cx);
      scope.spawn([&](context& own) { return app.serve(own, std::move(*l)); });
      while (app.stats().requests < 6 || app.stats().connections > 0) {
        auto slept = co_await sleep_for(cx, 1ms);
        EXPECT_TRUE(slept);
      }
      auto drained = co_await app.drain(cx, 5s);
      EXPECT_TRUE(drained);
      auto joined = co_await scope.join();
      EXPECT_TRUE(joined);
    });
    EXPECT_EQ(other.line(), "<hello>|<world>|<a>|<b>|<c>|<last>|");
  }
}

}  // namespace
}  // namespace fairlead::net
