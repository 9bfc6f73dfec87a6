// SPDX-License-Identifier: BSL-1.0
// Our WebSocket against servers that others wrote: Node's ws and Python's websockets.
#include <fairlead/http/open_websocket.hpp>

#include <gtest/gtest.h>

#include "foreign_server.hpp"

#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using testing::find_program;
using testing::foreign_server;
using testing::with_client;

enum class whose : std::uint8_t { node, python };

// The paths of both servers; Python's is started once for each kind of compression.
class WebsocketServers : public ::testing::TestWithParam<whose> {
 protected:
  void SetUp() override {
    if (GetParam() == whose::node) {
      if (find_program("node").empty() || !std::filesystem::exists(testing::node_modules + "/ws")) {
        GTEST_SKIP()
            << "nodejs or node-ws is not installed: nothing was tested (scripts/setup --ci)";
      }
    } else if (!testing::python_has("websockets")) {
      GTEST_SKIP()
          << "python3-websockets is not installed: nothing was tested (scripts/setup --ci)";
    }
  }

  void start(const std::string& kind) {
    if (GetParam() == whose::node) {
      server.emplace(std::vector<std::string>{"/usr/bin/env", "NODE_PATH=" + testing::node_modules,
                                              "node", testing::script("node/server.js")});
    } else {
      server.emplace(std::vector<std::string>{testing::debian_python(),
                                              testing::script("python/websocket_server.py"), kind});
    }
  }

  std::optional<foreign_server> server;
};

task<void> echo(context& cx, http::websocket& ws, http::message_kind kind,
                const std::string& data) {
  auto sent = co_await ws.send(cx, kind, data);
  EXPECT_TRUE(sent) << testing::message_of(sent);
  auto got = co_await ws.read(cx);
  EXPECT_TRUE(got) << testing::message_of(got);
  if (got) {
    EXPECT_TRUE(*got) << "closed";
    EXPECT_TRUE(*got && (*got)->kind == kind && (*got)->data == data) << data.size();
  }
}

task<void> exchange(context& cx, http::client& c, const std::string& target,
                    const http::websocket_options& how) {
  auto opened = co_await http::open_websocket(cx, c, target, how);
  EXPECT_TRUE(opened) << testing::message_of(opened);
  if (!opened) {
    co_return;
  }
  EXPECT_EQ(opened->compresses(), how.compression() != http::websocket_compression::off);
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U, 1'048'576U}) {
    const std::string same(size, 'x');
    co_await echo(cx, *opened, http::message_kind::text, same);
    std::string all(size, '\0');
    std::uint32_t noise = 1;
    for (char& b : all) {
      noise = noise * 1664525U + 1013904223U;
      b = static_cast<char>(noise >> 24U);
    }
    co_await echo(cx, *opened, http::message_kind::binary, all);
  }
  for (int i = 0; i < 30; ++i) {
    std::string text;
    for (int j = 0; j < 50; ++j) {
      text += "the same " + std::to_string(i) +
              " again, gr\xc3\xbc\xc3\x9f"
              "e ";
    }
    co_await echo(cx, *opened, http::message_kind::text, text);
  }
  auto asked = co_await opened->ping(cx);
  EXPECT_TRUE(asked);
  // In pieces, each a frame of its own.
  auto writer = co_await opened->begin(cx, http::message_kind::text);
  EXPECT_TRUE(writer);
  for (const std::string_view piece : {"in ", "three ", "pieces"}) {
    auto sent = co_await writer->write(cx, piece);
    EXPECT_TRUE(sent);
  }
  auto finished = co_await writer->finish(cx);
  EXPECT_TRUE(finished);
  auto got = co_await opened->read(cx);
  EXPECT_TRUE(got && *got && (*got)->data == "in three pieces") << testing::message_of(got);
  auto closed = co_await opened->close(cx, static_cast<http::close_code>(4000), "enough");
  EXPECT_TRUE(closed) << testing::message_of(closed);
  EXPECT_TRUE(opened->end());
  EXPECT_EQ(opened->end()->code, static_cast<http::close_code>(4000));
}

TEST_P(WebsocketServers, EchoWhatWeSend) {
  start("plain");
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    const auto how = http::websocket_options().max_message(2'000'000).protocol("echo");
    co_await exchange(cx, c, "/plain", how);
  });
}

