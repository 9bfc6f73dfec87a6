// SPDX-License-Identifier: BSL-1.0
// The simulated network: what code sees of it, and every fault it can be given.
#include <fairlead/sim/network.hpp>

#include <fairlead/core/sleep.hpp>

#include <gtest/gtest.h>

#include "support/sim_test.hpp"

#include <array>
#include <chrono>
#include <string>

namespace fairlead::sim {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::expect_quiet;

net::endpoint at(std::string_view text) {
  return net::endpoint::parse(text).value();
}

// A world with a server that echoes on machine "server", port 7, until the root is cancelled.
class NetworkTest : public ::testing::Test {
 protected:
  explicit NetworkTest(std::uint64_t seed = 1) : w(seed), fabric(w) {}

  void serve() {
    auto made = fabric.host("server").listen(w.env(), at("0.0.0.0:7"), {});
    ASSERT_TRUE(made) << made.error().message();
    server = std::move(*made);
    w.spawn("acceptor", [this](context& cx) -> task<void> {
      for (;;) {
        auto peer = co_await server->accept(cx);
        if (!peer) {
          break;
        }
        peers.push_back(std::move(*peer));
        w.spawn("echo", [this, s = peers.back().get()](context& ecx) { return echo(ecx, *s); });
      }
    });
  }

  task<void> echo(context& cx, net::stream& s) {
    std::array<std::byte, 4096> buffer;
    for (;;) {
      auto n = co_await net::read_some(cx, s, buffer);
      if (!n || *n == 0) {
        ended = n ? std::nullopt : std::optional(n.error());
        break;
      }
      auto put = co_await net::write_all(cx, s, std::span<const std::byte>(buffer).first(*n));
      if (!put) {
        ended = put.error();
        break;
      }
    }
    s.close();
    ++echoes_ended;
  }

  // One message to the server and back.
  task<result<std::string>> exchange(context& cx, net::stream& s, std::string_view text) {
    std::string back(text.size(), '\0');
    auto put = co_await net::write_all(cx, s, text);
    if (!put) {
      co_return fail(std::move(put).error());
    }
    auto got = co_await net::read_exactly(cx, s, std::as_writable_bytes(std::span(back)));
    if (!got) {
      co_return fail(std::move(got).error());
    }
    co_return back;
  }

  // Ends the server and checks that nothing is left.
  void end() {
    w.cancel();
    w.run_ready();
    peers.clear();
    w.run_until_idle();
    expect_quiet(w);
    EXPECT_EQ(fabric.connections(), 0U);
  }

  world w;
  network fabric;
  std::unique_ptr<net::listener> server;
  std::vector<std::unique_ptr<net::stream>> peers;
  std::optional<error> ended;
  int echoes_ended = 0;
};

TEST_F(NetworkTest, ConnectsByNameAndEchoes) {
  serve();
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    EXPECT_GE(w.elapsed(), 1ms) << "two latencies";
    EXPECT_LT(w.elapsed(), 2ms);
    EXPECT_EQ((*made)->peer(), fabric.address("server", 7).to_string());
    auto back = co_await exchange(cx, **made, "hello");
    EXPECT_EQ(back, "hello");
    EXPECT_TRUE(peers[0]->peer().starts_with(fabric.address("client").address()));
  });
  w.advance(1s);
  EXPECT_EQ(echoes_ended, 1) << "the client's end was closed";
  EXPECT_FALSE(ended);
  end();
}

TEST_F(NetworkTest, MachinesHaveNamesAndAddresses) {
  EXPECT_EQ(fabric.address("local").address(), "10.0.0.1");
  EXPECT_EQ(fabric.address("a").address(), "10.0.0.2");
  EXPECT_EQ(fabric.address("b", 80).to_string(), "10.0.0.3:80");
  fabric.set_name("service", {at("10.0.0.2:1"), at("10.0.0.3:1")});
  fabric.set_resolve_latency(20ms);
  w.run([&](context& cx) -> task<void> {
    auto found = co_await fabric.resolve(cx, "service", 80);
    EXPECT_EQ(found, (std::vector{at("10.0.0.2:80"), at("10.0.0.3:80")}));
    EXPECT_EQ(w.elapsed(), 20ms);
    found = co_await fabric.resolve(cx, "b", 81);
    EXPECT_EQ(found, (std::vector{at("10.0.0.3:81")}));
    found = co_await fabric.resolve(cx, "localhost", 82);
    EXPECT_EQ(found, (std::vector{at("127.0.0.1:82")}));
    found = co_await fabric.resolve(cx, "192.0.2.1", 83);
    EXPECT_EQ(found, (std::vector{at("192.0.2.1:83")}));
    found = co_await fabric.resolve(cx, "nobody", 84);
    EXPECT_EQ(found.error().kind(), error_kind::dns_failure);
    EXPECT_EQ(found.error().stage(), error_stage::resolve);
    auto brief = cx.with_timeout(5ms);
    found = co_await fabric.resolve(brief, "b", 85);
    EXPECT_EQ(found.error().kind(), error_kind::deadline);
  });
}

