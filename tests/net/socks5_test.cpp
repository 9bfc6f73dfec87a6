// SPDX-License-Identifier: BSL-1.0
// SOCKS5: the dialogue byte for byte, every refusal, every split; and through a proxy in a
// simulated network.
#include <fairlead/net/socks5.hpp>

#include "detail/socks5_dialogue.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/net/memory.hpp>
#include <fairlead/sim/network.hpp>

#include <gtest/gtest.h>

#include "support/sim_test.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using detail::socks5_dialogue;
using fairlead::testing::run_in_world;

const auto connected = "\5\0\0\1\0\0\0\0\0\0"s;

// Talks to a proxy that says `script`; what was sent to it, and the outcome.
struct exchange {
  std::string sent;
  result<void> outcome;
};
exchange talk(std::string_view script, std::string_view host, std::uint16_t port,
              const std::optional<socks5_credentials>& who = std::nullopt) {
  socks5_dialogue d(host, port, who);
  exchange out;
  out.outcome = d.check();
  while (out.outcome && d.wanted() > 0) {
    out.sent += d.take_output();
    if (script.size() < d.wanted()) {
      out.outcome = fail(errors::connection_closed{});
      break;
    }
    const auto part = script.substr(0, d.wanted());
    script.remove_prefix(d.wanted());
    out.outcome = d.received(part);
  }
  EXPECT_TRUE(!out.outcome || script.empty());
  return out;
}

TEST(Socks5Dialogue, AsksForNamesAndAddresses) {
  const auto script = "\5\0"s + connected;
  EXPECT_EQ(talk(script, "example.org", 443).sent,
            "\5\1\0\5\1\0\3\x0b"
            "example.org\x01\xbb"s);
  EXPECT_EQ(talk(script, "192.0.2.1", 80).sent, "\5\1\0\5\1\0\1\xc0\0\2\1\0\x50"s);
  EXPECT_EQ(talk(script, "2001:db8::1", 80).sent,
            "\5\1\0\5\1\0\4\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x50"s);
  EXPECT_TRUE(talk(script, "example.org", 443).outcome);
}

TEST(Socks5Dialogue, ReadsTheWholeReplyWhateverItsAddress) {
  EXPECT_TRUE(talk("\5\0\5\0\0\1\1\2\3\4\0\x50"s, "x", 1).outcome);
  EXPECT_TRUE(talk("\5\0\5\0\0\3\4host\0\x50"s, "x", 1).outcome);
  EXPECT_TRUE(talk("\5\0\5\0\0\3\0\0\x50"s, "x", 1).outcome) << "an empty name";
  EXPECT_TRUE(talk("\5\0\5\0\0\4"s + std::string(18, '\1'), "x", 1).outcome);
}

TEST(Socks5Dialogue, GivesCredentialsWhenTheProxyWantsThem) {
  const socks5_credentials who("ann", "secret");
  EXPECT_EQ(talk("\5\2\1\0"s + connected, "x", 1, who).sent,
            "\5\2\0\2\1\3ann\6secret\5\1\0\3\1x\0\1"s);
  EXPECT_EQ(talk("\5\0"s + connected, "x", 1, who).sent, "\5\2\0\2\5\1\0\3\1x\0\1"s);
  EXPECT_EQ(talk("\5\2\1\1"s, "x", 1, who).outcome.error().get<errors::unavailable>()->reason,
            "the SOCKS5 proxy does not accept the user and password");
  EXPECT_EQ(talk("\5\xff"s, "x", 1, who).outcome.error().get<errors::unavailable>()->reason,
            "the SOCKS5 proxy wants another kind of authentication");
  EXPECT_EQ(talk("\5\xff"s, "x", 1).outcome.error().get<errors::unavailable>()->reason,
            "the SOCKS5 proxy wants authentication");
  EXPECT_EQ(talk("\5\2"s, "x", 1).outcome.error().kind(), error_kind::protocol_error)
      << "was not offered";
}

// RFC 1929 has no empty password; proxies that know their users by name alone do, and curl and Go.
TEST(Socks5Dialogue, AUserNeedsNoPassword) {
  EXPECT_EQ(talk("\5\2\1\0"s + connected, "x", 1, socks5_credentials("ann", "")).sent,
            "\5\2\0\2\1\3ann\0\5\1\0\3\1x\0\1"s);
}

