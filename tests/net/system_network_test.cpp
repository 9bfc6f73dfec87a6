// SPDX-License-Identifier: BSL-1.0
// Real sockets on this machine: connecting, refusing, resolving, and what errors say.
#include <fairlead/net/network.hpp>

#include <gtest/gtest.h>

#include "support/real_loop.hpp"
#include "support/scratch_dir.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::real_loop;
using fairlead::testing::scratch_dir;

std::span<std::byte> bytes_of(std::string& s) {
  return std::as_writable_bytes(std::span(s));
}

// Echoes until the peer is done, then closes in order.
task<void> echo_once(context& cx, listener& at) {
  auto peer = co_await at.accept(cx);
  if (!peer) {
    ADD_FAILURE() << peer.error().message();
    co_return;
  }
  std::string buffer(4096, '\0');
  for (;;) {
    auto n = co_await read_some(cx, **peer, bytes_of(buffer));
    if (!n || *n == 0) {
      break;
    }
    auto put = co_await write_all(cx, **peer, std::string_view(buffer).substr(0, *n));
    EXPECT_TRUE(put);
  }
}

// Sends `size` bytes to an echo server at `where` and expects them back.
void exchange(const endpoint& where, std::size_t size) {
  real_loop loop;
  auto listening = system_network().listen(loop.env(), where, {});
  ASSERT_TRUE(listening) << listening.error().message();
  std::string received(size, '\0');
  std::string sent(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    sent[i] = static_cast<char>(i * 31 + i / 256);
  }
  auto serve = [&](context& cx) { return echo_once(cx, **listening); };
  std::unique_ptr<stream> connection;
  auto send = [&](context& cx) -> task<void> {
    auto made = co_await system_network().connect(cx, (*listening)->local());
    EXPECT_TRUE(made);
    if (made) {
      connection = std::move(*made);
      auto put = co_await write_all(cx, *connection, sent);
      EXPECT_TRUE(put);
    }
  };
  auto receive = [&](context& cx) -> task<void> {
    while (!connection) {
      co_await boost::asio::post(cx.executor(), boost::asio::use_awaitable);
    }
    auto got = co_await read_exactly(cx, *connection, bytes_of(received));
    EXPECT_TRUE(got);
    auto down = co_await connection->shutdown_write(cx);
    EXPECT_TRUE(down);
    std::array<std::byte, 1> rest;
    auto end = co_await read_some(cx, *connection, rest);
    EXPECT_EQ(end, std::size_t{0});
  };
  loop.spawn(serve);
  loop.spawn(send);
  loop.spawn(receive);
  loop.run();
  EXPECT_EQ(received, sent);
}

TEST(SystemNetwork, CarriesBytesOverTcp) {
  exchange(endpoint::loopback(), 3'000'000);
}

