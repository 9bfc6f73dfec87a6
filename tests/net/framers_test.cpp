// SPDX-License-Identifier: BSL-1.0
// The framers alone: delimiters, lengths, JSON lines, one read; bytes in, messages out, at every
// split.
#include <fairlead/net/delimiter.hpp>
#include <fairlead/net/json_lines.hpp>
#include <fairlead/net/length_prefix.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/one_read.hpp>

#include <fairlead/core/random.hpp>

#include <gtest/gtest.h>

#include "support/framer_probe.hpp"

#include <limits>

namespace fairlead::net {
namespace {

using fairlead::testing::bytes_of;
using fairlead::testing::messages_of;
using fairlead::testing::strings;
using namespace std::string_literals;

// The same at every pair of splits and byte by byte; what it is.
template <framer F>
strings at_every_split(const F& rule, const std::string& text,
                       oversized too_long = oversized::fails) {
  const auto expected = messages_of(rule, {text}, too_long);
  for (std::size_t i = 0; i <= text.size(); ++i) {
    for (std::size_t j = i; j <= text.size(); ++j) {
      EXPECT_EQ(
          messages_of(rule, {text.substr(0, i), text.substr(i, j - i), text.substr(j)}, too_long),
          expected)
          << "split at " << i << " and " << j;
    }
  }
  EXPECT_EQ(messages_of(rule, bytes_of(text), too_long), expected);
  return expected;
}

// What `rule` writes for `message`, or the kind of its refusal.
template <framer F>
std::string on_the_wire(const F& rule, std::string_view message) {
  const auto edges = rule.edges(message);
  if (!edges) {
    return "<" + std::string(to_string(edges.error().kind())) + ">";
  }
  return std::string(edges->before()) + std::string(message) + std::string(edges->after());
}

// Random messages through a framer and back.
template <framer F>
void there_and_back(const F& rule, std::string_view alphabet, std::uint64_t seed) {
  random_source random(seed);
  std::string wire;
  strings sent;
  for (int i = 0; i < 200; ++i) {
    std::string message;
    for (auto n = random.below(20); n > 0; --n) {
      message += alphabet[random.below(alphabet.size())];
    }
    const auto edges = rule.edges(message);
    if (edges) {
      wire += std::string(edges->before()) + message + std::string(edges->after());
      sent.push_back(std::move(message));
    }
  }
  EXPECT_GT(sent.size(), 20U);
  strings pieces;
  for (std::size_t at = 0; at < wire.size();) {
    const auto n = 1 + random.below(7);
    pieces.push_back(wire.substr(at, n));
    at += n;
  }
  EXPECT_EQ(messages_of(rule, pieces), sent);
}

TEST(Delimiter, EndsAMessageAtItsFirstPlace) {
  EXPECT_EQ(at_every_split(delimiter("\0"s), "a\0\0bc\0"s), (strings{"a", "", "bc"}));
  EXPECT_EQ(at_every_split(delimiter("\r\n.\r\n"), "one\r\ntwo\r\n.\r\n.\r\n.\r\n"),
            (strings{"one\r\ntwo", "."}));
  EXPECT_EQ(at_every_split(delimiter("aa"), "xaaaayaa"), (strings{"x", "", "y"}));
  EXPECT_EQ(at_every_split(delimiter("aab"), "aaabaabc"),
            (strings{"a", "", "<connection_closed>"}));
  EXPECT_EQ(at_every_split(delimiter("0123456789abcdef"), "x0123456789abcdef"), (strings{"x"}));
}

TEST(Delimiter, SkipsEmptyMessagesWhenAsked) {
  EXPECT_EQ(at_every_split(delimiter("||", {.empty = empty_messages::skip}), "||a||||b||||"),
            (strings{"a", "b"}));
}

TEST(Delimiter, RefusesMessagesBeyondTheLimitOnceAndForAll) {
  const delimiter four("||", {.limit = 4});
  EXPECT_EQ(at_every_split(four, "ok||1234||"), (strings{"ok", "1234"}));
  EXPECT_EQ(at_every_split(four, "ok||12345||x||"), (strings{"ok", "<too_large>"}));
  EXPECT_EQ(at_every_split(four, "ok||1234|5||x||"), (strings{"ok", "<too_large>"}));
  EXPECT_EQ(at_every_split(four, "1234|"), (strings{"<connection_closed>"}));
}

TEST(Delimiter, GoesOnBehindALongMessageWhenAsked) {
  const delimiter four("||", {.limit = 4, .too_long = oversized::skipped});
  EXPECT_EQ(at_every_split(four, "ok||12345||x||||", oversized::skipped),
            (strings{"ok", "<too_large>", "x", ""}));
  EXPECT_EQ(at_every_split(four, "123456789|x|||y||", oversized::skipped),
            (strings{"<too_large>", "|y"}));
  EXPECT_EQ(at_every_split(four, "12345||12345||z||", oversized::skipped),
            (strings{"<too_large>", "<too_large>", "z"}));
  EXPECT_EQ(at_every_split(four, "x||123456789", oversized::skipped),
            (strings{"x", "<too_large>", "<connection_closed>"}));
}

TEST(Delimiter, WhatTheEndLeavesIsAMessageWhenAsked) {
  const delimiter last("||", {.limit = 4, .last = unfinished::message});
  EXPECT_EQ(at_every_split(last, "a||b"), (strings{"a", "b"}));
  EXPECT_EQ(at_every_split(last, "a||"), (strings{"a"}));
  EXPECT_EQ(at_every_split(last, "a||1234|"), (strings{"a", "<too_large>"}));
}

TEST(Delimiter, WritesNothingThatWouldBeCutElsewhere) {
  const delimiter rule("aab", {.limit = 5});
  EXPECT_EQ(on_the_wire(rule, "xy"), "xyaab");
  EXPECT_EQ(on_the_wire(rule, "xaaby"), "<invalid_argument>");
  EXPECT_EQ(on_the_wire(rule, "123456"), "<too_large>");
  EXPECT_EQ(on_the_wire(delimiter(";;"), "x;"), "<invalid_argument>") << "x;;; reads as x and ;";
  EXPECT_EQ(on_the_wire(delimiter("aba"), "xab"), "<invalid_argument>");
  EXPECT_EQ(on_the_wire(delimiter("ab"), "xa"), "xaab");
  there_and_back(delimiter("ab"), "abc", 1);
  there_and_back(delimiter("aab"), "ab", 2);
  there_and_back(delimiter(";;"), ";x", 3);
  there_and_back(delimiter("\n"), "\nabc\r", 4);
}

TEST(Delimiter, IsOneToSixteenBytes) {
  EXPECT_THROW(delimiter(""), std::invalid_argument);
  EXPECT_THROW(delimiter("0123456789abcdefg"), std::invalid_argument);
  EXPECT_THROW(delimiter("x", {.limit = 0}), std::invalid_argument);
}

TEST(LineResync, GoesOnBehindALongLineWhenAsked) {
  const line four({.limit = 4, .too_long = oversized::skipped});
  EXPECT_EQ(at_every_split(four, "ok\n12345\nx\n1234\r\n", oversized::skipped),
            (strings{"ok", "<too_large>", "x", "1234"}));
  EXPECT_EQ(at_every_split(four, "123456\r\n\n12345", oversized::skipped),
            (strings{"<too_large>", "", "<too_large>", "<connection_closed>"}));
  const line skipping({.limit = 4, .empty = empty_messages::skip, .too_long = oversized::skipped});
  EXPECT_EQ(at_every_split(skipping, "\n\n12345\n\nx\n", oversized::skipped),
            (strings{"<too_large>", "x"}));
}

TEST(LineResync, ALineThatIsPassedOverIsNotKept) {
  line four({.limit = 4, .too_long = oversized::skipped});
  const std::string flood(1000, 'x');
  EXPECT_FALSE(four.next(flood));
  for (int i = 0; i < 10; ++i) {
    const auto step = four.next(flood);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->frame, std::nullopt);
    EXPECT_EQ(step->consumed, flood.size());
  }
  const auto step = four.next("xx\nnext\n");
  EXPECT_EQ(step->frame, "next");
}

TEST(LineEnd, WhatTheEndLeavesIsALineWhenAsked) {
  const line last({.limit = 4, .last = unfinished::message});
  EXPECT_EQ(at_every_split(last, "a\nb\r"), (strings{"a", "b"}));
  EXPECT_EQ(at_every_split(last, "a\n"), (strings{"a"}));
  EXPECT_EQ(at_every_split(last, "a\n1234\r"), (strings{"a", "1234"}));
  const line skipping({.empty = empty_messages::skip, .last = unfinished::message});
  EXPECT_EQ(at_every_split(skipping, "a\n\r"), (strings{"a"}));
}

TEST(JsonLines, PassesOverEmptyLinesAndLooksAtNothingElse) {
  EXPECT_EQ(at_every_split(json_lines(), "{\"a\":1}\r\n\n\r\n[]\nnot json \n"),
            (strings{"{\"a\":1}", "[]", "not json "}));
  EXPECT_EQ(at_every_split(json_lines({.limit = 4, .too_long = oversized::skipped}), "12345\n1\n",
                           oversized::skipped),
            (strings{"<too_large>", "1"}));
  EXPECT_EQ(at_every_split(json_lines({.last = unfinished::message}), "1\n2"), (strings{"1", "2"}));
  EXPECT_EQ(on_the_wire(json_lines(), "{}"), "{}\n");
  EXPECT_EQ(on_the_wire(json_lines(), ""), "<invalid_argument>");
  EXPECT_EQ(on_the_wire(json_lines(), "[1,\n2]"), "<invalid_argument>");
  EXPECT_THROW(json_lines({.limit = 0}), std::invalid_argument);
}

TEST(OneRead, TakesWhatComesWithoutItsLineEnd) {
  EXPECT_EQ(messages_of(one_read(), {"reply", "two\r\n", "\n", "three\n\n"}),
            (strings{"reply", "two", "three"}));
  EXPECT_EQ(messages_of(one_read({.limit = 4}), {"1234", "12345"}),
            (strings{"1234", "<too_large>"}));
  EXPECT_EQ(on_the_wire(one_read(), "ask"), "ask\n");
  EXPECT_EQ(on_the_wire(one_read({.limit = 2, .written_end = ""}), "ask"), "<too_large>");
  EXPECT_EQ(on_the_wire(one_read({.limit = 3, .written_end = ""}), "ask"), "ask");
  EXPECT_THROW(one_read({.limit = 0}), std::invalid_argument);
  EXPECT_THROW(one_read({.written_end = "0123456789abcdefg"}), std::invalid_argument);
}

struct format_case {
  length_format format;
  std::string five;  // the header of a message of 5 bytes
  std::size_t header;
};

const std::vector<format_case>& formats() {
  static const std::vector<format_case> all = {
      {length_format::u8, "\x05"s, 1},
      {length_format::u16_big, "\x00\x05"s, 2},
      {length_format::u16_little, "\x05\x00"s, 2},
      {length_format::u32_big, "\x00\x00\x00\x05"s, 4},
      {length_format::u32_little, "\x05\x00\x00\x00"s, 4},
      {length_format::u64_big, "\x00\x00\x00\x00\x00\x00\x00\x05"s, 8},
      {length_format::u64_little, "\x05\x00\x00\x00\x00\x00\x00\x00"s, 8},
      {length_format::varint, "\x05"s, 1},
  };
  return all;
}

TEST(LengthPrefix, WritesAndReadsEveryFormat) {
  for (const auto& f : formats()) {
    const length_prefix rule({.format = f.format});
    EXPECT_EQ(on_the_wire(rule, "hello"), f.five + "hello");
    const auto text = f.five + "hello" + on_the_wire(rule, "") + f.five + "w\0rld"s;
    EXPECT_EQ(at_every_split(rule, text), (strings{"hello", "", "w\0rld"s}));
    there_and_back(rule, "abc\0\n"s, 5);
  }
}

TEST(LengthPrefix, MayCountItself) {
  for (const auto& f : formats()) {
    if (f.format == length_format::varint) {
      continue;
    }
    const length_prefix rule({.format = f.format, .counts = length_counts::header_and_message});
    std::string three = f.five;
    for (char& c : three) {
      c = c == '\x05' ? static_cast<char>(3 + f.header) : c;
    }
    EXPECT_EQ(on_the_wire(rule, "abc"), three + "abc");
    EXPECT_EQ(at_every_split(rule, three + "abc" + three + "def"), (strings{"abc", "def"}));
    std::string zero(f.header, '\0');
    EXPECT_EQ(at_every_split(rule, zero), (strings{"<protocol_error>"}));
  }
}

TEST(LengthPrefix, RefusesALengthAsSoonAsItHasCome) {
  const length_prefix rule({.limit = 10});
  length_prefix alone = rule;
  const auto step = alone.next("\xff\xff\xff\xff"s);
  ASSERT_FALSE(step);
  const auto what = step.error().get<errors::too_large>();
  EXPECT_EQ(what->limit, 10U);
  EXPECT_EQ(what->actual, 0xffffffffU);
  EXPECT_EQ(at_every_split(rule, "\0\0\0\x0a"s + "0123456789" + "\0\0\0\x0b"s + "01234567890"),
            (strings{"0123456789", "<too_large>"}));
  const length_prefix wide({.format = length_format::u64_big, .limit = 10});
  EXPECT_EQ(at_every_split(wide, "\xff\xff\xff\xff\xff\xff\xff\xff"s), (strings{"<too_large>"}));
  EXPECT_EQ(on_the_wire(rule, "01234567890"), "<too_large>");
}

TEST(LengthPrefix, WritesNoMoreThanTheFormatCanSay) {
  const std::string longest(255, 'x');
  const length_prefix plain({.format = length_format::u8});
  EXPECT_EQ(on_the_wire(plain, longest), "\xff" + longest);
  EXPECT_EQ(on_the_wire(plain, longest + "x"), "<too_large>");
  const length_prefix self(
      {.format = length_format::u8, .counts = length_counts::header_and_message});
  EXPECT_EQ(on_the_wire(self, longest.substr(1)), "\xff" + longest.substr(1));
  EXPECT_EQ(on_the_wire(self, longest), "<too_large>");
}

TEST(LengthPrefix, VarintsAreLeb128) {
  const length_prefix rule({.format = length_format::varint});
  EXPECT_EQ(on_the_wire(rule, std::string(300, 'x')), "\xac\x02" + std::string(300, 'x'));
  EXPECT_EQ(at_every_split(rule, "\x83\x80\x00"s + "abc"), (strings{"abc"}))
      << "more bytes than needed, as protobuf allows";
  const auto ten = "\xff\xff\xff\xff\xff\xff\xff\xff\xff"s;
  EXPECT_EQ(at_every_split(rule, ten + "\x01"), (strings{"<too_large>"}));
  EXPECT_EQ(at_every_split(rule, ten + "\x02"), (strings{"<protocol_error>"}));
  EXPECT_EQ(at_every_split(rule, ten + "\x81"), (strings{"<protocol_error>"}));
  EXPECT_EQ(at_every_split(rule, "\x80"), (strings{"<connection_closed>"}));
}

TEST(LengthPrefix, SaysHowMuchIsMissing) {
  length_prefix rule;
  const auto step = rule.end("\0\0\0\x05"s + "abc");
  ASSERT_FALSE(step);
  const auto what = step.error().get<errors::connection_closed>();
  EXPECT_EQ(what->received, 7U);
  EXPECT_EQ(what->expected, 9U);
  EXPECT_EQ(at_every_split(rule, "\0\0\0"s), (strings{"<connection_closed>"}));
}

TEST(LengthPrefix, RefusesOptionsThatMeanNothing) {
  EXPECT_THROW(length_prefix({.limit = 0}), std::invalid_argument);
  EXPECT_THROW(
      length_prefix({.format = length_format::varint, .counts = length_counts::header_and_message}),
      std::invalid_argument);
}

}  // namespace
}  // namespace fairlead::net
