// SPDX-License-Identifier: BSL-1.0
// The in-memory pair, and through it the operations that every stream shares.
#include <fairlead/net/memory.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/when_all.hpp>

#include <gtest/gtest.h>

#include "support/sim_test.hpp"

#include <array>
#include <chrono>
#include <string>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::run_in_world;

// The whole of what `s` still has to say, at most `limit` bytes.
task<result<std::string>> drain(context& cx, stream& s, std::size_t limit = 1 << 20) {
  std::string all;
  std::array<std::byte, 64> some;
  while (all.size() < limit) {
    auto n = co_await read_some(cx, s, some);
    if (!n) {
      co_return fail(std::move(n).error());
    }
    if (*n == 0) {
      break;
    }
    all.append(reinterpret_cast<const char*>(some.data()), *n);
  }
  co_return all;
}

std::span<const std::byte> bytes(std::string_view s) {
  return std::as_bytes(std::span(s));
}

TEST(MemoryPair, CarriesBytesBothWays) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto put = co_await write_all(cx, *ends.first, "ping");
    EXPECT_TRUE(put);
    std::string got(4, '\0');
    auto read = co_await read_exactly(cx, *ends.second, std::as_writable_bytes(std::span(got)));
    EXPECT_TRUE(read);
    EXPECT_EQ(got, "ping");
    put = co_await write_all(cx, *ends.second, "pong!");
    EXPECT_TRUE(put);
    auto down = co_await ends.second->shutdown_write(cx);
    EXPECT_TRUE(down);
    auto all = co_await drain(cx, *ends.first);
    EXPECT_EQ(all, "pong!");
    EXPECT_EQ(ends.first->peer(), "memory:second");
    EXPECT_EQ(ends.second->peer(), "memory:first");
  });
}

TEST(MemoryPair, WriterWaitsForRoom) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env(), {}, memory_side().capacity(10));
    bool written = false;
    w.spawn("writer", [&](context& wcx) -> task<void> {
      auto put = co_await write_all(wcx, *ends.first, std::string_view("0123456789abcdefghij!"));
      EXPECT_TRUE(put);
      written = true;
    });
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_FALSE(written);
    std::array<std::byte, 10> ten;
    auto n = co_await read_some(cx, *ends.second, ten);
    EXPECT_EQ(n, 10U);
    slept = co_await sleep_for(cx, 1s);
    EXPECT_FALSE(written) << "20 of 21 bytes fit";
    n = co_await read_some(cx, *ends.second, ten);
    EXPECT_EQ(n, 10U);
    slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(written);
    EXPECT_TRUE(slept);
  });
}

TEST(MemoryPair, ShortReadsAndWritesLoseNothing) {
  for (std::size_t step = 1; step <= 7; ++step) {
    run_in_world(step, [&](sim::world& w, context& cx) -> task<void> {
      auto ends = memory_pair(cx.env(), memory_side().max_write(step),
                              memory_side().max_read(8 - step).capacity(5));
      const std::array pieces = {bytes("one "), bytes(""), bytes("two "), bytes("three")};
      w.spawn("writer", [&](context& wcx) -> task<void> {
        auto put = co_await write_all(wcx, *ends.first, const_buffers(pieces));
        EXPECT_TRUE(put);
        ends.first->close();
      });
      auto all = co_await drain(cx, *ends.second);
      EXPECT_EQ(all, "one two three");
    });
  }
}

TEST(MemoryPair, TheEndComesAfterTheBytes) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto put = co_await write_all(cx, *ends.first, "last words");
    EXPECT_TRUE(put);
    ends.first.reset();
    auto all = co_await drain(cx, *ends.second);
    EXPECT_EQ(all, "last words");
    put = co_await write_all(cx, *ends.second, "hello?");
    EXPECT_EQ(put.error().kind(), error_kind::connection_closed);
    EXPECT_EQ(put.error().stage(), error_stage::write);
    EXPECT_EQ(put.error().sent(), error_sent::unknown);
  });
}

TEST(MemoryPair, HalfCloseLeavesTheOtherWayOpen) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto down = co_await ends.first->shutdown_write(cx);
    EXPECT_TRUE(down);
    auto none = co_await drain(cx, *ends.second);
    EXPECT_EQ(none, "");
    auto put = co_await write_all(cx, *ends.second, "still here");
    EXPECT_TRUE(put);
    ends.second->close();
    auto all = co_await drain(cx, *ends.first);
    EXPECT_EQ(all, "still here");
    put = co_await write_all(cx, *ends.first, "x");
    EXPECT_EQ(put.error().kind(), error_kind::connection_closed);
  });
}

