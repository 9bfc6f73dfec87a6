// SPDX-License-Identifier: BSL-1.0
// In the steady state neither reading nor writing, waiting nor framing allocates.
#include <fairlead/net/framed.hpp>
#include <fairlead/net/framed_client.hpp>
#include <fairlead/net/framed_server.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/network.hpp>

#include <gtest/gtest.h>

#include "support/count_allocations.hpp"
#include "support/real_loop.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::real_loop;

constexpr int warm_up = 100;
constexpr int measured = 1000;

// Allocations of `measured` messages to an echo server and back, both ends ours, in one loop.
template <class Echo, class Ask>
std::uint64_t allocations_of(Echo echo, Ask ask) {
  real_loop loop;
  std::uint64_t counted = 0;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  auto serve = [&](context& cx) -> task<void> {
    auto peer = co_await (*l)->accept(cx);
    EXPECT_TRUE(peer);
    for (bool more = true; more;) {
      more = co_await echo(cx, **peer);
    }
  };
  auto drive = [&](context& cx) -> task<void> {
    auto made = co_await system_network().connect(cx, (*l)->local());
    EXPECT_TRUE(made);
    for (int i = 0; i < warm_up + measured; ++i) {
      if (i == warm_up) {
        counted = testing::allocations();
      }
      co_await ask(cx, **made);
    }
    counted = testing::allocations() - counted;
  };
  loop.spawn(serve);
  loop.spawn(drive);
  loop.run();
  return counted;
}

TEST(Allocations, BytesThereAndBackCostNone) {
  std::array<std::byte, 64> there{}, back{}, buffer{};
  const auto n = allocations_of(
      [&](context& cx, stream& s) -> task<bool> {
        auto brief = cx.with_timeout(10s);
        auto got = co_await read_some(brief, s, buffer);
        EXPECT_TRUE(got);
        if (*got == 0) {
          co_return false;
        }
        auto put = co_await write_all(brief, s, std::span<const std::byte>(buffer).first(*got));
        EXPECT_TRUE(put);
        co_return true;
      },
      [&](context& cx, stream& s) -> task<void> {
        auto brief = cx.with_timeout(10s);
        auto put = co_await write_all(brief, s, std::span<const std::byte>(there));
        EXPECT_TRUE(put);
        auto got = co_await read_exactly(brief, s, back);
        EXPECT_TRUE(got);
      });
  EXPECT_EQ(n, 0U);
}

TEST(Allocations, TheCountWorks) {
  const auto before = testing::allocations();
  boost::asio::io_context loop(1);
  EXPECT_GT(testing::allocations(), before);
  const auto between = testing::allocations();
  void* volatile taken = std::aligned_alloc(16, 64);  // volatile, or nothing is taken at all
  std::free(taken);
  EXPECT_EQ(testing::allocations(), between + 1);
}

// Lines over a connection that both ends keep.
TEST(Allocations, LinesThereAndBackCostNone) {
  std::optional<framed<line>> server, client;
  const auto n = allocations_of(
      [&](context& cx, stream& s) -> task<bool> {
        if (!server) {
          server.emplace(s);
        }
        auto next = co_await server->read(cx);
        EXPECT_TRUE(next);
        if (!*next) {
          co_return false;
        }
        auto put = co_await server->write(cx, **next);
        EXPECT_TRUE(put);
        co_return true;
      },
      [&](context& cx, stream& s) -> task<void> {
        if (!client) {
          client.emplace(s);
        }
        auto put = co_await client->write(cx, "a line of text, long enough to be worth it");
        EXPECT_TRUE(put);
        auto next = co_await client->read(cx);
        EXPECT_TRUE(next);
      });
  EXPECT_EQ(n, 0U);
}

// A call is a frame or two, which Asio recycles, and the text of its reply.
TEST(Allocations, CallsOfAFramedClientCostNone) {
  real_loop loop;
  framed_server app(
      line(), [](context&, std::string_view) -> task<result<std::string>> { co_return "pong"; },
      {.max_concurrent = 1});
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  const auto at = (*l)->local();
  std::uint64_t counted = 0;
  loop.run([&](context& cx) -> task<void> {
    task_scope scope(cx);
    scope.spawn([&](context& own) { return app.serve(own, std::move(*l)); });
    framed_client client(scope, connects_to(system_network(), at), line());
    for (int i = 0; i < warm_up + measured; ++i) {
      if (i == warm_up) {
        counted = testing::allocations();
      }
      auto got = co_await client.call(cx, "a line of text, long enough to be worth it");
      EXPECT_EQ(got.value(), "pong");
    }
    counted = testing::allocations() - counted;
    auto ended = co_await client.drain(cx, 1s);
    EXPECT_TRUE(ended);
    ended = co_await app.drain(cx, 1s);
    EXPECT_TRUE(ended);
    ended = co_await scope.join();
    EXPECT_TRUE(ended);
  });
  EXPECT_EQ(counted, 0U);
}

}  // namespace
}  // namespace fairlead::net
