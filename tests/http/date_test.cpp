// SPDX-License-Identifier: BSL-1.0
// Dates and Retry-After, with the examples of RFC 9110.
#include <fairlead/http/date.hpp>
#include <fairlead/http/method.hpp>
#include <fairlead/http/status.hpp>

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using wall = std::chrono::system_clock::time_point;

const wall example{std::chrono::seconds(784'111'777)};  // 1994-11-06T08:49:37Z

TEST(HttpDate, IsWrittenInTheFixedForm) {
  EXPECT_EQ(format_date(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_date(wall{}), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_date(example + 999ms), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpDate, IsReadInAllThreeForms) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), example);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT"), example);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994"), example);
  EXPECT_EQ(parse_date("Thu, 29 Feb 2024 00:00:00 GMT"),
            wall(std::chrono::sys_days(std::chrono::year(2024) / 2 / 29)));
}

TEST(HttpDate, RefusesEverythingElse) {
  for (const auto* text : {"", "yesterday", "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Xyz 1994 08:49:37 GMT",
                           "Sun, 06 Nov 9999 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT+1"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

TEST(HttpDate, EveryDayOfAYearComesBack) {
  for (int day = 0; day < 366; ++day) {
    const auto at = example + std::chrono::hours(24 * day) + std::chrono::seconds(day);
    EXPECT_EQ(parse_date(format_date(at)), at);
  }
}

TEST(RetryAfter, TakesSecondsAndDates) {
  EXPECT_EQ(parse_retry_after("120", example), 120s);
  EXPECT_EQ(parse_retry_after(" 0 ", example), 0s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", example), 60s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", example), 0s);
  EXPECT_EQ(parse_retry_after("99999999999999999999999", example), std::chrono::hours(24 * 3650));
  for (const auto* text : {"", "-1", "1.5", "soon", "0x10"}) {
    EXPECT_FALSE(parse_retry_after(text, example)) << text;
  }
}

TEST(Method, KnowsItsNamesAndNature) {
  for (std::size_t i = 0; i < method_count; ++i) {
    const auto m = static_cast<method>(i);
    EXPECT_EQ(parse_method(to_string(m)), m);
  }
  EXPECT_FALSE(parse_method("get"));
  EXPECT_FALSE(parse_method(""));
  EXPECT_TRUE(is_idempotent(method::put));
  EXPECT_FALSE(is_idempotent(method::post));
  EXPECT_FALSE(is_idempotent(method::patch));
  EXPECT_TRUE(is_safe(method::head));
  EXPECT_FALSE(is_safe(method::del));
}

TEST(Status, HasPhrases) {
  EXPECT_EQ(reason_phrase(status::not_found), "Not Found");
  EXPECT_EQ(reason_phrase(static_cast<status>(599)), "Unknown");
  EXPECT_TRUE(is_success(static_cast<status>(299)));
  EXPECT_FALSE(is_success(static_cast<status>(300)));
  EXPECT_TRUE(is_bodyless(status::no_content));
  EXPECT_TRUE(is_bodyless(status::continue_));
  EXPECT_FALSE(is_bodyless(status::ok));
}

}  // namespace
}  // namespace fairlead::http