TEST(MemoryPair, AClosedStreamSaysSo) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    ends.first->close();
    ends.first->close();
    std::array<std::byte, 1> one;
    auto n = co_await read_some(cx, *ends.first, one);
    EXPECT_EQ(n.error().kind(), error_kind::connection_closed);
  });
}

TEST(MemoryPair, CloseWakesWhoWaits) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    std::optional<error_kind> own;
    std::optional<std::size_t> other;
    w.spawn("own reader", [&](context& rcx) -> task<void> {
      std::array<std::byte, 1> one;
      auto n = co_await read_some(rcx, *ends.first, one);
      own = n ? std::nullopt : std::optional(n.error().kind());
    });
    w.spawn("other reader", [&](context& rcx) -> task<void> {
      std::array<std::byte, 1> one;
      auto n = co_await read_some(rcx, *ends.second, one);
      other = n ? std::optional(*n) : std::nullopt;
    });
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    ends.first->close();
    slept = co_await sleep_for(cx, 1s);
    EXPECT_EQ(own, error_kind::connection_closed);
    EXPECT_EQ(other, 0U);
  });
}

TEST(MemoryPair, ReadsEndWithDeadlineAndCancellation) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    std::array<std::byte, 1> one;
    auto brief = cx.with_timeout(3s);
    auto n = co_await read_some(brief, *ends.first, one);
    EXPECT_EQ(n.error().kind(), error_kind::deadline);
    EXPECT_EQ(w.elapsed(), 3s);
    cancel_scope part(cx);
    w.spawn("canceller", [&](context& ccx) -> task<void> {
      auto slept = co_await sleep_for(ccx, 1s);
      EXPECT_TRUE(slept);
      part.cancel();
    });
    n = co_await read_some(part, *ends.first, one);
    EXPECT_EQ(n.error().kind(), error_kind::cancelled);
    EXPECT_EQ(w.elapsed(), 4s);
    // And the stream is none the worse for it.
    auto put = co_await write_all(cx, *ends.second, "x");
    EXPECT_TRUE(put);
    n = co_await read_some(cx, *ends.first, one);
    EXPECT_EQ(n, 1U);
  });
}

TEST(MemoryPair, AWriteThatStopsHalfwayIsUnknown) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env(), {}, memory_side().capacity(4));
    auto brief = cx.with_timeout(1s);
    auto put = co_await write_all(brief, *ends.first, "too much");
    EXPECT_EQ(put.error().kind(), error_kind::deadline);
    EXPECT_EQ(put.error().stage(), error_stage::write);
    EXPECT_EQ(put.error().sent(), error_sent::unknown);
    put = co_await write_all(brief, *ends.first, "x");
    EXPECT_EQ(put.error().kind(), error_kind::deadline);
    EXPECT_EQ(put.error().sent(), error_sent::not_sent) << "no byte of this one left";
  });
}

TEST(MemoryPair, ReadExactlyCountsWhatCame) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto put = co_await write_all(cx, *ends.first, "abc");
    EXPECT_TRUE(put);
    ends.first->close();
    std::array<std::byte, 5> five;
    auto read = co_await read_exactly(cx, *ends.second, five);
    EXPECT_EQ(read.error().kind(), error_kind::connection_closed);
    const auto closed = read.error().get<errors::connection_closed>();
    EXPECT_EQ(closed->received, 3U);
    EXPECT_EQ(closed->expected, 5U);
    EXPECT_EQ(closed->url, "memory:first");
  });
}

TEST(MemoryPair, ReadingNothingIsNotTheEnd) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto n = co_await read_some(cx, *ends.first, {});
    EXPECT_EQ(n, 0U);
    auto put = co_await write_all(cx, *ends.first, std::string_view());
    EXPECT_TRUE(put);
  });
}

TEST(MemoryPair, KnowsThatThePeerHasLeftBeforeAllIsRead) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env(), memory_side().latency(10ms), {});
    auto put = co_await write_all(cx, *ends.first, "unread");
    EXPECT_TRUE(put);
    auto slept = co_await sleep_for(cx, 20ms);
    EXPECT_FALSE(ends.second->peer_has_left());
    auto down = co_await ends.first->shutdown_write(cx);
    EXPECT_TRUE(down);
    EXPECT_FALSE(ends.second->peer_has_left()) << "the end is on its way";
    slept = co_await sleep_for(cx, 20ms);
    EXPECT_TRUE(slept);
    EXPECT_TRUE(ends.second->peer_has_left());
    EXPECT_FALSE(ends.first->peer_has_left()) << "only the other side has ended";
    auto all = co_await drain(cx, *ends.second);
    EXPECT_EQ(all, "unread");
    EXPECT_TRUE(ends.second->peer_has_left());
  });
}

