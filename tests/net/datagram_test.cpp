// SPDX-License-Identifier: BSL-1.0
// Datagrams over real sockets, in memory and in a simulated network: the same behaviour, and the
// faults.
#include <fairlead/core/sleep.hpp>
#include <fairlead/net/datagram.hpp>
#include <fairlead/net/memory_datagrams.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/resolver.hpp>
#include <fairlead/sim/network.hpp>

#include <gtest/gtest.h>

#include "support/real_loop.hpp"
#include "support/sim_test.hpp"

#include <array>
#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::real_loop;
using fairlead::testing::run_in_world;
using strings = std::vector<std::string>;

// One datagram as text; an error as "<kind>".
task<std::string> next(context& cx, datagram_socket& s) {
  std::array<char, 2000> buffer{};
  auto got = co_await receive(cx, s, std::as_writable_bytes(std::span(buffer)));
  if (!got) {
    co_return "<" + std::string(to_string(got.error().kind())) + ">";
  }
  co_return std::string(buffer.data(), got->size);
}

// All that is there within a while.
task<strings> everything(context& cx, datagram_socket& s, duration within = 1s) {
  auto brief = cx.with_timeout(within);
  strings out;
  for (;;) {
    auto one = co_await next(brief, s);
    if (one == "<deadline>") {
      break;
    }
    out.push_back(std::move(one));
  }
  co_return out;
}

// What every pair of sockets does, whatever it is made of.
task<void> expect_datagrams(context& cx, datagram_socket& a, datagram_socket& b, endpoint to_b) {
  std::array<std::byte, 10> small{};
  EXPECT_FALSE(b.try_receive(small)) << "nothing has come";
  auto brief = cx.with_timeout(20ms);
  auto none = co_await receive(brief, b, small);
  EXPECT_EQ(none.error().kind(), error_kind::deadline);

  for (const std::string_view text : {"one", "", "three"}) {
    auto sent = co_await send_to(cx, a, text, to_b);
    EXPECT_TRUE(sent);
    auto got = co_await receive(cx, b, small);
    EXPECT_EQ(got->size, text.size());
    EXPECT_FALSE(got->truncated());
    EXPECT_EQ(got->from, a.local());
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(small.data()), got->size), text);
    sent = co_await send_to(cx, b, "back", got->from);
    EXPECT_TRUE(sent);
    const auto back = co_await next(cx, a);
    EXPECT_EQ(back, "back");
  }
  auto sent = co_await send_to(cx, a, "twelve bytes", to_b);
  EXPECT_TRUE(sent);
  auto cut = co_await receive(cx, b, small);
  EXPECT_TRUE(cut->truncated());
  EXPECT_EQ(cut->size, 10U);
  EXPECT_EQ(cut->sent_size, 12U);
  sent = co_await send_to(cx, a, "next", to_b);
  const auto after = co_await next(cx, b);
  EXPECT_EQ(after, "next") << "the rest of the one before is gone";

  const std::string huge(70'000, 'x');
  sent = co_await send_to(cx, a, huge, to_b);
  EXPECT_EQ(sent.error().kind(), error_kind::too_large);

  cancel_scope part(cx);
  part.cancel();
  sent = co_await send_to(part, a, "x", to_b);
  EXPECT_EQ(sent.error().kind(), error_kind::cancelled);
  none = co_await receive(part, b, small);
  EXPECT_EQ(none.error().kind(), error_kind::cancelled);

  a.close();
  a.close();
  sent = co_await send_to(cx, a, "x", to_b);
  EXPECT_EQ(sent.error().kind(), error_kind::unavailable);
  none = co_await receive(cx, a, small);
  EXPECT_EQ(none.error().kind(), error_kind::unavailable);
}

TEST(Datagrams, InMemory) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_datagrams(cx.env());
    co_await expect_datagrams(cx, *ends.first, *ends.second, ends.second->local());
  });
}

TEST(Datagrams, InASimulatedNetwork) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    sim::network fabric(w);
    auto a = fabric.host("a").open_datagrams(cx.env(), fabric.address("a"), {});
    auto b = fabric.host("b").open_datagrams(cx.env(), fabric.address("b", 53), {});
    EXPECT_TRUE(a && b);
    EXPECT_NE((*a)->local().port(), 0);
    co_await expect_datagrams(cx, **a, **b, fabric.address("b", 53));
  });
}

TEST(Datagrams, OverRealSockets) {
  for (const auto* at : {"127.0.0.1:0", "[::1]:0"}) {
    real_loop loop;
    const auto where = endpoint::parse(at).value();
    auto a = system_network().open_datagrams(loop.env(), where, {});
    auto b = system_network().open_datagrams(loop.env(), where, {});
    if (!a && where.kind() == endpoint::family::ip6) {
      GTEST_SKIP() << "no IPv6 here";
    }
    ASSERT_TRUE(a && b);
    EXPECT_NE((*a)->local().port(), 0);
    loop.run([&](context& cx) { return expect_datagrams(cx, **a, **b, (*b)->local()); });
  }
}

