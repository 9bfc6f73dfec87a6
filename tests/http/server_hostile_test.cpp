// SPDX-License-Identifier: BSL-1.0
// Requests that are meant to be read in two ways, against a live server: one answer, then the end.
#include "detail/peer_network.hpp"

#include "support/server_answers.hpp"

#include <string>
#include <utility>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace fairlead::testing;

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++n;
  }
  return n;
}

// The request that an attacker hides; it must never reach a handler.
const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

std::string post(const std::string& fields, const std::string& rest = {}) {
  return "POST /x HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + rest;
}
const std::string length_of_hidden = "Content-Length: " + std::to_string(hidden.size()) + "\r\n";
const std::string chunked = "Transfer-Encoding: chunked\r\n";

const std::vector<std::string> ambiguous = {
    post(length_of_hidden + chunked, "0\r\n\r\n"),
    post(chunked + length_of_hidden, "0\r\n\r\n"),
    post("Content-Length: 0\r\n" + length_of_hidden),
    post(length_of_hidden + length_of_hidden),
    post("Content-Length: 0, " + std::to_string(hidden.size()) + "\r\n"),
    post("Content-Length: +0\r\n"),
    post("Content-Length: -1\r\n"),
    post("Content-Length: 0x0\r\n"),
    post("Content-Length: 18446744073709551616\r\n"),
    post("Content-Length : 0\r\n"),
    post("Content-Length\r\n: 0\r\n"),
    post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
    post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
    post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
    post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"),
    post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
    post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"),
    post("X: a\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    post("X: a\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    post(chunked + chunked, "0\r\n\r\n"),
    post(chunked, "0x0\r\n\r\n"),
    post(chunked, "-0\r\n\r\n"),
    post(chunked, "+0\r\n\r\n"),
    post(chunked, "fffffffffffffffff\r\n"),
    post(chunked, "1\r\naa\r\n0\r\n\r\n"),
    post(chunked, "1\naa\n0\n\n"),
    post(chunked, "1;a=\"\n\"\r\na\r\n0\r\n\r\n"),
    post(chunked, "0\r\nContent-Length: 5\r\n\r\n"),
    post(chunked, "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    post(chunked, "0\r\nA: b\r\n c\r\n\r\n"),
    "POST /x HTTP/1.0\r\n" + chunked + "\r\n0\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a@b/x HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a:80:b/x HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a@b/x HTTP/1.0\r\n\r\n",
    "GET http://a\\b/x HTTP/1.0\r\n\r\n",
    "GET /x#/../hidden HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /x?a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a/x#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET b/x HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /x\r\nHost: a\r\n\r\n",
    "GET /x HTTP/1.1\nHost: a\n\n",
    "GET /x HTTP/1.1 \r\nHost: a\r\n\r\n",
    "GET /x HTTP/1.1\r\n Host: a\r\n\r\n",
    "GET\t/x\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /x\0 HTTP/1.1\r\nHost: a\r\n\r\n"s,
    "GET /x HTTP/1.1\r\nHost: a\r\nA\0: b\r\n\r\n"s,
    "GET /x HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n"s,
};

TEST(ServerHostile, WhatCouldBeReadInTwoWaysIsRefused) {
  int reached = 0;
  router r;
  const auto reach = [&](context&) -> result<std::string> {
    ++reached;
    return "reached";
  };
  r.get("/hidden", reach);
  r.get("/x", [](context&) -> result<std::string> { return "x"; });
  r.post("/x", [](context&, const request&) -> result<std::string> { return "x"; });
  with_server(std::move(r), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
    for (const auto& text : ambiguous) {
      auto p = co_await dial(cx, net);
      auto said = co_await p->say(cx, text + hidden);
      EXPECT_TRUE(said);
      co_await p->end(cx);
      auto got = co_await p->read_all(cx);
      const bool refused = got.starts_with("HTTP/1.1 400 ") || got.starts_with("HTTP/1.1 501 ") ||
                           got.starts_with("HTTP/1.1 505 ");
      EXPECT_TRUE(refused) << text << "\n" << got;
      EXPECT_EQ(count(got, "\r\nDate: "), 1u) << text << "\n" << got;
      EXPECT_EQ(header_of(got, "Connection"), "close") << text;
      EXPECT_EQ(reached, 0) << text;
    }
    auto slept = co_await sleep_for(cx, 5s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(app.stats().connections, 0u);
  });
}

// The same in drops: what is decided must not depend on how the bytes arrive.
TEST(ServerHostile, HoweverTheBytesArrive) {
  router r;
  r.get("/hidden", [](context&) -> result<std::string> {
    ADD_FAILURE() << "reached";
    return "";
  });
  r.post("/x", [](context&, const request&) -> result<std::string> { return "x"; });
  with_server(std::move(r), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    net.server_side = net::memory_side().max_read(1);
    for (const auto& text : ambiguous) {
      auto p = co_await dial(cx, net);
      auto said = co_await p->say(cx, text + hidden);
      EXPECT_TRUE(said);
      co_await p->end(cx);
      auto got = co_await p->read_all(cx);
      EXPECT_EQ(count(got, "\r\nDate: "), 1u) << text << "\n" << got;
    }
  });
}

TEST(ServerHostile, AFloodOfRequestsLetsOthersLive) {
  router r;
  r.get("/x", [](context&) -> result<std::string> { return "x"; });
  with_server(std::move(r), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    auto flood = co_await dial(cx, net);
    std::string many;
    for (int i = 0; i < 1000; ++i) {
      many += ask("GET", "/x");
    }
    task_scope scope(cx);
    scope.spawn([&](context& own) -> task<void> {
      auto said = co_await flood->say(own, many);
      static_cast<void>(said);
    });
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, ask("GET", "/x"));
    EXPECT_TRUE(said);
    auto limited = cx.with_timeout(1s);
    auto got = co_await p->read_until(limited, "\r\n\r\nx");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << got;
    std::size_t answers = 0;
    for (; answers < 1000; ++answers) {
      got = co_await flood->read_until(limited, "\r\n\r\nx");
      if (flood->ended) {
        break;
      }
    }
    EXPECT_EQ(answers, 1000u) << "in the end all are answered";
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

TEST(ServerHostile, AnAddressHasSoManyConnections) {
  router r;
  r.get("/x", [](context&) -> result<std::string> { return "x"; });
  with_server(std::move(r), server_options().max_connections_per_peer(2),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto first = co_await dial(cx, net);
                auto second = co_await dial(cx, net);
                auto third = co_await dial(cx, net);
                auto got = co_await third->read_all(cx);
                EXPECT_EQ(got, "");
                EXPECT_EQ(app.stats().refused, 1u);
                EXPECT_EQ(app.stats().connections, 2u);
                auto said = co_await first->say(cx, ask("GET", "/x"));
                got = co_await first->read_until(cx, "\r\n\r\nx");
                EXPECT_TRUE(got.starts_with("HTTP/1.1 200 "));
                first->close();
                auto slept = co_await sleep_for(cx, 1ms);
                EXPECT_TRUE(said && slept);
                auto fourth = co_await dial(cx, net);
                said = co_await fourth->say(cx, ask("GET", "/x"));
                got = co_await fourth->read_until(cx, "\r\n\r\nx");
                EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << "its place came back";
              });
  EXPECT_EQ(server_options().max_connections_per_peer(0).problems().size(), 1u);
}

TEST(PeerNetwork, IsTheAddressOrOverIp6ItsFirstHalf) {
  const std::vector<std::pair<std::string, std::string>> all = {
      {"192.0.2.1:80", "192.0.2.1"},
      {"[2001:db8:1:2:3:4:5:6]:80", "2001:db8:1:2::"},
      {"[2001:db8:1:2::1]:8080", "2001:db8:1:2::"},
      {"[2001:db8:1:3::1]:8080", "2001:db8:1:3::"},
      {"[::1]:80", "::"},
      {"[fe80::1%7]:80", "fe80::%7"},
      {"unix:/run/x", "unix"},
      {"memory:second", "memory"},
      {"", ""},
  };
  for (const auto& [peer, network] : all) {
    EXPECT_EQ(detail::peer_network(peer), network) << peer;
  }
}

}  // namespace
}  // namespace fairlead::http