TEST_F(NetworkTest, SaysWhyItCannotConnect) {
  serve();
  w.run([&](context& cx) -> task<void> {
    auto made = co_await fabric.connect(cx, fabric.address("server", 8));
    EXPECT_EQ(made.error().kind(), error_kind::connection_refused);
    EXPECT_EQ(made.error().stage(), error_stage::connect);
    EXPECT_EQ(made.error().sent(), error_sent::not_sent);
    EXPECT_EQ(made.error().get<errors::connection_refused>()->url,
              fabric.address("server", 8).to_string());
    made = co_await fabric.connect(cx, at("192.0.2.1:80"));
    EXPECT_EQ(made.error().kind(), error_kind::unreachable);
    made = co_await fabric.connect(cx, at("127.0.0.1:7"));
    EXPECT_EQ(made.error().kind(), error_kind::connection_refused) << "another machine's loopback";
    made = co_await fabric.host("server").connect(cx, at("127.0.0.1:7"));
    EXPECT_TRUE(made);
  });
  w.advance(1s);
  end();
}

TEST_F(NetworkTest, ListeningIsRefusedWhereItMustBe) {
  auto& a = fabric.host("a");
  auto first = a.listen(w.env(), at("0.0.0.0:80"), {});
  ASSERT_TRUE(first);
  const auto taken = a.listen(w.env(), at("10.0.0.2:80"), {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind(), error_kind::invalid_argument);
  const auto foreign = a.listen(w.env(), at("10.0.0.1:81"), {});
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().message().find("not an address of this machine"), std::string::npos);
  EXPECT_TRUE(fabric.host("b").listen(w.env(), at("0.0.0.0:80"), {})) << "another machine";
  const auto any = a.listen(w.env(), at("127.0.0.1:0"), {});
  ASSERT_TRUE(any);
  EXPECT_GE((*any)->local().port(), 49152);
  (*first)->close();
  EXPECT_TRUE(a.listen(w.env(), at("10.0.0.2:80"), {}));
  net::listen_options share;
  share.share_port = true;
  const auto one = a.listen(w.env(), at("10.0.0.2:90"), share);
  const auto two = a.listen(w.env(), at("10.0.0.2:90"), share);
  EXPECT_TRUE(one && two);
}

TEST_F(NetworkTest, UnixPathsBelongToTheirMachine) {
  const auto path = at("unix:/run/x");
  auto l = fabric.host("a").listen(w.env(), path, {});
  ASSERT_TRUE(l);
  w.run([&](context& cx) -> task<void> {
    auto made = co_await fabric.host("a").connect(cx, path);
    EXPECT_TRUE(made);
    auto other = co_await fabric.host("b").connect(cx, path);
    EXPECT_EQ(other.error().kind(), error_kind::connection_refused);
  });
  w.run_until_idle();
}

TEST_F(NetworkTest, AClosedListenerSaysSo) {
  serve();
  server->close();
  w.run([&](context& cx) -> task<void> {
    auto peer = co_await server->accept(cx);
    EXPECT_EQ(peer.error().kind(), error_kind::unavailable);
    auto made = co_await fabric.connect(cx, fabric.address("server", 7));
    EXPECT_EQ(made.error().kind(), error_kind::connection_refused);
  });
  end();
}

TEST_F(NetworkTest, APartitionHoldsBytesUntilItHeals) {
  serve();
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    fabric.partition("client", "server");
    auto brief = cx.with_timeout(10s);
    auto back = co_await exchange(brief, **made, "lost?");
    EXPECT_EQ(back.error().kind(), error_kind::deadline);
    fabric.heal();
    std::string late(5, '\0');
    auto got = co_await net::read_exactly(cx, **made, std::as_writable_bytes(std::span(late)));
    EXPECT_TRUE(got);
    EXPECT_EQ(late, "lost?") << "held, not lost";
    EXPECT_LT(w.elapsed(), 10100ms);
  });
  w.advance(1s);
  end();
}

TEST_F(NetworkTest, ACutIsOneWay) {
  serve();
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    fabric.cut("server", "client");
    auto put = co_await net::write_all(cx, **made, "there");
    EXPECT_TRUE(put);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    EXPECT_NE(w.log().text().find("client > server 5 bytes"), std::string::npos);
    EXPECT_EQ(w.log().text().find("server > client 5 bytes"), std::string::npos);
    fabric.heal();
  });
  w.advance(1s);
  end();
}