TEST_P(WebsocketServers, CompressWithWhatCameBefore) {
  start("shared");
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    const auto how = http::websocket_options()
                         .max_message(2'000'000)
                         .compression(http::websocket_compression::shared)
                         .compress_from(0);
    co_await exchange(cx, c, "/shared", how);
  });
}

TEST_P(WebsocketServers, CompressEachMessageAlone) {
  for (const auto ours :
       {http::websocket_compression::per_message, http::websocket_compression::shared}) {
    start("each");
    with_client(
        http::client_options(server->url()), [&](context& cx, http::client& c) -> task<void> {
          const auto how = http::websocket_options().max_message(2'000'000).compression(ours);
          co_await exchange(cx, c, "/each", how);
        });
  }
  // They would share, we do not.
  start("shared");
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    const auto how = http::websocket_options().max_message(2'000'000).compression(
        http::websocket_compression::per_message);
    co_await exchange(cx, c, "/shared", how);
  });
}

TEST_P(WebsocketServers, CloseAfterFragmentsAndAPing) {
  start("plain");
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    auto opened = co_await http::open_websocket(cx, c, "/talk");
    EXPECT_TRUE(opened) << testing::message_of(opened);
    if (!opened) {
      co_return;
    }
    auto got = co_await opened->read(cx);
    EXPECT_TRUE(got && *got && (*got)->data == "one two three") << testing::message_of(got);
    auto end = co_await opened->read(cx);
    EXPECT_TRUE(end) << testing::message_of(end);
    EXPECT_FALSE(end && *end);
    EXPECT_TRUE(opened->end());
    if (opened->end()) {
      EXPECT_EQ(opened->end()->code, static_cast<http::close_code>(4001));
      EXPECT_EQ(opened->end()->reason, "said it all");
    }
  });
}

TEST_P(WebsocketServers, BreakOffWithAnError) {
  start("plain");
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    auto opened = co_await http::open_websocket(cx, c, "/break");
    if (!opened) {
      EXPECT_NE(opened.error().kind(), error_kind::protocol_error) << testing::message_of(opened);
      co_return;
    }
    auto got = co_await opened->read(cx);
    EXPECT_FALSE(got);
    EXPECT_TRUE(got.error().kind() == error_kind::connection_closed ||
                got.error().kind() == error_kind::connection_reset)
        << testing::message_of(got);
  });
}

TEST_P(WebsocketServers, AnswerOurPings) {
  start("plain");
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    const auto how = http::websocket_options().ping_after(50ms).pong_within(10s);
    auto opened = co_await http::open_websocket(cx, c, "/plain", how);
    EXPECT_TRUE(opened) << testing::message_of(opened);
    if (!opened) {
      co_return;
    }
    auto limited = cx.with_timeout(500ms);
    auto got = co_await opened->read(limited);
    EXPECT_FALSE(got);
    EXPECT_EQ(got.error().kind(), error_kind::deadline) << testing::message_of(got);
    co_await echo(cx, *opened, http::message_kind::text, "still here");
    auto closed = co_await opened->close(cx);
    EXPECT_TRUE(closed) << testing::message_of(closed);
  });
}

TEST_P(WebsocketServers, AreToldOfMessagesThatAreTooLarge) {
  start("plain");
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    auto opened =
        co_await http::open_websocket(cx, c, "/plain", http::websocket_options().max_message(1000));
    EXPECT_TRUE(opened) << testing::message_of(opened);
    if (!opened) {
      co_return;
    }
    const std::string large(1001, 'x');
    auto sent = co_await opened->send(cx, large);
    EXPECT_TRUE(sent);
    auto got = co_await opened->read(cx);
    EXPECT_FALSE(got);
    EXPECT_EQ(got.error().kind(), error_kind::too_large) << testing::message_of(got);
  });
}

INSTANTIATE_TEST_SUITE_P(Of, WebsocketServers, ::testing::Values(whose::node, whose::python),
                         [](const auto& of) {
                           return of.param == whose::node ? "NodesWs" : "PythonsWebsockets";
                         });

}  // namespace
}  // namespace fairlead