TEST(Datagrams, CloseWakesWhoWaits) {
  const auto closes = [](context& cx, datagram_socket& s) -> task<void> {
    auto slept = co_await sleep_for(cx, 5ms);
    EXPECT_TRUE(slept);
    s.close();
  };
  const auto waits = [](context& cx, datagram_socket& s) -> task<void> {
    const auto got = co_await next(cx, s);
    EXPECT_EQ(got, "<unavailable>");
  };
  real_loop loop;
  auto real = system_network().open_datagrams(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(real);
  auto wait_real = [&](context& cx) { return waits(cx, **real); };
  auto close_real = [&](context& cx) { return closes(cx, **real); };
  loop.spawn(wait_real);
  loop.spawn(close_real);
  loop.run();
  run_in_world(1, [&](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_datagrams(cx.env());
    w.spawn("close", [&](context& own) { return closes(own, *ends.first); });
    co_await waits(cx, *ends.first);
  });
}

TEST(Datagrams, ABusySenderDoesNotStarveTheLoop) {
  real_loop loop;
  auto a = system_network().open_datagrams(loop.env(), endpoint::loopback(),
                                           {.receive_buffer = 1 << 20});
  ASSERT_TRUE(a);
  bool other_ran = false;
  int sent_before = 0;
  auto busy = [&](context& cx) -> task<void> {
    for (int i = 0; i < 1000; ++i) {
      auto sent = co_await send_to(cx, **a, "x", (*a)->local());
      EXPECT_TRUE(sent);
      sent_before += other_ran ? 0 : 1;
    }
  };
  auto other = [&](context&) -> task<void> {
    other_ran = true;
    co_return;
  };
  loop.spawn(busy);
  loop.spawn(other);
  loop.run();
  EXPECT_LT(sent_before, 200);
}

TEST(Datagrams, OptionsOfRealSockets) {
  real_loop loop;
  auto& net = system_network();
  auto a = net.open_datagrams(loop.env(), endpoint::loopback(), {.share_port = true});
  ASSERT_TRUE(a);
  auto shared = net.open_datagrams(loop.env(), (*a)->local(), {.share_port = true});
  EXPECT_TRUE(shared);
  auto taken = net.open_datagrams(loop.env(), (*a)->local(), {});
  EXPECT_EQ(taken.error().kind(), error_kind::invalid_argument);
  auto broad = net.open_datagrams(loop.env(), endpoint::loopback(), {.broadcast = true});
  EXPECT_TRUE(broad);
  auto wrong = net.open_datagrams(loop.env(), endpoint::loopback(), {.send_buffer = 0});
  EXPECT_EQ(wrong.error().kind(), error_kind::invalid_argument);
  auto path = net.open_datagrams(loop.env(), endpoint::unix_path("/tmp/x").value(), {});
  EXPECT_EQ(path.error().kind(), error_kind::invalid_argument);
}

TEST(MemoryDatagrams, AreLostDoubledAndDelayedAsTold) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_datagrams(
        cx.env(), datagram_faults().latency(10ms).lose(2).duplicate(3).delay(4, 50ms));
    for (const std::string_view text : {"1", "2", "3", "4", "5"}) {
      auto sent = co_await send_to(cx, *ends.first, text, ends.second->local());
      EXPECT_TRUE(sent) << "the sender does not notice";
    }
    const auto got = co_await everything(cx, *ends.second);
    EXPECT_EQ(got, (strings{"1", "3", "3", "5", "4"}));
    auto sent = co_await send_to(cx, *ends.first, "x", endpoint::loopback(9));
    EXPECT_TRUE(sent);
    const auto none = co_await everything(cx, *ends.second);
    EXPECT_EQ(none, strings{}) << "for somebody else";
  });
}

TEST(MemoryDatagrams, WhatDoesNotFitIsLost) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_datagrams(cx.env(), datagram_faults().capacity(2));
    for (const std::string_view text : {"1", "2", "3"}) {
      auto sent = co_await send_to(cx, *ends.first, text, ends.second->local());
      EXPECT_TRUE(sent);
    }
    const auto got = co_await everything(cx, *ends.second);
    EXPECT_EQ(got, (strings{"1", "2"}));
    ends.second->close();
    auto sent = co_await send_to(cx, *ends.first, "4", ends.second->local());
    EXPECT_TRUE(sent);
  });
}