TEST(SystemNetwork, CarriesBytesOverIp6) {
  exchange(endpoint::ip("::1", 0).value(), 100'000);
}

TEST(SystemNetwork, CarriesBytesOverUnixSockets) {
  const scratch_dir dir;
  exchange(endpoint::unix_path(dir.file("echo")).value(), 3'000'000);
  EXPECT_FALSE(std::filesystem::exists(dir.file("echo"))) << "a listener removes its own path";
}

TEST(SystemNetwork, CarriesBytesOverAbstractUnixSockets) {
  exchange(endpoint::unix_path("@fairlead-test-" + std::to_string(::getpid())).value(), 1000);
}

// The error of a connect that must fail.
error refusal(const endpoint& to, duration limit = 5s) {
  real_loop loop;
  std::optional<error> seen;
  loop.run([&](context& cx) -> task<void> {
    auto brief = cx.with_timeout(limit);
    auto made = co_await system_network().connect(brief, to);
    if (!made) {
      seen = made.error();
    }
  });
  EXPECT_TRUE(seen);
  return seen ? *seen : error(errors::cancelled{});
}

TEST(SystemNetwork, SaysWhoRefused) {
  endpoint free_port = endpoint::loopback();
  {
    real_loop loop;
    auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
    ASSERT_TRUE(l);
    free_port = (*l)->local();
  }
  const auto e = refusal(free_port);
  EXPECT_EQ(e.kind(), error_kind::connection_refused);
  EXPECT_EQ(e.stage(), error_stage::connect);
  EXPECT_EQ(e.sent(), error_sent::not_sent);
  EXPECT_TRUE(e.is_transient());
  EXPECT_EQ(e.get<errors::connection_refused>()->url, free_port.to_string());
}

TEST(SystemNetwork, SaysWhichUnixPathIsMissing) {
  const scratch_dir dir;
  const auto e = refusal(endpoint::unix_path(dir.file("nobody")).value());
  EXPECT_EQ(e.kind(), error_kind::connection_refused);
  EXPECT_EQ(e.get<errors::connection_refused>()->url, "unix:" + dir.file("nobody"));
}

TEST(SystemNetwork, AnUnknownInterfaceIsAnInvalidArgument) {
  const auto e = refusal(endpoint::ip("fe80::1%nosuchif0", 80).value());
  EXPECT_EQ(e.kind(), error_kind::invalid_argument);
  EXPECT_EQ(e.stage(), error_stage::connect);
}

TEST(SystemNetwork, ConnectStopsAtTheDeadline) {
  // A Unix listener whose queue is full is the one peer that never answers without a network.
  const scratch_dir dir;
  real_loop loop;
  listen_options small;
  small.backlog = 0;
  const auto where = endpoint::unix_path(dir.file("full")).value();
  auto l = system_network().listen(loop.env(), where, small);
  ASSERT_TRUE(l);
  std::optional<error> seen;
  loop.run([&](context& cx) -> task<void> {
    std::vector<std::unique_ptr<stream>> filling;
    auto brief = cx.with_timeout(30ms);
    while (!seen) {
      auto made = co_await system_network().connect(brief, where);
      if (made) {
        filling.push_back(std::move(*made));
      } else {
        seen = made.error();
      }
    }
  });
  EXPECT_EQ(seen->kind(), error_kind::deadline);
  EXPECT_EQ(seen->stage(), error_stage::connect);
  EXPECT_EQ(seen->get<errors::deadline>()->target, where.to_string());
}

// Listens and accepts nobody; its queue is full, so that who connects gets no answer.
class full_listener {
 public:
  full_listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* const address = reinterpret_cast<sockaddr*>(&at);
    EXPECT_EQ(::bind(fd_, address, size), 0);
    EXPECT_EQ(::listen(fd_, 0), 0);
    EXPECT_EQ(::getsockname(fd_, address, &size), 0);
    port_ = ntohs(at.sin_port);
    for (auto& one : filling_) {
      one = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      static_cast<void>(::connect(one, address, size));
    }
  }
  full_listener(const full_listener&) = delete;
  full_listener& operator=(const full_listener&) = delete;
  ~full_listener() {
    ::close(fd_);
    for (const int one : filling_) {
      ::close(one);
    }
  }

  [[nodiscard]] endpoint where() const { return endpoint::loopback(port_); }

 private:
  int fd_;
  std::array<int, 3> filling_{};
  std::uint16_t port_ = 0;
};

// The event loop keeps what it knows of a descriptor in entries that it uses again, and an event
// that it has fetched for a connection that was closed since may be told to the next one.
TEST(SystemNetwork, AConnectIsNotEndedByTheNewsOfAnotherConnection) {
  const full_listener silent;
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  loop.run([&](context& cx) -> task<void> {
    std::vector<std::unique_ptr<stream>> ours;
    std::vector<std::unique_ptr<stream>> theirs;
    for (int i = 0; i < 3; ++i) {
      auto made = co_await system_network().connect(cx, (*l)->local());
      auto accepted = co_await (*l)->accept(cx);
      EXPECT_TRUE(made);
      EXPECT_TRUE(accepted);
      ours.push_back(std::move(*made));
      theirs.push_back(std::move(*accepted));
    }
    for (auto& s : theirs) {
      s->abort();
    }
    auto ready = co_await ours[1]->wait(cx, direction::read);
    EXPECT_TRUE(ready);
    ours[0]->close();
    ours[2]->close();
    auto brief = cx.with_timeout(20ms);
    auto made = co_await system_network().connect(brief, silent.where());
    EXPECT_FALSE(made) << "nobody has answered";
    if (!made) {
      EXPECT_EQ(made.error().kind(), error_kind::deadline);
    }
  });
}

