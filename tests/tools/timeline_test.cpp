// SPDX-License-Identifier: BSL-1.0
// What the timelines are made of: texts that fit, round instants, rows.
#include "lab/plain_text.hpp"
#include "lab/svg_marks.hpp"
#include "lab/time_axis.hpp"
#include "lab/timeline_layout.hpp"
#include "lab/timeline_svg.hpp"
#include "lab/timeline_text.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::lab {
namespace {

using namespace std::chrono_literals;

execution_record run_of(std::uint32_t attempt, duration start, std::optional<duration> end) {
  execution_record e;
  e.attempt = attempt;
  e.start = start;
  e.end = end;
  if (end) {
    e.outcome = "success";
  }
  return e;
}

std::vector<std::string> labels_of(const time_axis& axis, std::size_t most) {
  std::vector<std::string> out;
  for (const auto& t : axis.ticks(most)) {
    out.push_back(t.label);
  }
  return out;
}

using texts = std::vector<std::string>;

TEST(PlainText, WritesNumbersShort) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(10), "10");
  EXPECT_EQ(short_number(2.5), "2.5");
  EXPECT_EQ(short_number(270.488), "270.5");
  EXPECT_EQ(short_number(9999.9), "10000");
  EXPECT_EQ(short_number(0.0625), "0.062");
}

TEST(PlainText, ChoosesAUnitForATime) {
  EXPECT_EQ(time_text(0ms), "0 ms");
  EXPECT_EQ(time_text(1500us), "1.5 ms");
  EXPECT_EQ(time_text(9s), "9000 ms");
  EXPECT_EQ(time_text(10s), "10 s");
  EXPECT_EQ(time_text(61s), "61 s");
  EXPECT_EQ(time_text(90min), "90 min");
  EXPECT_EQ(time_text(48h), "48 h");
}

