// SPDX-License-Identifier: BSL-1.0
// Messages over streams: every split, every fault, buffers that come and go.
#include <fairlead/net/framed.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/net/length_prefix.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/memory.hpp>

#include <gtest/gtest.h>

#include "support/sim_test.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::run_in_world;

// A framer of another kind: four bytes of length, most significant first, then the message.
class counted {
 public:
  result<frame_step> next(std::string_view unread) {
    if (unread.size() < 4) {
      return frame_step{};
    }
    std::size_t size = 0;
    for (const char c : unread.substr(0, 4)) {
      size = size * 256 + static_cast<unsigned char>(c);
    }
    if (size > 1000) {
      return fail(errors::too_large{"message", 1000, size});
    }
    if (unread.size() < 4 + size) {
      return frame_step{};
    }
    return frame_step{unread.substr(4, size), 4 + size};
  }
  result<frame_step> end(std::string_view unread) {
    if (!unread.empty()) {
      return fail(errors::connection_closed{{}, unread.size(), 0});
    }
    return frame_step{};
  }
  result<frame_edges> edges(std::string_view message) const {
    const auto n = message.size();
    const char head[] = {static_cast<char>(n >> 24U), static_cast<char>(n >> 16U),
                         static_cast<char>(n >> 8U), static_cast<char>(n)};
    return frame_edges(std::string_view(head, 4), {});
  }
};

// Everything that `messages` has until its end; an error as "<kind>".
template <class F>
task<std::vector<std::string>> collect(context& cx, framed<F>& messages) {
  std::vector<std::string> all;
  for (;;) {
    auto next = co_await messages.read(cx);
    if (!next) {
      all.push_back("<" + std::string(to_string(next.error().kind())) + ">");
      break;
    }
    if (!*next) {
      break;
    }
    all.emplace_back(**next);
  }
  co_return all;
}

using strings = std::vector<std::string>;

TEST(Framed, EverySplitInTimeGivesTheSameLines) {
  const std::string text = "one\r\n\ntwo and a half\nthree\n";
  for (std::size_t split = 0; split <= text.size(); ++split) {
    run_in_world(split, [&](sim::world& w, context& cx) -> task<void> {
      auto ends = memory_pair(cx.env());
      w.spawn("writer", [&](context& wcx) -> task<void> {
        auto put = co_await write_all(wcx, *ends.first, std::string_view(text).substr(0, split));
        EXPECT_TRUE(put);
        auto slept = co_await sleep_for(wcx, 10ms);
        EXPECT_TRUE(slept);
        put = co_await write_all(wcx, *ends.first, std::string_view(text).substr(split));
        EXPECT_TRUE(put);
        ends.first->close();
      });
      framed<line> lines(*ends.second);
      const auto all = co_await collect(cx, lines);
      EXPECT_EQ(all, (strings{"one", "", "two and a half", "three"})) << "split at " << split;
    });
  }
}

TEST(Framed, MessagesSurviveShortReadsAndWritesThroughAnyFramer) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends =
        memory_pair(cx.env(), memory_side().max_write(3), memory_side().max_read(2).capacity(7));
    w.spawn("writer", [&](context& wcx) -> task<void> {
      framed<counted> out(*ends.first);
      for (const std::string_view m : {"hello", "", "line\nbreaks\r\n", "x"}) {
        auto put = co_await out.write(wcx, m);
        EXPECT_TRUE(put);
      }
      ends.first->close();
    });
    framed<counted> in(*ends.second);
    const auto all = co_await collect(cx, in);
    EXPECT_EQ(all, (strings{"hello", "", "line\nbreaks\r\n", "x"}));
  });
}

TEST(Framed, TheEndInTheMiddleOfAMessageNamesThePeer) {
  const std::string text = "whole\npart";
  for (std::uint64_t at = 0; at <= text.size(); ++at) {
    run_in_world(1, [&](context& cx) -> task<void> {
      auto ends = memory_pair(cx.env(), memory_side().close_after_writing(at));
      auto put = co_await write_all(cx, *ends.first, text);
      EXPECT_FALSE(put && at < text.size());
      framed<line> lines(*ends.second);
      const auto all = co_await collect(cx, lines);
      strings expected;
      if (at >= 6) {
        expected.emplace_back("whole");
      }
      if (at != 0 && at != 6) {
        expected.emplace_back("<connection_closed>");
      }
      EXPECT_EQ(all, expected) << at;
      auto again = co_await lines.read(cx);
      if (!again) {
        EXPECT_EQ(again.error().get<errors::connection_closed>()->url, "memory:first");
        EXPECT_EQ(again.error().sent(), error_sent::unknown);
      }
    });
  }
}

