// SPDX-License-Identifier: BSL-1.0
// Events as the HTML standard has them, in every split.
#include <fairlead/core/error.hpp>
#include <fairlead/http/server_event.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

// "type|data|id" for each event of `text`, read in portions.
std::vector<std::string> events(event_parser& parser, std::string_view text, std::size_t portion) {
  std::vector<std::string> out;
  while (!text.empty()) {
    auto piece = text.substr(0, portion);
    text.remove_prefix(piece.size());
    while (!piece.empty()) {
      auto got = parser.next(piece);
      if (!got) {
        out.push_back(got.error().message());
        return out;
      }
      if (*got) {
        out.push_back(std::string((*got)->type) + "|" + std::string((*got)->data) + "|" +
                      std::string((*got)->id));
      }
    }
  }
  return out;
}

std::vector<std::string> events(std::string_view text) {
  event_parser whole;
  const auto expected = events(whole, text, text.size());
  for (std::size_t portion = 1; portion < text.size(); ++portion) {
    event_parser parser;
    EXPECT_EQ(events(parser, text, portion), expected) << "in portions of " << portion;
  }
  return expected;
}

using list = std::vector<std::string>;

TEST(ServerEvent, ReadsTheExamplesOfTheStandard) {
  EXPECT_EQ(events("data: YHOO\ndata: +2\ndata: 10\n\n"), (list{"message|YHOO\n+2\n10|"}));
  EXPECT_EQ(events(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
                   "data:  third event\n\n"),
            (list{"message|first event|1", "message|second event|", "message| third event|"}));
  EXPECT_EQ(events("data\n\ndata\ndata\n\ndata:"), (list{"message||", "message|\n|"}));
  EXPECT_EQ(events("data:test\n\ndata: test\n\n"), (list{"message|test|", "message|test|"}));
}

TEST(ServerEvent, KnowsEveryEndOfALine) {
  EXPECT_EQ(events("event: a\rdata: 1\r\rdata: 2\r\n\r\ndata: 3\n\rdata: 4\r\n\n"),
            (list{"a|1|", "message|2|", "message|3|", "message|4|"}));
}

TEST(ServerEvent, KeepsTheLastIdAcrossEvents) {
  EXPECT_EQ(events("id: 7\ndata: a\n\ndata: b\n\n"), (list{"message|a|7", "message|b|7"}));
  EXPECT_EQ(events("id: 7\ndata: a\n\nid: x\0y\ndata: c\n\n"sv),
            (list{"message|a|7", "message|c|7"}))
      << "an id with a NUL is none";
  EXPECT_EQ(events("id: 8\n\ndata: c\n\n"), (list{"message|c|8"}))
      << "an id without data counts too";
}

TEST(ServerEvent, ForgetsTheTypeOfAnEventWithoutData) {
  EXPECT_EQ(events("event: add\n\ndata: 1\n\n"), (list{"message|1|"}));
}

TEST(ServerEvent, DropsAByteOrderMarkAtTheStartOnly) {
  EXPECT_EQ(events("\xef\xbb\xbf"
                   "data: 1\n\n\xef\xbb\xbf"
                   "data: 2\n\n"),
            (list{"message|1|"}));
}

TEST(ServerEvent, DiscardsHalfAnEventAtTheEnd) {
  event_parser parser;
  EXPECT_EQ(events(parser, "id: 1\ndata: a\n\nid: 2\ndata: b\n", 100), (list{"message|a|1"}));
  EXPECT_EQ(parser.last_id(), "1") << "the second was not complete";
  parser.restart();
  EXPECT_EQ(events(parser, "data: c\n\n", 100), (list{"message|c|1"}));
}

TEST(ServerEvent, ReadsHowLongToWait) {
  const auto retry = [](std::string_view text) {
    event_parser parser;
    events(parser, text, 100);
    return parser.retry();
  };
  EXPECT_EQ(retry("retry: 1500\n"), 1500ms);
  for (const std::string_view wrong : {"retry: 1.5\n", "retry: -1\n", "retry: x\n", "retry:\n",
                                       "retry: 99999999999999\n", "retry: 1 \n"}) {
    EXPECT_EQ(retry(wrong), std::nullopt) << wrong;
  }
}

TEST(ServerEvent, RefusesWhatGrowsWithoutBound) {
  event_parser lines(10);
  EXPECT_EQ(events(lines, "data: 0123456789", 3).back(),
            "too_large: server-sent event exceeds 10 [body]");
  event_parser many(20);
  const auto got = events(many, "data: 012345\ndata: 012345\ndata: 012345\ndata: 012345\n", 5);
  EXPECT_EQ(got.size(), 1U);
  EXPECT_EQ(got.back().substr(0, 9), "too_large");
}

TEST(ServerEvent, ReadsWhatItWrites) {
  for (const auto& e :
       {server_event{"message", "", ""}, server_event{"message", "one", "1"},
        server_event{"add", "a\nb\n\nc\n", "x y"}, server_event{"t", " lead", ""}}) {
    const auto text = format_event(e);
    ASSERT_TRUE(text);
    EXPECT_EQ(events(*text),
              (list{std::string(e.type) + "|" + std::string(e.data) + "|" + std::string(e.id)}))
        << *text;
  }
  EXPECT_EQ(format_event({"message", "a\r\nb\rc", ""}), "data: a\ndata: b\ndata: c\n\n");
}

TEST(ServerEvent, RefusesToWriteWhatBreaksOut) {
  for (const auto& e : {server_event{"a\nb", "", ""}, server_event{"a\r", "", ""},
                        server_event{"a", "", "1\n2"}, server_event{"a", "", "\0"sv}}) {
    const auto text = format_event(e);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().kind(), error_kind::invalid_argument);
  }
}

}  // namespace
}  // namespace fairlead::http