TEST(SystemNetwork, ACancelledContextDoesNotEvenConnect) {
  real_loop loop;
  loop.root().cancel();
  loop.run([&](context& cx) -> task<void> {
    auto made = co_await system_network().connect(cx, endpoint::loopback(1));
    EXPECT_EQ(made.error().kind(), error_kind::cancelled);
    EXPECT_EQ(made.error().sent(), error_sent::not_sent);
  });
}

TEST(SystemNetwork, ResolvesNumericAddressesAtOnce) {
  real_loop loop;
  loop.run([&](context& cx) -> task<void> {
    auto found = co_await system_network().resolve(cx, "192.0.2.7", 80);
    EXPECT_TRUE(found);
    EXPECT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().to_string(), "192.0.2.7:80");
    auto six = co_await system_network().resolve(cx, "2001:db8::1", 80);
    EXPECT_EQ(six->front().to_string(), "[2001:db8::1]:80");
  });
}

TEST(SystemNetwork, ResolvesNamesThroughTheSystem) {
  real_loop loop;
  loop.run([&](context& cx) -> task<void> {
    auto found = co_await system_network().resolve(cx, "localhost", 8080);
    if (!found) {
      ADD_FAILURE() << found.error().message();
      co_return;
    }
    for (const auto& e : *found) {
      EXPECT_TRUE(e.address() == "127.0.0.1" || e.address() == "::1") << e.to_string();
      EXPECT_EQ(e.port(), 8080);
    }
  });
}

TEST(SystemNetwork, SaysWhichNameIsUnknown) {
  using namespace std::string_view_literals;
  real_loop loop;
  loop.run([&](context& cx) -> task<void> {
    for (const auto name : {"no.such.name.invalid"sv, ""sv, "127.0.0.1\0.evil"sv}) {
      auto found = co_await system_network().resolve(cx, name, 80);
      EXPECT_FALSE(found);
      EXPECT_EQ(found.error().kind(), error_kind::dns_failure);
      EXPECT_EQ(found.error().stage(), error_stage::resolve);
      EXPECT_EQ(found.error().get<errors::dns_failure>()->host, name);
    }
  });
}

TEST(SystemNetwork, ResolvingLeavesAtOnceWhenCancelled) {
  real_loop loop;
  std::optional<error> seen;
  auto lookup = [&](context& cx) -> task<void> {
    auto found = co_await system_network().resolve(cx, "slow.name.invalid", 80);
    EXPECT_FALSE(found);
    seen = found.error();
  };
  auto stop = [&](context&) -> task<void> {
    loop.root().cancel();
    co_return;
  };
  loop.spawn(lookup);
  loop.spawn(stop);
  loop.run();
  EXPECT_EQ(seen->kind(), error_kind::cancelled);
  EXPECT_EQ(seen->stage(), error_stage::resolve);
}

TEST(SystemNetwork, ConnectToNamesWhatWasAskedFor) {
  endpoint free_port = endpoint::loopback();
  real_loop loop;
  {
    auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
    ASSERT_TRUE(l);
    free_port = (*l)->local();
  }
  loop.run([&](context& cx) -> task<void> {
    auto made = co_await connect_to(cx, system_network(), "localhost", free_port.port());
    EXPECT_FALSE(made);
    EXPECT_EQ(made.error().kind(), error_kind::connection_refused);
    EXPECT_EQ(made.error().stage(), error_stage::connect);
    const auto refused = made.error().get<errors::connection_refused>();
    EXPECT_EQ(refused->url, "localhost:" + std::to_string(free_port.port()));
  });
}

TEST(SystemNetwork, ConnectToFindsTheAddressThatAnswers) {
  real_loop loop;  // localhost may be ::1 first, where nobody listens
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  loop.run([&](context& cx) -> task<void> {
    auto made = co_await connect_to(cx, system_network(), "localhost", (*l)->local().port());
    EXPECT_TRUE(made);
    EXPECT_EQ((*made)->peer(), (*l)->local().to_string());
  });
}

}  // namespace
}  // namespace fairlead::net