TEST_F(NetworkTest, ConnectsAreSentAgainAfterAPartition) {
  serve();
  fabric.isolate("server");
  w.spawn("healer", [&](context& cx) -> task<void> {
    auto slept = co_await sleep_for(cx, 2s);
    EXPECT_TRUE(slept);
    fabric.heal();
  });
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    EXPECT_GE(w.elapsed(), 3s) << "sent at 0, 1 and 3 seconds";
    EXPECT_LT(w.elapsed(), 3100ms);
  });
  end();
}

TEST_F(NetworkTest, ConnectsGiveUpInTheEnd) {
  serve();
  fabric.partition("client", "server");
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_EQ(made.error().kind(), error_kind::timeout);
    EXPECT_EQ(made.error().get<errors::timeout>()->scope, timeout_scope::connect);
    EXPECT_EQ(made.error().get<errors::timeout>()->target, "server:7");
    EXPECT_EQ(w.elapsed(), 127s);
  });
  end();
}

TEST_F(NetworkTest, AResetBreaksBothEnds) {
  serve();
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    auto back = co_await exchange(cx, **made, "x");
    EXPECT_TRUE(back);
    fabric.reset("client", "server");
    back = co_await exchange(cx, **made, "y");
    EXPECT_EQ(back.error().kind(), error_kind::connection_reset);
    EXPECT_EQ(back.error().sent(), error_sent::unknown);
  });
  w.advance(1s);
  EXPECT_EQ(ended->kind(), error_kind::connection_reset);
  end();
}

TEST_F(NetworkTest, AnAbortIsNoOrderlyEnd) {
  serve();
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    auto back = co_await exchange(cx, **made, "x");
    EXPECT_EQ(back, "x");
    (*made)->abort();
  });
  w.advance(1s);
  EXPECT_EQ(ended->kind(), error_kind::connection_reset);
  end();
}

TEST_F(NetworkTest, ACrashTakesListenersAndConnections) {
  serve();
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    fabric.crash("server");
    const auto then = w.elapsed();
    std::array<std::byte, 1> one;
    auto n = co_await net::read_some(cx, **made, one);
    EXPECT_EQ(n.error().kind(), error_kind::connection_reset);
    EXPECT_GE(w.elapsed() - then, 500us) << "the news travel";
    auto again = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_EQ(again.error().kind(), error_kind::connection_refused);
    auto restarted = fabric.host("server").listen(w.env(), at("0.0.0.0:7"), {});
    EXPECT_TRUE(restarted);
    again = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(again);
  });
  end();
}

TEST_F(NetworkTest, RefusesAsOftenAsItIsTold) {
  serve();
  const auto where = fabric.address("server", 7);
  fabric.refuse(where, 2);
  w.run([&](context& cx) -> task<void> {
    for (int i = 0; i < 3; ++i) {
      auto made = co_await fabric.connect(cx, where);
      EXPECT_EQ(made.has_value(), i == 2) << i;
    }
  });
  w.advance(1s);
  end();
}

TEST_F(NetworkTest, HalfCloseLeavesTheOtherWayOpen) {
  serve();
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    auto put = co_await net::write_all(cx, **made, "all of it");
    EXPECT_TRUE(put);
    auto down = co_await (*made)->shutdown_write(cx);
    EXPECT_TRUE(down);
    put = co_await net::write_all(cx, **made, "more");
    EXPECT_EQ(put.error().kind(), error_kind::connection_closed);
    std::string back(9, '\0');
    auto got = co_await net::read_exactly(cx, **made, std::as_writable_bytes(std::span(back)));
    EXPECT_TRUE(got);
    std::array<std::byte, 1> one;
    auto n = co_await net::read_some(cx, **made, one);
    EXPECT_EQ(n, 0U);
  });
  EXPECT_EQ(echoes_ended, 1);
  end();
}

TEST_F(NetworkTest, KnowsThatThePeerHasLeftBeforeAllIsRead) {
  serve();
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    auto put = co_await net::write_all(cx, **made, "unread");
    auto down = co_await (*made)->shutdown_write(cx);
    EXPECT_TRUE(put && down);
    EXPECT_FALSE((*made)->peer_has_left()) << "the echo and its end are under way";
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    EXPECT_TRUE((*made)->peer_has_left());
    std::string back(6, '\0');
    auto got = co_await net::read_exactly(cx, **made, std::as_writable_bytes(std::span(back)));
    EXPECT_TRUE(got);
    EXPECT_EQ(back, "unread");
  });
  end();
}