TEST(Framed, AResetIsAnErrorAfterTheMessagesBeforeIt) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env(), memory_side().reset_after_writing(9));
    auto put = co_await write_all(cx, *ends.first, "one\ntwo\nthree\n");
    EXPECT_FALSE(put);
    framed<line> lines(*ends.second);
    const auto all = co_await collect(cx, lines);
    EXPECT_EQ(all, (strings{"one", "two", "<connection_reset>"}));
  });
}

TEST(Framed, MemoryIsBoundedAgainstAnEndlessLine) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    w.spawn("hostile", [&](context& wcx) -> task<void> {
      const std::string flood(10'000, 'x');
      for (;;) {
        auto put = co_await write_all(wcx, *ends.first, flood);
        if (!put) {
          break;
        }
      }
    });
    framed<line> lines(*ends.second, line({.limit = 50'000}));
    auto next = co_await lines.read(cx);
    EXPECT_EQ(next.error().kind(), error_kind::too_large);
    EXPECT_LE(lines.buffered_capacity(), 200'000U);
    next = co_await lines.read(cx);
    EXPECT_EQ(next.error().kind(), error_kind::too_large) << "there is no way on";
    ends.second->close();
    auto slept = co_await sleep_for(cx, 1s);  // the other one ends
    EXPECT_TRUE(slept);
  });
}

TEST(Framed, ALongLineIsPassedOverInBoundedMemory) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    w.spawn("careless", [&](context& wcx) -> task<void> {
      const std::string flood(1'000'000, 'x');
      auto put = co_await write_all(wcx, *ends.first, "before\n");
      EXPECT_TRUE(put);
      put = co_await write_all(wcx, *ends.first, flood);
      EXPECT_TRUE(put);
      put = co_await write_all(wcx, *ends.first, "\nafter\n");
      EXPECT_TRUE(put);
      ends.first->close();
    });
    framed<line> lines(*ends.second, line({.limit = 50'000, .too_long = oversized::skipped}));
    auto next = co_await lines.read(cx);
    EXPECT_EQ(next.value(), "before");
    next = co_await lines.read(cx);
    EXPECT_EQ(next.error().kind(), error_kind::too_large);
    EXPECT_EQ(next.error().get<errors::too_large>()->limit, 50'000U);
    next = co_await lines.read(cx);
    EXPECT_EQ(next.value(), "after");
    EXPECT_LE(lines.buffered_capacity(), 200'000U);
    next = co_await lines.read(cx);
    EXPECT_EQ(next.value(), std::nullopt);
  });
}

TEST(Framed, ALastLineWithoutItsEndIsAMessageWhenAsked) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto put = co_await write_all(cx, *ends.first, "one\ntwo");
    EXPECT_TRUE(put);
    ends.first->close();
    framed<line> lines(*ends.second, line({.last = unfinished::message}));
    const auto all = co_await collect(cx, lines);
    EXPECT_EQ(all, (strings{"one", "two"}));
    auto again = co_await lines.read(cx);
    EXPECT_EQ(again.value(), std::nullopt);
  });
}

TEST(Framed, NothingIsAllocatedForALengthThatLies) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    auto put = co_await write_all(cx, *ends.first, std::string_view("\x7f\xff\xff\xff", 4));
    EXPECT_TRUE(put);
    framed<length_prefix> in(*ends.second);
    auto next = co_await in.read(cx);
    EXPECT_EQ(next.error().kind(), error_kind::too_large);
    EXPECT_LE(in.buffered_capacity(), 4096U);
  });
}

TEST(Framed, NothingIsLostWhenAReadIsGivenUp) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    framed<line> lines(*ends.second);
    auto put = co_await write_all(cx, *ends.first, "hel");
    EXPECT_TRUE(put);
    auto brief = cx.with_timeout(1s);
    auto next = co_await lines.read(brief);
    EXPECT_EQ(next.error().kind(), error_kind::deadline);
    put = co_await write_all(cx, *ends.first, "lo\nyou\n");
    EXPECT_TRUE(put);
    next = co_await lines.read(cx);
    EXPECT_EQ(next.value(), "hello");
    cancel_scope part(cx);
    part.cancel();
    next = co_await lines.read(part);
    EXPECT_EQ(next.error().kind(), error_kind::cancelled);
    next = co_await lines.read(cx);
    EXPECT_EQ(next.value(), "you");
  });
}

