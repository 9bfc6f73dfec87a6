// SPDX-License-Identifier: BSL-1.0
// The line framer alone: bytes in, lines out, no I/O.
#include <fairlead/net/line.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::net {
namespace {

// Feeds `pieces` one after the other; what came out, with the kind of the error at the end if any.
std::vector<std::string> lines_of(line rule, const std::vector<std::string>& pieces) {
  std::vector<std::string> out;
  std::string unread;
  for (const auto& piece : pieces) {
    unread += piece;
    for (;;) {
      auto step = rule.next(unread);
      if (!step) {
        out.push_back("<" + std::string(to_string(step.error().kind())) + ">");
        return out;
      }
      const bool got = step->frame.has_value();
      if (got) {
        out.emplace_back(*step->frame);
      }
      unread.erase(0, step->consumed);
      if (!got) {
        break;
      }
    }
  }
  auto last = rule.end(unread);
  if (!last) {
    out.push_back("<" + std::string(to_string(last.error().kind())) + ">");
  }
  return out;
}

using strings = std::vector<std::string>;

TEST(Line, EndsWithLfAndDropsOneCr) {
  EXPECT_EQ(lines_of(line(), {"a\nb\r\n\nc\r\r\n"}), (strings{"a", "b", "", "c\r"}));
  EXPECT_EQ(lines_of(line(), {"a\rb\n"}), (strings{"a\rb"}));
  EXPECT_EQ(lines_of(line(), {""}), strings{});
  EXPECT_EQ(lines_of(line(), {std::string("a\0b\n", 4)}), (strings{std::string("a\0b", 3)}));
}

TEST(Line, AnEndInTheMiddleIsAnError) {
  EXPECT_EQ(lines_of(line(), {"a\nb"}), (strings{"a", "<connection_closed>"}));
  EXPECT_EQ(lines_of(line(), {"\r"}), (strings{"<connection_closed>"}));
}

TEST(Line, SkipsEmptyLinesWhenAsked) {
  const line_options skip{.empty = empty_messages::skip};
  EXPECT_EQ(lines_of(line(skip), {"a\n\nb\r\n\r\n\n", "\n"}), (strings{"a", "b"}));
  EXPECT_EQ(lines_of(line(skip), {"\n\n", "\n\nc\n"}), (strings{"c"}));
}

TEST(Line, EverySplitGivesTheSame) {
  const std::string text = "first\r\n\r\nsecond\n\nthird line\r\n";
  for (const auto empty : {empty_messages::keep, empty_messages::skip}) {
    const line_options options{.limit = 10, .empty = empty};
    const auto expected = lines_of(line(options), {text});
    EXPECT_EQ(expected.size(), empty == empty_messages::keep ? 5U : 3U);
    for (std::size_t i = 0; i <= text.size(); ++i) {
      for (std::size_t j = i; j <= text.size(); ++j) {
        EXPECT_EQ(
            lines_of(line(options), {text.substr(0, i), text.substr(i, j - i), text.substr(j)}),
            expected)
            << "split at " << i << " and " << j;
      }
    }
    strings bytes;
    for (const char c : text) {
      bytes.emplace_back(1, c);
    }
    EXPECT_EQ(lines_of(line(options), bytes), expected);
  }
}

TEST(Line, RefusesLinesBeyondTheLimitAtEverySplit) {
  const line_options four{.limit = 4};
  EXPECT_EQ(lines_of(line(four), {"1234\n1234\r\n"}), (strings{"1234", "1234"}));
  for (const std::string text : {"ok\n12345\n", "ok\n12345\r\n", "ok\n12345", "ok\n123456789"}) {
    for (std::size_t i = 0; i <= text.size(); ++i) {
      EXPECT_EQ(lines_of(line(four), {text.substr(0, i), text.substr(i)}),
                (strings{"ok", "<too_large>"}))
          << text << " at " << i;
    }
  }
  EXPECT_EQ(lines_of(line(four), {"1234\r", "x\n"}), (strings{"<too_large>"}));
}

TEST(Line, SaysWhatWasTooLarge) {
  line rule({.limit = 4});
  const auto step = rule.next("123456");
  ASSERT_FALSE(step);
  const auto what = step.error().get<errors::too_large>();
  EXPECT_EQ(what->what, "line");
  EXPECT_EQ(what->limit, 4U);
  EXPECT_EQ(what->actual, 6U);
}

TEST(Line, WritesNothingThatWouldBeReadDifferently) {
  const line rule({.limit = 5});
  EXPECT_EQ(rule.edges("12345")->after(), "\n");
  EXPECT_EQ(rule.edges("12345")->before(), "");
  EXPECT_EQ(rule.edges("123456").error().kind(), error_kind::too_large);
  EXPECT_EQ(rule.edges("a\nb").error().kind(), error_kind::invalid_argument);
  EXPECT_EQ(rule.edges("ab\r").error().kind(), error_kind::invalid_argument);
  EXPECT_TRUE(rule.edges("a\rb"));
  EXPECT_TRUE(rule.edges(""));
}

TEST(Line, ALimitOfZeroIsAMistake) {
  EXPECT_THROW(line({.limit = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace fairlead::net