TEST_F(NetworkTest, WritesToAClosedEndAreReset) {
  serve();
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    peers[0]->close();
    auto put = co_await net::write_all(cx, **made, "anybody?");
    EXPECT_TRUE(put) << "nobody knows yet";
    slept = co_await sleep_for(cx, 1s);
    put = co_await net::write_all(cx, **made, "anybody?");
    EXPECT_EQ(put.error().kind(), error_kind::connection_reset);
  });
  end();
}

TEST_F(NetworkTest, ASlowLinkTakesItsTime) {
  link_options slow;
  slow.latency = 0ms;
  slow.jitter = 0ms;
  slow.bytes_per_second = 1000;
  serve();
  fabric.set_link("client", "server", slow);
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    auto back = co_await exchange(cx, **made, std::string_view(std::string(5000, 'x')));
    EXPECT_TRUE(back);
    EXPECT_GE(w.elapsed(), 5s);
    EXPECT_LT(w.elapsed(), 5100ms);
  });
  w.advance(1s);
  end();
}

TEST_F(NetworkTest, APeerThatDoesNotReadStopsTheWriter) {
  link_options small;
  small.window = 1000;
  fabric.set_link(small);
  auto l = fabric.host("server").listen(w.env(), at("0.0.0.0:7"), {});
  ASSERT_TRUE(l);
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(made);
    auto brief = cx.with_timeout(1s);
    const std::string much(2000, 'x');
    auto put = co_await net::write_all(brief, **made, much);
    EXPECT_EQ(put.error().kind(), error_kind::deadline);
    EXPECT_EQ(put.error().sent(), error_sent::unknown);
    auto peer = co_await (*l)->accept(cx);
    EXPECT_TRUE(peer);
    std::string got(1000, '\0');
    auto read = co_await net::read_exactly(cx, **peer, std::as_writable_bytes(std::span(got)));
    EXPECT_TRUE(read);
    put = co_await net::write_all(cx, **made, std::string_view(much).substr(0, 1000));
    EXPECT_TRUE(put);
  });
  w.run_until_idle();
}

TEST_F(NetworkTest, AGivenUpConnectLeavesNothingBehind) {
  serve();
  link_options slow;
  slow.latency = 1s;
  slow.jitter = 0s;
  fabric.set_link(slow);
  w.run([&](context& cx) -> task<void> {
    auto brief = cx.with_timeout(1500ms);
    auto made = co_await net::connect_to(brief, fabric.host("client"), "server", 7);
    EXPECT_EQ(made.error().kind(), error_kind::deadline);
    EXPECT_EQ(w.elapsed(), 1500ms);
  });
  w.advance(5s);
  EXPECT_EQ(echoes_ended, 1) << "the server had accepted, and read the end";
  end();
}

TEST_F(NetworkTest, AFullQueueMakesConnectsWait) {
  net::listen_options small;
  small.backlog = 0;
  auto l = fabric.host("server").listen(w.env(), at("0.0.0.0:7"), small);
  ASSERT_TRUE(l);
  w.run([&](context& cx) -> task<void> {
    auto first = co_await net::connect_to(cx, fabric.host("client"), "server", 7);
    EXPECT_TRUE(first);
    auto brief = cx.with_timeout(500ms);
    auto second = co_await net::connect_to(brief, fabric.host("client"), "server", 7);
    EXPECT_EQ(second.error().kind(), error_kind::deadline);
  });
  w.run_until_idle();
}

TEST_F(NetworkTest, OneSilentAddressDoesNotUseUpTheTimeOfAll) {
  serve();
  fabric.partition("client", "black hole");
  fabric.set_name("service", {fabric.address("black hole"), fabric.address("server")});
  w.run([&](context& cx) -> task<void> {
    auto brief = cx.with_timeout(10s);
    auto made = co_await net::connect_to(brief, fabric.host("client"), "service", 7);
    EXPECT_TRUE(made);
    EXPECT_GE(w.elapsed(), 250ms) << "the first of two is given that before the second is tried";
    EXPECT_LT(w.elapsed(), 260ms);
  });
  fabric.isolate("server");
  w.run([&](context& cx) -> task<void> {
    auto brief = cx.with_timeout(10s);
    auto made = co_await net::connect_to(brief, fabric.host("client"), "service", 7);
    EXPECT_EQ(made.error().kind(), error_kind::deadline);
    EXPECT_EQ(made.error().get<errors::deadline>()->target, "service:7");
  });
  fabric.heal();
  w.advance(1s);
  end();
}

TEST_F(NetworkTest, LinkOptionsAreChecked) {
  link_options none;
  none.window = 0;
  EXPECT_THROW(fabric.set_link(none), std::invalid_argument);
  link_options backwards;
  backwards.latency = -1ms;
  EXPECT_THROW(fabric.set_link("a", "b", backwards), std::invalid_argument);
}

}  // namespace
}  // namespace fairlead::sim