TEST(MemoryFaults, FailTheNthAttempt) {
  for (std::uint64_t nth = 1; nth <= 4; ++nth) {
    run_in_world(nth, [&](context& cx) -> task<void> {
      auto ends = memory_pair(
          cx.env(), memory_side().max_write(1).fail_attempt(nth, errors::unreachable{"here"}));
      auto put = co_await write_all(cx, *ends.first, "abcd");
      EXPECT_EQ(put.error().kind(), error_kind::unreachable);
      EXPECT_EQ(put.error().sent(), nth == 1 ? error_sent::not_sent : error_sent::unknown);
      auto again = co_await write_all(cx, *ends.first, "x");
      EXPECT_EQ(again.error().kind(), error_kind::unreachable) << "and every later one";
      ends.first->close();
      auto all = co_await drain(cx, *ends.second);
      EXPECT_EQ(all, std::string_view("abcd").substr(0, nth - 1));
    });
  }
}

TEST(MemoryFaults, CloseAtEveryByte) {
  for (std::uint64_t at = 0; at <= 5; ++at) {
    run_in_world(1, [&](context& cx) -> task<void> {
      auto ends = memory_pair(cx.env(), memory_side().close_after_writing(at));
      auto put = co_await write_all(cx, *ends.first, "hello world");
      EXPECT_EQ(put.error().kind(), error_kind::connection_closed);
      auto all = co_await drain(cx, *ends.second);
      EXPECT_EQ(all, std::string_view("hello world").substr(0, at));
      auto back = co_await write_all(cx, *ends.second, "x");
      EXPECT_EQ(back.error().kind(), error_kind::connection_closed);
    });
  }
}

TEST(MemoryFaults, ResetAtEveryByte) {
  for (std::uint64_t at = 0; at <= 5; ++at) {
    run_in_world(1, [&](context& cx) -> task<void> {
      auto ends = memory_pair(cx.env(), memory_side().reset_after_writing(at));
      auto put = co_await write_all(cx, *ends.first, "hello world");
      EXPECT_EQ(put.error().kind(), error_kind::connection_reset);
      if (at > 0) {
        auto some = co_await drain(cx, *ends.second, at);
        EXPECT_EQ(some, std::string_view("hello world").substr(0, at));
      }
      auto rest = co_await drain(cx, *ends.second);
      EXPECT_EQ(rest.error().kind(), error_kind::connection_reset);
      EXPECT_EQ(rest.error().sent(), error_sent::unknown);
    });
  }
}

TEST(MemoryFaults, LatencyDelaysBytesAndTheEnd) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env(), memory_side().latency(100ms));
    auto put = co_await write_all(cx, *ends.first, "a");
    EXPECT_TRUE(put);
    auto slept = co_await sleep_for(cx, 50ms);
    EXPECT_TRUE(slept);
    put = co_await write_all(cx, *ends.first, "b");
    EXPECT_TRUE(put);
    ends.first->close();
    std::array<std::byte, 8> some;
    auto n = co_await read_some(cx, *ends.second, some);
    EXPECT_EQ(n, 1U);
    EXPECT_EQ(w.elapsed(), 100ms);
    n = co_await read_some(cx, *ends.second, some);
    EXPECT_EQ(n, 1U);
    EXPECT_EQ(w.elapsed(), 150ms);
    n = co_await read_some(cx, *ends.second, some);
    EXPECT_EQ(n, 0U);
    EXPECT_EQ(w.elapsed(), 150ms);
  });
}

TEST(MemoryPair, AnAbortIsNoOrderlyEnd) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto put = co_await write_all(cx, *ends.first, "half");
    EXPECT_TRUE(put);
    ends.first->abort();
    auto all = co_await drain(cx, *ends.second, 4);
    EXPECT_EQ(all, "half") << "what was written before arrives";
    all = co_await drain(cx, *ends.second);
    EXPECT_EQ(all.error().kind(), error_kind::connection_reset);
  });
}

}  // namespace
}  // namespace fairlead::net