// A world with sockets on two machines; `f(network, cx, a, b)`.
template <class F>
void with_sockets(std::uint64_t seed, const sim::link_options& link, F f) {
  run_in_world(seed, [&](sim::world& w, context& cx) -> task<void> {
    sim::network fabric(w);
    fabric.set_link(link);
    auto a = fabric.host("a").open_datagrams(cx.env(), endpoint::parse("0.0.0.0:0").value(), {});
    auto b = fabric.host("b").open_datagrams(cx.env(), endpoint::parse("0.0.0.0:53").value(), {});
    EXPECT_TRUE(a && b);
    co_await f(fabric, cx, **a, **b);
  });
}

task<strings> send_hundred(sim::network& fabric, context& cx, datagram_socket& a,
                           datagram_socket& b) {
  for (int i = 0; i < 100; ++i) {
    const auto text = std::to_string(i);
    auto sent = co_await send_to(cx, a, text, fabric.address("b", 53));
    EXPECT_TRUE(sent);
  }
  auto got = co_await everything(cx, b);
  co_return got;
}

TEST(SimDatagrams, AreLostAndDoubledAsTheSeedDecides) {
  sim::link_options bad;
  bad.datagram_loss = 0.3;
  bad.datagram_duplication = 0.2;
  std::vector<strings> runs;
  for (const std::uint64_t seed : {1U, 1U, 2U}) {
    with_sockets(seed, bad,
                 [&](sim::network& fabric, context& cx, datagram_socket& a,
                     datagram_socket& b) -> task<void> {
                   auto got = co_await send_hundred(fabric, cx, a, b);
                   runs.push_back(std::move(got));
                 });
    const std::set<std::string> once(runs.back().begin(), runs.back().end());
    EXPECT_LT(once.size(), 90U) << "lost";
    EXPECT_GT(once.size(), 50U);
    EXPECT_GT(runs.back().size(), once.size()) << "doubled";
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_NE(runs[0], runs[2]);
}

TEST(SimDatagrams, OvertakeEachOtherWithJitterAndNotWithout) {
  for (const duration jitter : {0us, 500us}) {
    sim::link_options link;
    link.jitter = jitter;
    with_sockets(3, link,
                 [&](sim::network& fabric, context& cx, datagram_socket& a,
                     datagram_socket& b) -> task<void> {
                   const auto got = co_await send_hundred(fabric, cx, a, b);
                   EXPECT_EQ(got.size(), 100U);
                   strings in_order;
                   for (int i = 0; i < 100; ++i) {
                     in_order.push_back(std::to_string(i));
                   }
                   EXPECT_EQ(got == in_order, jitter == 0us);
                 });
  }
}

TEST(SimDatagrams, ACutLosesThemAndACrashClosesTheSocket) {
  with_sockets(
      1, {},
      [](sim::network& fabric, context& cx, datagram_socket& a, datagram_socket& b) -> task<void> {
        fabric.partition("a", "b");
        auto sent = co_await send_to(cx, a, "lost", fabric.address("b", 53));
        EXPECT_TRUE(sent);
        fabric.heal();
        sent = co_await send_to(cx, a, "there", fabric.address("b", 53));
        EXPECT_TRUE(sent);
        const auto got = co_await everything(cx, b);
        EXPECT_EQ(got, strings{"there"});
        sent = co_await send_to(cx, a, "nobody", fabric.address("b", 54));
        EXPECT_TRUE(sent);
        sent = co_await send_to(cx, a, "nowhere", endpoint::ip("9.9.9.9", 1).value());
        EXPECT_TRUE(sent);
        fabric.crash("b");
        const auto after = co_await next(cx, b);
        EXPECT_EQ(after, "<unavailable>");
        auto again = fabric.host("b").open_datagrams(cx.env(), b.local(), {});
        EXPECT_TRUE(again);
        auto taken = fabric.host("b").open_datagrams(cx.env(), b.local(), {});
        EXPECT_EQ(taken.error().kind(), error_kind::invalid_argument);
      });
}

TEST(SimDatagrams, TheReceivingBufferIsBounded) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    sim::network fabric(w);
    auto a = fabric.open_datagrams(cx.env(), endpoint::loopback(5), {.receive_buffer = 100});
    EXPECT_TRUE(a);
    const std::string forty(40, 'x');
    for (int i = 0; i < 5; ++i) {
      auto sent = co_await send_to(cx, **a, forty, endpoint::loopback(5));
      EXPECT_TRUE(sent);
    }
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    const auto got = co_await everything(cx, **a);
    EXPECT_EQ(got.size(), 2U);
  });
}

TEST(Datagrams, ANetworkWithAResolverHasThemToo) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    sim::network fabric(w);
    const auto own = resolver_of(fabric);
    const auto network = with_resolver(fabric, *own);
    auto a = network->open_datagrams(cx.env(), endpoint::loopback(5), {});
    EXPECT_TRUE(a);
    co_return;
  });
}

}  // namespace
}  // namespace fairlead::net
