// SPDX-License-Identifier: BSL-1.0
// What log lines say, which are written, and in which form.
#include "support/sim_test.hpp"

#include <fairlead/observe/log.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/observe/log_sinks.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::observe {
namespace {

using namespace std::chrono_literals;
using testing::run_in_world;

const std::chrono::system_clock::time_point noon{
    std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + 12h + 123456us};

log_record a_line(std::span<const attribute_view> fields = {}) {
  return {noon, severity::warning, "shop", "slow answer", fields, {}, 0};
}

// Keeps the lines without their times.
class kept final : public log_sink {
 public:
  void write(const log_record& l) noexcept override {
    auto line = l;
    line.at = noon;
    lines.push_back(to_console_line(line).substr(13));
    traces.push_back(l.trace);
    times.push_back(l.at);
  }
  std::vector<std::string> lines;
  std::vector<traceparent> traces;
  std::vector<std::chrono::system_clock::time_point> times;
};

TEST(Log, LinesHaveLevelsAndFields) {
  kept to;
  logger log(to, {.service = "shop", .level = severity::debug});
  run_in_world(1, [&](context& cx) -> task<void> {
    log.debug(cx, "a");
    log.information(cx, "user created", {{"user.id", 42}, {"name", "Ann"}});
    log.warning(cx, "b");
    log.error(cx, "c");
    log.log(severity::error, "no call");
    EXPECT_EQ(to.times.at(0), cx.env().time().wall_now());
    co_return;
  });
  EXPECT_EQ(to.lines, (std::vector<std::string>{
                          "DEBUG shop: a", "INFO  shop: user created  user.id=42 name=Ann",
                          "WARN  shop: b", "ERROR shop: c", "ERROR shop: no call"}));
}

TEST(Log, BelowItsLevelNothingIsWritten) {
  kept to;
  logger log(to);
  run_in_world(1, [&](context& cx) -> task<void> {
    log.debug(cx, "a");
    EXPECT_TRUE(to.lines.empty());
    EXPECT_FALSE(log.writes(severity::debug));
    log.set_level(severity::error);
    log.warning(cx, "b");
    log.write(severity::warning, &cx, "c", {});
    EXPECT_TRUE(to.lines.empty());
    log.error(cx, "d");
    EXPECT_EQ(log.level(), severity::error);
    log.set_level(severity::debug);
    log.debug(cx, "e");
    co_return;
  });
  EXPECT_EQ(to.lines, (std::vector<std::string>{"ERROR d", "DEBUG e"}));
}

TEST(Log, LinesOfACallKnowItsTrace) {
  kept to;
  logger log(to);
  tracer all;
  tracer none({.sample = sampler::never()});
  run_in_world(1, [&](context& cx) -> task<void> {
    log.information(cx, "outside");
    span sampled(all, cx, "x");
    log.information(sampled.under(cx), "inside");
    span not_sampled(none, cx, "y");
    log.information(not_sampled.under(cx), "also there");
    EXPECT_FALSE(to.traces.at(0).valid());
    EXPECT_EQ(to.traces.at(1), sampled.id());
    EXPECT_EQ(to.traces.at(2), not_sampled.id());
    co_return;
  });
}

TEST(Log, TooManyOfTheSameAreCounted) {
  kept to;
  logger log(to, {.burst = 2, .per = 1s});
  run_in_world(1, [&](context& cx) -> task<void> {
    for (int i = 0; i < 5; ++i) {
      log.information(cx, "again", {{"i", i}});
    }
    log.information(cx, "something else");
    log.warning(cx, "again");  // another level
    EXPECT_EQ(log.suppressed(), 3U);
    static_cast<void>(co_await sleep_for(cx, 1s));
    log.information(cx, "again", {{"i", 5}});
    log.information(cx, "again", {{"i", 6}});
  });
  EXPECT_EQ(to.lines, (std::vector<std::string>{
                          "INFO  again  i=0", "INFO  again  i=1", "INFO  something else",
                          "WARN  again", "INFO  again  i=5 suppressed=3", "INFO  again  i=6"}));
}

TEST(Log, OrAllAreWritten) {
  kept to;
  logger log(to, {.burst = 0, .per = 0s});
  for (int i = 0; i < 100; ++i) {
    log.log(severity::information, "again");
  }
  EXPECT_EQ(to.lines.size(), 100U);
  EXPECT_EQ(log.suppressed(), 0U);
}

TEST(Log, RefusesWhatCannotBeMeant) {
  kept to;
  EXPECT_TRUE(problems_of(logger_options()).empty());
  EXPECT_EQ(problems_of({.per = 0s}).size(), 1U);
  EXPECT_THROW(logger(to, {.per = -1s}), std::invalid_argument);
}

TEST(LogLines, AsJson) {
  EXPECT_EQ(to_json_line(a_line()), R"({"timestamp":"2026-01-02T12:00:00.123456Z","level":"warn",)"
                                    R"("service":"shop","message":"slow answer"})");
  const attribute_view fields[] = {
      {"user.id", 42},   {"text", "a\"b\n"},
      {"ratio", 0.5},    {"nan", std::numeric_limits<double>::quiet_NaN()},
      {"vip", true},     {"level", "mine"},
      {"odd \"key\"", 1}};
  auto line = a_line(fields);
  line.trace = {{0x0af7651916cd43ddU, 0x8448eb211c80319cU}, {0xb7ad6b7169203331U}, {}};
  line.suppressed = 3;
  EXPECT_EQ(
      to_json_line(line),
      R"({"timestamp":"2026-01-02T12:00:00.123456Z","level":"warn","service":"shop",)"
      R"("message":"slow answer","trace_id":"0af7651916cd43dd8448eb211c80319c",)"
      R"("span_id":"b7ad6b7169203331","suppressed":3,"user.id":42,"text":"a\"b\n","ratio":0.5,)"
      R"("nan":"NaN","vip":true,"level_":"mine","odd \"key\"":1})");
}

