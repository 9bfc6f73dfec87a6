// SPDX-License-Identifier: BSL-1.0
// Options of real sockets, read back from the system; and closing so that what was written arrives.
#include <fairlead/core/sleep.hpp>
#include <fairlead/net/close_in_order.hpp>
#include <fairlead/net/memory.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/with_prefix.hpp>

#include <gtest/gtest.h>

#include "support/real_loop.hpp"
#include "support/scratch_dir.hpp"
#include "support/sim_test.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::real_loop;
using fairlead::testing::run_in_world;
using fairlead::testing::scratch_dir;

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

// The descriptors of TCP sockets that are connected between the two ports, in both directions.
std::vector<int> connected_to(std::uint16_t port) {
  std::vector<int> found;
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
        peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) {
      found.push_back(fd);
    }
  }
  return found;
}

const stream_options all_set{.keep_alive = keep_alive{.idle = 7s, .interval = 1500ms, .count = 3},
                             .unacknowledged = 12345ms,
                             .linger = 0s,
                             .send_buffer = 20'000,
                             .receive_buffer = 30'000};

void expect_all_set(int fd) {
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 7);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 2) << "rounded up";
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 12345);
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_SNDBUF), 40'000) << "Linux doubles it";
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_RCVBUF), 60'000);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST(SocketOptions, OfAConnectionAreThoseThatWereAskedFor) {
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  const auto port = (*l)->local().port();
  loop.run([&](context& cx) -> task<void> {
    auto made = co_await connect_to(cx, system_network(), "127.0.0.1", port, {.stream = all_set});
    EXPECT_TRUE(made);
    const auto fds = connected_to(port);
    EXPECT_EQ(fds.size(), 1U);
    expect_all_set(fds.at(0));
  });
}

TEST(SocketOptions, OfAListenerAreInheritedByWhatItAccepts) {
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {.accepted = all_set});
  ASSERT_TRUE(l) << l.error().message();
  loop.run([&](context& cx) -> task<void> {
    auto made = co_await system_network().connect(cx, (*l)->local());
    EXPECT_TRUE(made);
    auto peer = co_await (*l)->accept(cx);
    EXPECT_TRUE(peer);
    const auto port = endpoint::parse((*peer)->peer())->port();
    const auto fds = connected_to(port);
    EXPECT_EQ(fds.size(), 1U);
    expect_all_set(fds.at(0));
  });
}

TEST(SocketOptions, AreRefusedWhenTheyMakeNoSense) {
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  loop.run([&](context& cx) -> task<void> {
    auto made = co_await system_network().connect(cx, (*l)->local());
    EXPECT_TRUE(made);
    auto& s = **made;
    const std::vector<stream_options> wrong = {
        {.keep_alive = keep_alive{.idle = 0s}},
        {.keep_alive = keep_alive{.interval = -1s}},
        {.keep_alive = keep_alive{.count = 0}},
        {.unacknowledged = 0s},
        {.unacknowledged = duration::max()},
        {.linger = 1s},
        {.send_buffer = 0},
        {.receive_buffer = std::size_t{1} << 40U},
    };
    for (const auto& o : wrong) {
      const auto set = s.set_options(o);
      EXPECT_FALSE(set);
      EXPECT_EQ(set.error().kind(), error_kind::invalid_argument) << set.error().message();
    }
    EXPECT_TRUE(s.set_options({}));
    s.close();
    EXPECT_EQ(s.set_options(all_set).error().kind(), error_kind::connection_closed);
  });
  const auto refused =
      system_network().listen(loop.env(), endpoint::loopback(), {.accepted = {.linger = 5s}});
  EXPECT_EQ(refused.error().kind(), error_kind::invalid_argument);
}

TEST(SocketOptions, WhatIsNotOfASocketIsIgnored) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    EXPECT_TRUE(ends.first->set_options(all_set));
    co_return;
  });
  real_loop loop;
  const scratch_dir dir;
  const auto path = endpoint::unix_path(dir.file("s")).value();
  auto l = system_network().listen(loop.env(), path, {.accepted = all_set});
  ASSERT_TRUE(l) << l.error().message();
  loop.run([&](context& cx) -> task<void> {
    auto made = co_await system_network().connect(cx, path);
    EXPECT_TRUE(made);
    auto wrapped = with_prefix(std::move(*made), "x");
    EXPECT_TRUE(wrapped->set_options(all_set));
    EXPECT_FALSE(wrapped->set_options({.linger = 1s})) << "reaches the socket";
  });
}

TEST(SocketOptions, ALingerOfZeroResets) {
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  loop.run([&](context& cx) -> task<void> {
    auto made = co_await system_network().connect(cx, (*l)->local());
    EXPECT_TRUE(made);
    auto peer = co_await (*l)->accept(cx);
    EXPECT_TRUE(peer);
    EXPECT_TRUE((*made)->set_options({.linger = 0s}));
    (*made)->close();
    std::array<std::byte, 1> one{};
    auto n = co_await read_some(cx, **peer, one);
    EXPECT_EQ(n.error().kind(), error_kind::connection_reset);
  });
}

// The reply must survive although the peer had sent what nobody read.
TEST(CloseInOrder, WhatWasWrittenArrivesAlthoughMoreWasSent) {
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  const std::string reply(300'000, 'r');
  auto serve = [&](context& cx) -> task<void> {
    auto peer = co_await (*l)->accept(cx);
    EXPECT_TRUE(peer);
    auto put = co_await write_all(cx, **peer, reply);
    EXPECT_TRUE(put);
    co_await close_in_order(cx, **peer);
  };
  std::string seen;
  auto ask = [&](context& cx) -> task<void> {
    auto made = co_await system_network().connect(cx, (*l)->local());
    EXPECT_TRUE(made);
    auto put = co_await write_all(cx, **made, std::string(200'000, 'q'));
    EXPECT_TRUE(put);
    std::string some(4096, '\0');
    for (;;) {
      auto n = co_await read_some(cx, **made, std::as_writable_bytes(std::span(some)));
      EXPECT_TRUE(n);
      if (!n || *n == 0) {
        break;
      }
      seen.append(some, 0, *n);
    }
  };
  loop.spawn(serve);
  loop.spawn(ask);
  loop.run();
  EXPECT_EQ(seen, reply);
}

TEST(CloseInOrder, IsBoundedInTimeAndBytes) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    co_await close_in_order(cx, *ends.first, {.within = 3s});
    EXPECT_EQ(w.elapsed(), 3s) << "the peer did not close";
    std::array<std::byte, 1> one{};
    EXPECT_FALSE(*ends.first->try_read(one)) << "closed";
    auto other = memory_pair(cx.env());
    bool ended = false;
    w.spawn("flood", [&](context& own) -> task<void> {
      const std::string much(10'000, 'x');
      for (result<void> put; put;) {
        put = co_await write_all(own, *other.second, much);
      }
      ended = true;
    });
    const auto before = w.elapsed();
    co_await close_in_order(cx, *other.first, {.within = 1h, .most_bytes = 100'000});
    EXPECT_EQ(w.elapsed(), before);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    EXPECT_TRUE(ended);
  });
}

TEST(CloseInOrder, ClosesAlsoWhenCancelled) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    cancel_scope part(cx);
    part.cancel();
    co_await close_in_order(part, *ends.first);
    std::array<std::byte, 1> one{};
    EXPECT_FALSE(*ends.first->try_read(one));
    EXPECT_TRUE(ends.second->peer_has_left());
  });
}

}  // namespace
}  // namespace fairlead::net
