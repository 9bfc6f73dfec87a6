// SPDX-License-Identifier: BSL-1.0
// Words on the command line into values.
#include "command_line.hpp"
#include "durations.hpp"
#include "given_values.hpp"
#include "text_file.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::cli {
namespace {

using namespace std::chrono_literals;
using words = std::vector<std::string>;

const std::vector<option> known{
    {"--data", "JSON", "what to send"},
    {"--header", "'K: V'", "a header"},
    {"--timeout", "MS", "how long"},
    {"--errors", "text|json", "how"},
    {"--help", "", "this"},
};

arguments parsed(const words& w) {
  auto given = parse(w, known);
  EXPECT_TRUE(given) << (given ? "" : given.error());
  return given ? *given : arguments{};
}
std::string refused(const words& w) {
  const auto given = parse(w, known);
  return given ? "accepted" : given.error();
}

TEST(CommandLine, OptionsTakeTheirValueFromTheNextWordOrBehindAnEqualsSign) {
  const auto given = parsed({"a", "--data", "1", "--timeout=20", "b"});
  EXPECT_EQ(given.operands, (words{"a", "b"}));
  EXPECT_EQ(given.value("--data"), "1");
  EXPECT_EQ(given.value("--timeout"), "20");
  EXPECT_FALSE(given.value("--header"));
}

TEST(CommandLine, ValuesMayBeEmptyHoldEqualsSignsAndLookLikeOptions) {
  const auto given = parsed({"--data=", "--header=A: b=c", "--timeout", "--help"});
  EXPECT_EQ(given.value("--data"), "");
  EXPECT_EQ(given.value("--header"), "A: b=c");
  EXPECT_EQ(given.value("--timeout"), "--help");
  EXPECT_FALSE(given.has("--help"));
}

TEST(CommandLine, RepeatedOptionsAreAllKept) {
  const auto given = parsed({"--header", "A: 1", "--header=B: 2"});
  EXPECT_EQ(given.options.at("--header"), (words{"A: 1", "B: 2"}));
  EXPECT_EQ(given.value("--header"), "B: 2");
}

TEST(CommandLine, HelpHasAShortForm) {
  EXPECT_TRUE(parsed({"a", "-h"}).has("--help"));
  EXPECT_EQ(refused({"-h=1"}), "unknown option -h");
}

TEST(CommandLine, BehindTwoDashesAllIsOperands) {
  const auto given = parsed({"-", "--", "--data", "-x"});
  EXPECT_EQ(given.operands, (words{"-", "--data", "-x"}));
}

TEST(CommandLine, MistakesAreToldInOneLine) {
  EXPECT_EQ(refused({"--tiemout", "5"}), "unknown option --tiemout; did you mean --timeout?");
  EXPECT_EQ(refused({"--qqqqqqqq"}), "unknown option --qqqqqqqq");
  EXPECT_EQ(refused({"--data"}), "--data needs a value: JSON");
  EXPECT_EQ(refused({"--help=1"}), "--help takes no value");
}

TEST(CommandLine, HelpIsAligned) {
  EXPECT_EQ(help_of({{"--a", "", "one"}, {"--bcd", "FILE", "two"}}),
            "  --a         one\n  --bcd FILE  two\n");
}

TEST(GivenValues, NumbersHaveBounds) {
  const auto read = [](const std::string& text) {
    const auto given = parsed({"--timeout", text});
    given_values values(given);
    const auto n = values.number("--timeout", 1, 100);
    return n ? std::to_string(*n) : *values.problem();
  };
  EXPECT_EQ(read("1"), "1");
  EXPECT_EQ(read("100"), "100");
  for (const auto* wrong :
       {"0", "101", "-1", "+5", "1.5", "5ms", "", " 5", "99999999999999999999"}) {
    EXPECT_EQ(read(wrong),
              std::string("--timeout needs a whole number from 1 to 100, not \"") + wrong + "\"");
  }
}

TEST(GivenValues, TimesAreMillisecondsAndAbsentOnesAreNoProblem) {
  const auto given = parsed({"--timeout=250"});
  given_values values(given);
  EXPECT_EQ(values.milliseconds("--timeout"), 250ms);
  EXPECT_FALSE(values.milliseconds("--data"));
  EXPECT_FALSE(values.problem());
}

TEST(GivenValues, TheFirstProblemCounts) {
  const auto given = parsed({"--timeout=0", "--errors=xml"});
  given_values values(given);
  (void)values.milliseconds("--timeout");
  (void)values.errors();
  ASSERT_TRUE(values.problem());
  EXPECT_TRUE(values.problem()->starts_with("--timeout"));
}

TEST(GivenValues, ErrorsAreTextOrJson) {
  const auto style = [](const words& w) {
    const auto given = parsed(w);
    given_values values(given);
    return values.errors();
  };
  EXPECT_EQ(style({"--errors", "json"}), error_style::json);
  EXPECT_EQ(style({"--errors", "text"}), error_style::text);
  const auto given = parsed({"--errors", "xml"});
  given_values values(given);
  (void)values.errors();
  EXPECT_EQ(values.problem(), "--errors needs text or json, not \"xml\"");
}

TEST(GivenValues, ExclusiveOptionsAreToldWhenBothAreThere) {
  const auto given = parsed({"--data=1", "--help"});
  given_values values(given);
  values.exclusive("--data", "--header");
  EXPECT_FALSE(values.problem());
  values.exclusive("--data", "--help");
  EXPECT_EQ(values.problem(), "--data and --help exclude each other: give one of them");
}

TEST(Durations, AreShownInMillisecondsWithWhatIsNeeded) {
  EXPECT_EQ(milliseconds_text(0ns), "0");
  EXPECT_EQ(milliseconds_text(12ms), "12");
  EXPECT_EQ(milliseconds_text(1500us), "1.5");
  EXPECT_EQ(milliseconds_text(1050us), "1.05");
  EXPECT_EQ(milliseconds_text(1005us), "1.005");
  EXPECT_EQ(milliseconds_text(400ns), "0");
  EXPECT_EQ(milliseconds_text(600ns), "0.001");
  EXPECT_EQ(milliseconds_text(-2500us), "-2.5");
}

TEST(Utf8, WhatIsNoneIsReplacedByteByByte) {
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(valid_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x92"),
            "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x92");
  EXPECT_EQ(valid_utf8("\xff"
                       "a"),
            mark + "a");
  EXPECT_EQ(valid_utf8("\xc3"), mark);                        // cut off
  EXPECT_EQ(valid_utf8("\xc0\x80"), mark + mark);             // overlong
  EXPECT_EQ(valid_utf8("\xe0\x80\x80"), mark + mark + mark);  // overlong
  EXPECT_EQ(valid_utf8("\xed\xa0\x80"), mark + mark + mark);  // a surrogate
  EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80").size(), 12U);      // beyond the last code point
  EXPECT_TRUE(is_utf8("\xc3\xa9"));
  EXPECT_FALSE(is_utf8("\xc3"));
}

TEST(Files, ThatCannotBeReadSayWhy) {
  EXPECT_EQ(read_all("/nonexistent/x").error(), "No such file or directory");
  EXPECT_EQ(read_all("/").error(), "Is a directory");
  EXPECT_TRUE(write_all("/nonexistent/x", "").has_value());
}

}  // namespace
}  // namespace fairlead::cli