TEST(LogLines, ForPeople) {
  const attribute_view fields[] = {
      {"id", 42}, {"text", "two words"}, {"empty", ""}, {"equal", "a=b"}, {"path", "/x"}};
  auto line = a_line(fields);
  line.trace = {{0, 1}, {2}, {}};
  line.suppressed = 3;
  EXPECT_EQ(to_console_line(line),
            "12:00:00.123 WARN  shop: slow answer  id=42 text=\"two words\" empty=\"\" "
            "equal=\"a=b\" path=/x trace=00000000000000000000000000000001 suppressed=3");
  EXPECT_EQ(to_coloured_line(a_line()), "12:00:00.123 \x1b[33mWARN \x1b[0m shop: slow answer");
  EXPECT_EQ(to_coloured_line({noon, severity::error, {}, "x", {}, {}, 0}),
            "12:00:00.123 \x1b[31mERROR\x1b[0m x");
}

TEST(LogLines, CannotBeForged) {
  const attribute_view fields[] = {{"a\nb", "c\n12:00:00.000 ERROR forged\x1b[2J"}};
  auto line = a_line(fields);
  line.message = "x\ny\x1b";
  line.service = "s\r";
  EXPECT_EQ(to_console_line(line),
            "12:00:00.123 WARN  s : x y   a b=\"c\\n12:00:00.000 ERROR forged\\u001b[2J\"");
  const auto json = to_json_line(line);
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_EQ(json.find('\x1b'), std::string::npos);
}

TEST(LogLines, LevelsHaveNames) {
  EXPECT_EQ(level_name(severity::debug), "debug");
  EXPECT_EQ(level_name(severity::information), "info");
  EXPECT_EQ(level_name(severity::warning), "warn");
  EXPECT_EQ(level_name(severity::error), "error");
}

TEST(StreamLog, WritesLines) {
  std::ostringstream out;
  stream_log to(out);
  to.write(a_line());
  to.write(a_line());
  EXPECT_EQ(out.str(), to_json_line(a_line()) + "\n" + to_json_line(a_line()) + "\n");
  std::ostringstream console;
  stream_log people(console, &to_console_line);
  people.write(a_line());
  EXPECT_EQ(console.str(), to_console_line(a_line()) + "\n");
}

TEST(StreamLog, AStreamThatFailsHurtsNobody) {
  std::ostringstream out;
  out.exceptions(std::ios::badbit);
  stream_log to(out);
  try {
    out.setstate(std::ios::badbit);
  } catch (const std::ios::failure&) {
    to.write(a_line());
  }
  EXPECT_EQ(out.str(), "");
}

TEST(StreamLog, LinesOfThreadsDoNotMix) {
  std::ostringstream out;
  stream_log to(out, &to_console_line);
  logger log(to, {.burst = 0});
  std::vector<std::thread> all;
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        log.log(severity::information, "the same", {{"field", "value"}});
      }
    });
  }
  for (auto& one : all) {
    one.join();
  }
  std::istringstream in(out.str());
  int lines = 0;
  for (std::string line; std::getline(in, line); ++lines) {
    EXPECT_EQ(line.substr(13), "INFO  the same  field=value");
  }
  EXPECT_EQ(lines, 2'000);
}

}  // namespace
}  // namespace fairlead::observe