TEST(Socks5Dialogue, SaysInWordsWhyTheProxyRefuses) {
  const auto refused = [](char code) {
    return talk("\5\0\5"s + code + "\0\1\0"s, "x", 80).outcome.error();
  };
  EXPECT_EQ(refused(5).get<errors::connection_refused>()->url, "x:80");
  EXPECT_EQ(refused(3).get<errors::unreachable>()->url, "x:80");
  EXPECT_EQ(refused(4).kind(), error_kind::unreachable);
  EXPECT_NE(refused(1).message().find("the SOCKS5 proxy failed"), std::string::npos);
  EXPECT_NE(refused(2).message().find("not allowed by the rules"), std::string::npos);
  EXPECT_NE(refused(6).message().find("time to live"), std::string::npos);
  EXPECT_NE(refused(7).message().find("does not know CONNECT"), std::string::npos);
  EXPECT_NE(refused(8).message().find("type of address"), std::string::npos);
  EXPECT_EQ(refused(9).kind(), error_kind::protocol_error);
}

TEST(Socks5Dialogue, NoticesWhoDoesNotSpeakIt) {
  EXPECT_EQ(talk("HT"s, "x", 1).outcome.error().kind(), error_kind::protocol_error);
  EXPECT_EQ(talk("\4\0"s, "x", 1).outcome.error().kind(), error_kind::protocol_error);
  EXPECT_EQ(talk("\5\0\4\0\0\1\0"s, "x", 1).outcome.error().kind(), error_kind::protocol_error);
  EXPECT_EQ(talk("\5\0\5\0\0\7\0"s, "x", 1).outcome.error().kind(), error_kind::protocol_error);
  const socks5_credentials who("a", "b");
  EXPECT_EQ(talk("\5\2\5\0"s, "x", 1, who).outcome.error().kind(), error_kind::protocol_error);
}

TEST(Socks5Dialogue, RefusesWhatCannotBeSaidBeforeItSaysAnything) {
  for (const auto& host : {""s, std::string(256, 'x'), "a\0b"s, "fe80::1%eth0"s}) {
    const auto got = talk("", host, 1);
    EXPECT_EQ(got.outcome.error().kind(), error_kind::invalid_argument);
    EXPECT_EQ(got.sent, "");
  }
  EXPECT_TRUE(talk("\5\0"s + connected, std::string(255, 'x'), 1).outcome);
  for (const auto& who :
       {socks5_credentials("", "p"), socks5_credentials(std::string(256, 'u'), "p"),
        socks5_credentials("u", std::string(256, 'p'))}) {
    EXPECT_EQ(talk("", "x", 1, who).outcome.error().kind(), error_kind::invalid_argument);
  }
}

TEST(Socks5, TakesNothingBehindTheReplyAtAnySplit) {
  const auto script = "\5\2\1\0\5\0\0\3\4host\0\x50"s + "first bytes of the target";
  for (std::size_t piece = 1; piece <= script.size(); ++piece) {
    run_in_world(1, [&](context& cx) -> task<void> {
      auto ends = memory_pair(cx.env(), memory_side().max_read(piece).max_write(piece));
      auto put = co_await write_all(cx, *ends.second, script);
      EXPECT_TRUE(put);
      const socks5_credentials who("ann", "secret");
      auto made = co_await socks5_connect(cx, *ends.first, "example.org", 443, who);
      EXPECT_TRUE(made);
      std::string rest(25, '\0');
      auto got = co_await read_exactly(cx, *ends.first, std::as_writable_bytes(std::span(rest)));
      EXPECT_TRUE(got);
      EXPECT_EQ(rest, "first bytes of the target");
    });
  }
}

