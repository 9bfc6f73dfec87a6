// SPDX-License-Identifier: BSL-1.0
// Streams that begin with bytes which were read before.
#include <fairlead/net/with_prefix.hpp>

#include <fairlead/net/framed.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/memory.hpp>

#include <gtest/gtest.h>

#include "support/sim_test.hpp"

#include <array>
#include <chrono>
#include <string>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::run_in_world;

// What is read with buffers of `piece` bytes, until the end.
task<std::string> drained(context& cx, stream& s, std::size_t piece) {
  std::string all;
  std::string some(piece, '\0');
  for (;;) {
    auto n = co_await read_some(cx, s, std::as_writable_bytes(std::span(some)));
    EXPECT_TRUE(n);
    if (!n || *n == 0) {
      break;
    }
    all.append(some, 0, *n);
  }
  co_return all;
}

TEST(WithPrefix, GivesThePrefixThenTheStreamWithBuffersOfAnySize) {
  for (std::size_t piece = 1; piece < 20; ++piece) {
    run_in_world(1, [&](context& cx) -> task<void> {
      auto ends = memory_pair(cx.env());
      auto put = co_await write_all(cx, *ends.first, "the rest");
      EXPECT_TRUE(put);
      ends.first->close();
      auto s = with_prefix(std::move(ends.second), "first, then ");
      const auto all = co_await drained(cx, *s, piece);
      EXPECT_EQ(all, "first, then the rest") << piece;
    });
  }
}

TEST(WithPrefix, NothingReadAheadIsTheStreamItself) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    const auto* bare = ends.first.get();
    const auto same = with_prefix(std::move(ends.first), "");
    EXPECT_EQ(same.get(), bare);
    co_return;
  });
}

TEST(WithPrefix, AWaitIsOverWhileBytesAreLeftAndOnlyThen) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto s = with_prefix(std::move(ends.second), "ab");
    EXPECT_TRUE(s->worth_trying(direction::read));
    auto brief = cx.with_timeout(1s);
    auto ready = co_await s->wait(brief, direction::read);
    EXPECT_TRUE(ready);
    EXPECT_EQ(w.elapsed(), 0s);
    std::array<std::byte, 1> one{};
    auto got = s->try_read(one);
    EXPECT_EQ(got.value().value(), 1U);
    ready = co_await s->wait(brief, direction::read);
    EXPECT_TRUE(ready) << "one more is left";
    got = s->try_read(one);
    EXPECT_EQ(got.value().value(), 1U);
    EXPECT_FALSE(s->try_read(one)) << "would block";
    ready = co_await s->wait(brief, direction::read);
    EXPECT_EQ(ready.error().kind(), error_kind::deadline);
  });
}

TEST(WithPrefix, ACancelledWaitIsCancelledAllTheSame) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto s = with_prefix(std::move(ends.second), "ab");
    cancel_scope part(cx);
    part.cancel();
    auto ready = co_await s->wait(part, direction::read);
    EXPECT_EQ(ready.error().kind(), error_kind::cancelled);
  });
}

TEST(WithPrefix, WritingAndTheEndAreThoseOfTheStream) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto s = with_prefix(std::move(ends.second), "x\n");
    EXPECT_EQ(s->peer(), "memory:first");
    auto put = co_await write_all(cx, *s, "hello\n");
    EXPECT_TRUE(put);
    auto ended = co_await s->shutdown_write(cx);
    EXPECT_TRUE(ended);
    framed<line> lines(*ends.first);
    auto next = co_await lines.read(cx);
    EXPECT_EQ(next.value(), "hello");
    next = co_await lines.read(cx);
    EXPECT_EQ(next.value(), std::nullopt);
    EXPECT_FALSE(s->peer_has_left());
    ends.first->close();
    EXPECT_TRUE(s->peer_has_left());
    framed<line> back(*s);
    next = co_await back.read(cx);
    EXPECT_EQ(next.value(), "x") << "what was read before is still there";
  });
}

TEST(WithPrefix, ClosingDropsWhatWasNotRead) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto s = with_prefix(std::move(ends.second), "left over");
    s->close();
    std::array<std::byte, 4> some{};
    auto got = co_await read_some(cx, *s, some);
    EXPECT_EQ(got.error().kind(), error_kind::connection_closed);
  });
}

TEST(WithPrefix, AnAbortGoesThrough) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto s = with_prefix(std::move(ends.second), "left over");
    s->abort();
    std::array<std::byte, 4> some{};
    auto got = co_await read_some(cx, *ends.first, some);
    EXPECT_EQ(got.error().kind(), error_kind::connection_reset);
  });
}

}  // namespace
}  // namespace fairlead::net