TEST(Framed, RefusesToWriteWhatTheFramerCannotCarry) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    framed<line> lines(*ends.first);
    auto put = co_await lines.write(cx, "two\nlines");
    EXPECT_EQ(put.error().kind(), error_kind::invalid_argument);
    EXPECT_EQ(put.error().stage(), error_stage::write);
    EXPECT_EQ(put.error().sent(), error_sent::not_sent);
    put = co_await lines.write(cx, "one line");
    EXPECT_TRUE(put);
    ends.first->close();
    framed<line> back(*ends.second);
    const auto all = co_await collect(cx, back);
    EXPECT_EQ(all, (strings{"one line"}));
  });
}

TEST(Framed, AnIdleStreamHoldsNoBuffer) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    framed<line> lines(*ends.second);
    EXPECT_EQ(lines.buffered_capacity(), 0U);
    strings seen;
    w.spawn("reader", [&](context& rcx) -> task<void> {
      for (int i = 0; i < 2; ++i) {
        auto next = co_await lines.read(rcx);
        EXPECT_TRUE(next);
        seen.emplace_back(next->value());
      }
      auto last = co_await lines.read(rcx);
      EXPECT_EQ(last.value(), std::nullopt);
    });
    auto slept = co_await sleep_for(cx, 10ms);
    EXPECT_EQ(lines.buffered_capacity(), 0U) << "nothing has come yet";
    auto put = co_await write_all(cx, *ends.first, "a\n");
    EXPECT_TRUE(put);
    slept = co_await sleep_for(cx, 500ms);
    EXPECT_GT(lines.buffered_capacity(), 0U) << "in use";
    slept = co_await sleep_for(cx, 1s);
    EXPECT_EQ(lines.buffered_capacity(), 0U) << "idle for a second";
    put = co_await write_all(cx, *ends.first, "b\n");
    EXPECT_TRUE(put);
    slept = co_await sleep_for(cx, 10ms);
    EXPECT_TRUE(slept);
    EXPECT_EQ(seen, (strings{"a", "b"}));
    ends.first->close();
    slept = co_await sleep_for(cx, 10ms);  // the reader sees the end
    EXPECT_TRUE(slept);
  });
}

TEST(Framed, ADeadlineEndsAnIdleRead) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    framed<line> lines(*ends.second);
    auto put = co_await write_all(cx, *ends.first, "a\n");
    EXPECT_TRUE(put);
    auto next = co_await lines.read(cx);
    EXPECT_TRUE(next);
    auto brief = cx.with_timeout(300ms);
    next = co_await lines.read(brief);
    EXPECT_EQ(next.error().kind(), error_kind::deadline);
    EXPECT_EQ(w.elapsed(), 300ms);
    auto longer = cx.with_timeout(5s);
    next = co_await lines.read(longer);
    EXPECT_EQ(next.error().kind(), error_kind::deadline);
    EXPECT_EQ(w.elapsed(), 5300ms);
  });
}

TEST(Framed, AMessageThatIsPassedOverDoesNotTakeTheTimeOfTheNext) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    framed<line> lines(*ends.second, line({.empty = empty_messages::skip}));
    lines.limit_message_time(3s);
    w.spawn("writer", [&](context& own) -> task<void> {
      for (const std::string_view part : {"\r", "\n", "he", "llo\n"}) {
        auto put = co_await write_all(own, *ends.first, part);
        EXPECT_TRUE(put);
        auto slept = co_await sleep_for(own, part == "\n" ? 1min : 1s);
        EXPECT_TRUE(slept);
      }
    });
    auto next = co_await lines.read(cx);
    EXPECT_TRUE(next) << next.error().message();
    EXPECT_EQ(next.value_or(std::nullopt), "hello");
    auto brief = cx.with_timeout(10s);
    next = co_await lines.read(brief);
    EXPECT_EQ(next.error().kind(), error_kind::deadline) << next.error().message();
  });
}

}  // namespace
}  // namespace fairlead::net