TEST(PlainText, CountsCharactersNotBytes) {
  EXPECT_EQ(length_of("h\xC3\xA9!"), 3U);
  EXPECT_EQ(clipped("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 4), "\xC3\xA9...");
  EXPECT_EQ(clipped("four", 4), "four");
}

TEST(PlainText, KeepsTextsOnOneLine) {
  EXPECT_EQ(on_one_line("a\nb\t\x1B[1m\x7F"), "a\\u000ab\\u0009\\u001b[1m\\u007f");
  EXPECT_EQ(on_one_line("a\xC2\x85"
                        "b\xE2\x80\xA8"
                        "c\xE2\x80\xA9"),
            "a\\u0085b\\u2028c\\u2029");
  EXPECT_EQ(on_one_line("h\xC3\xA9\xC2\xA0\xE2\x80\xA6\\"), "h\xC3\xA9\xC2\xA0\xE2\x80\xA6\\");
  EXPECT_EQ(on_one_line("cut \xC2"), "cut \xC2");
}

TEST(PlainText, BreaksLinesAtSpacesOrWhereItMust) {
  EXPECT_EQ(wrapped("one two three", 7), (texts{"one two", "three"}));
  EXPECT_EQ(wrapped("abcdefghij kl", 4), (texts{"abcd", "efgh", "ij", "kl"}));
  EXPECT_EQ(wrapped("", 10), texts{""});
}

TEST(TimeAxis, WritesRoundInstants) {
  EXPECT_EQ(labels_of(time_axis(4500ms, 100), 6),
            (texts{"0 ms", "1000 ms", "2000 ms", "3000 ms", "4000 ms"}));
  EXPECT_EQ(labels_of(time_axis(90s, 100), 6), (texts{"0 s", "20 s", "40 s", "60 s", "80 s"}));
  EXPECT_EQ(labels_of(time_axis(30min, 100), 4), (texts{"0 min", "10 min", "20 min", "30 min"}));
  EXPECT_EQ(labels_of(time_axis(277h, 100), 5).front(), "0 h");
}

TEST(TimeAxis, NeverWritesMoreThanFit) {
  for (auto end = duration(1ns); end < 1000h; end = end * 3 + 1ns) {
    for (const std::size_t most : {2U, 5U, 13U}) {
      const auto ticks = time_axis(end, 800).ticks(most);
      EXPECT_GE(ticks.size(), 1U);
      EXPECT_LE(ticks.size(), most);
      EXPECT_LE(ticks.back().at, 800);
    }
  }
}

TEST(TimeAxis, KeepsWhatIsBeyondItAtItsEnds) {
  const time_axis axis(100ms, 50);
  EXPECT_DOUBLE_EQ(axis.at(20ms), 10);
  EXPECT_DOUBLE_EQ(axis.at(-1ms), 0);
  EXPECT_DOUBLE_EQ(axis.at(duration::max()), 50);
}

TEST(LaneLayout, PutsRunsThatOverlapInRowsOfTheirOwn) {
  const std::vector<execution_record> runs{run_of(1, 0ms, 50ms), run_of(2, 20ms, 40ms),
                                           run_of(3, 40ms, 60ms), run_of(4, 70ms, std::nullopt)};
  call_story story;
  for (const auto& r : runs) {
    story.runs.push_back(&r);
  }
  const auto lane = lay_out(story, time_axis(100ms, 100), {.narrowest = 1, .rows = 6, .runs = 10});
  ASSERT_EQ(lane.runs.size(), 4U);
  EXPECT_EQ(lane.rows, 2U);
  EXPECT_EQ(lane.runs[1].row, 1U);
  EXPECT_EQ(lane.runs[2].row, 1U);
  EXPECT_EQ(lane.runs[3].row, 0U);
  EXPECT_DOUBLE_EQ(lane.runs[3].to, 100);  // still running at the end
  event_record e;
  e.at = 30ms;
  e.attempt = 2;
  EXPECT_EQ(row_of(e, lane), 1U);
  e.attempt = 7;
  EXPECT_EQ(row_of(e, lane), 0U);
}

TEST(LaneLayout, MovesARunAsideRatherThanHideOne) {
  const std::vector<execution_record> runs{run_of(1, 10ms, 10ms), run_of(2, 10ms, 10ms),
                                           run_of(3, 10ms, 10ms)};
  call_story story;
  for (const auto& r : runs) {
    story.runs.push_back(&r);
  }
  const auto lane = lay_out(story, time_axis(100ms, 100), {.narrowest = 3, .rows = 6, .runs = 10});
  ASSERT_EQ(lane.runs.size(), 3U);
  EXPECT_DOUBLE_EQ(lane.runs[0].from, 10);
  EXPECT_DOUBLE_EQ(lane.runs[1].from, 13);
  EXPECT_DOUBLE_EQ(lane.runs[2].from, 16);
}

TEST(LaneLayout, CountsWhatItHasNoRoomFor) {
  std::vector<execution_record> runs;
  for (std::uint32_t i = 0; i < 8; ++i) {
    runs.push_back(run_of(i + 1, 0ms, 100ms));
  }
  call_story story;
  for (const auto& r : runs) {
    story.runs.push_back(&r);
  }
  const auto lane = lay_out(story, time_axis(100ms, 100), {.narrowest = 1, .rows = 6, .runs = 10});
  EXPECT_EQ(lane.rows, 6U);
  EXPECT_EQ(lane.omitted, 2U);
}

TEST(Looks, DifferInMoreThanTheirColour) {
  for (const auto looks : {svg::run_looks(), svg::call_looks()}) {
    std::set<std::string_view> signs;
    for (const auto& l : looks) {
      EXPECT_FALSE(l.sign.empty()) << l.name;
      EXPECT_TRUE(signs.insert(l.sign).second) << l.name;
    }
  }
  std::set<std::string_view> fills;
  for (const auto& l : svg::state_looks()) {
    EXPECT_TRUE(fills.insert(l.fill).second) << l.name;
  }
}

TEST(Looks, HaveAShapeForEveryMark) {
  const auto shapes = svg::definitions();
  for (const auto& m : svg::marks()) {
    EXPECT_NE(shapes.find("id=\"fl-mark-" + std::string(m.event) + "\""), std::string::npos)
        << m.event;
  }
}

TEST(Escaping, LeavesOnlyWhatXmlCanCarry) {
  EXPECT_EQ(svg::escaped("<a b=\"c\"> & d"), "&lt;a b=&quot;c&quot;&gt; &amp; d");
  EXPECT_EQ(svg::escaped("tab\tbell\x07"), "tab\tbell\xEF\xBF\xBD");
  EXPECT_EQ(svg::escaped("\xC3\xA9\xF0\x9F\x94\x92"), "\xC3\xA9\xF0\x9F\x94\x92");
  // Cut short, overlong, a surrogate, beyond Unicode, no character.
  for (const char* wrong :
       {"\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xEF\xBF\xBF"}) {
    EXPECT_EQ(svg::escaped(wrong), "\xEF\xBF\xBD");
  }
}

record flapping_breaker(int changes) {
  record r;
  r.end = 1s;
  r.description = "The operation, with nothing around it.";
  for (int i = 0; i < changes; ++i) {
    event_record e;
    e.at = 1'000'000us / changes * i;
    e.policy = "b";
    e.event = "state";
    e.from = i % 2 == 0 ? "closed" : "open";
    e.to = i % 2 == 0 ? "open" : "closed";
    r.events.push_back(std::move(e));
  }
  r.policies.push_back({"b", {{"type", "circuit_breaker"}, {"state", "closed"}}});
  return r;
}

TEST(TimelineSvg, StaysSmallWhenABreakerFlaps) {
  EXPECT_LT(timeline_svg(flapping_breaker(100'000)).size(), 300'000U);
}

TEST(TimelineSvg, StaysSmallWhenCallsRunAllTheTime) {
  auto r = flapping_breaker(2);
  r.calls.resize(200);
  for (std::size_t c = 0; c < r.calls.size(); ++c) {
    for (std::uint32_t i = 0; i < 1000; ++i) {
      auto e = run_of(i + 1, 1ms * i, 1ms * (i + 30));
      e.call = c;
      r.executions.push_back(std::move(e));
    }
  }
  EXPECT_LT(timeline_svg(r).size(), 3'000'000U);
}

TEST(TimelineSvg, LeavesOutPoliciesThatNobodyWouldRead) {
  auto r = flapping_breaker(2);
  for (int i = 0; i < 100; ++i) {
    r.policies.push_back({"k" + std::to_string(i), {{"type", "bulkhead"}, {"in_use", 1}}});
  }
  EXPECT_NE(timeline_svg(r).find("61 more policy lanes not drawn"), std::string::npos);
}

TEST(TimelineSvg, EndsSoonAfterTheLastThingThatHappens) {
  auto r = flapping_breaker(4);
  r.end = 60s;
  EXPECT_NE(timeline_svg(r).find(">then nothing until 60 s<"), std::string::npos);
  EXPECT_EQ(timeline_svg(r).find(">60 s<"), std::string::npos);
  r.calls.resize(1);  // it waits to the end
  EXPECT_EQ(timeline_svg(r).find("then nothing"), std::string::npos);
}

TEST(TimelineSvg, DrawsHowAnAdaptiveLimitMoved) {
  record r;
  r.end = 100ms;
  r.policies.push_back({"a", {{"type", "adaptive_limit"}, {"limit", 3}}});
  for (int i = 0; i < 3; ++i) {
    event_record e;
    e.at = 10ms * (i + 1);
    e.policy = "a";
    e.event = "limit";
    e.call = 0;
    e.value = i + 1;
    r.events.push_back(std::move(e));
  }
  r.calls.resize(1);
  EXPECT_NE(timeline_svg(r).find("the limit, at most 3"), std::string::npos);
}

TEST(TimelineText, ShowsTheStatesOfABreaker) {
  const auto text = timeline_text(flapping_breaker(2));
  EXPECT_NE(text.find("b            |##########################____________________________|"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace fairlead::lab