TEST(Socks5, AProxyThatLeavesOrKeepsSilentIsAnErrorAtEveryByte) {
  const auto script = "\5\0"s + connected;
  for (std::size_t at = 0; at < script.size(); ++at) {
    run_in_world(1, [&](sim::world& w, context& cx) -> task<void> {
      auto ends = memory_pair(cx.env());
      auto put = co_await write_all(cx, *ends.second, std::string_view(script).substr(0, at));
      EXPECT_TRUE(put);
      auto brief = cx.with_timeout(5s);
      auto made = co_await socks5_connect(brief, *ends.first, "x", 1);
      EXPECT_EQ(made.error().kind(), error_kind::deadline);
      EXPECT_EQ(made.error().stage(), error_stage::connect);
      EXPECT_EQ(w.elapsed(), 5s);
      auto other = memory_pair(cx.env());
      put = co_await write_all(cx, *other.second, std::string_view(script).substr(0, at));
      EXPECT_TRUE(put);
      auto ended = co_await other.second->shutdown_write(cx);
      EXPECT_TRUE(ended);
      made = co_await socks5_connect(cx, *other.first, "x", 1);
      EXPECT_EQ(made.error().kind(), error_kind::connection_closed);
      EXPECT_EQ(made.error().sent(), error_sent::not_sent) << "the target has seen nothing";
    });
  }
}

TEST(Socks5, ConnectsThroughAProxyInANetwork) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    sim::network fabric(w);
    auto l = fabric.host("proxy").listen(cx.env(), fabric.address("proxy", 1080), {});
    EXPECT_TRUE(l);
    w.spawn("proxy", [&](context& own) -> task<void> {
      auto s = co_await (*l)->accept(own);
      EXPECT_TRUE(s);
      std::array<std::byte, 64> seen{};
      auto got = co_await read_exactly(own, **s, std::span(seen).first(3));
      EXPECT_TRUE(got);
      auto put = co_await write_all(own, **s, std::string_view("\5\0", 2));
      EXPECT_TRUE(put);
      got = co_await read_exactly(own, **s, std::span(seen).first(13));
      EXPECT_TRUE(got);
      auto slept = co_await sleep_for(own, 100ms);
      EXPECT_TRUE(slept);
      put = co_await write_all(own, **s, connected);
      EXPECT_TRUE(put);
      put = co_await write_all(own, **s, "hello");
      EXPECT_TRUE(put);
      auto n = co_await read_some(own, **s, seen);  // until the client leaves
      EXPECT_TRUE(n);
    });
    const socks5_proxy proxy("proxy");
    auto made = co_await connect_through(cx, fabric.host("client"), proxy, "target", 80);
    EXPECT_TRUE(made);
    EXPECT_EQ((*made)->peer(), "target:80");
    EXPECT_GE(made->times.connect, 100ms);
    std::string text(5, '\0');
    auto got = co_await read_exactly(cx, **made, std::as_writable_bytes(std::span(text)));
    EXPECT_TRUE(got);
    EXPECT_EQ(text, "hello");
    (*made)->close();
    const socks5_proxy nobody("nobody");
    auto none = co_await connect_through(cx, fabric.host("client"), nobody, "target", 80);
    EXPECT_EQ(none.error().kind(), error_kind::dns_failure);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
  });
}

TEST(Socks5, AnAbortBehindAProxyIsNoOrderlyEnd) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    sim::network fabric(w);
    auto l = fabric.host("proxy").listen(cx.env(), fabric.address("proxy", 1080), {});
    EXPECT_TRUE(l);
    std::optional<error_kind> ended;
    w.spawn("proxy", [&](context& own) -> task<void> {
      auto s = co_await (*l)->accept(own);
      EXPECT_TRUE(s);
      std::array<std::byte, 64> seen{};
      auto got = co_await read_exactly(own, **s, std::span(seen).first(3));
      auto put = co_await write_all(own, **s, std::string_view("\5\0", 2));
      got = co_await read_exactly(own, **s, std::span(seen).first(13));
      put = co_await write_all(own, **s, connected);
      EXPECT_TRUE(put);
      auto n = co_await read_some(own, **s, seen);
      if (!n) {
        ended = n.error().kind();
      }
    });
    const socks5_proxy proxy("proxy");
    auto made = co_await connect_through(cx, fabric.host("client"), proxy, "target", 80);
    EXPECT_TRUE(made);
    (*made)->abort();
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(ended, error_kind::connection_reset);
  });
}

}  // namespace
}  // namespace fairlead::net
