// SPDX-License-Identifier: BSL-1.0
// What two looks at a program say of what happened between them.
#include "top_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

namespace fairlead::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const time_point start{};

top_view after(const char* first, const char* then, duration between = 2s) {
  top_view view;
  view.look(start, *read_metrics(first), std::nullopt);
  EXPECT_FALSE(view.ready());
  view.look(start + between, *read_metrics(then), std::nullopt);
  EXPECT_TRUE(view.ready());
  return view;
}

TEST(TopView, TellsRatesFailuresAndTimesSinceTheLookBefore) {
  const auto view = after(
      "http_server_request_duration_seconds_bucket{http_route=\"/a\",le=\"0.1\"} 100\n"
      "http_server_request_duration_seconds_bucket{http_route=\"/a\",le=\"0.2\"} 100\n"
      "http_server_request_duration_seconds_bucket{http_route=\"/a\",le=\"+Inf\"} 100\n"
      "http_server_request_duration_seconds_count{http_route=\"/a\"} 100\n",
      "http_server_request_duration_seconds_bucket{http_route=\"/a\",le=\"0.1\"} 190\n"
      "http_server_request_duration_seconds_bucket{http_route=\"/a\",le=\"0.2\"} 198\n"
      "http_server_request_duration_seconds_bucket{http_route=\"/a\",le=\"+Inf\"} 198\n"
      "http_server_request_duration_seconds_count{http_route=\"/a\"} 198\n"
      "http_server_request_duration_seconds_bucket{http_route=\"/"
      "a\",error_type=\"503\",le=\"0.1\"} 0\n"
      "http_server_request_duration_seconds_bucket{http_route=\"/"
      "a\",error_type=\"503\",le=\"0.2\"} 2\n"
      "http_server_request_duration_seconds_bucket{http_route=\"/"
      "a\",error_type=\"503\",le=\"+Inf\"} 2\n"
      "http_server_request_duration_seconds_count{http_route=\"/a\",error_type=\"503\"} 2\n");
  ASSERT_EQ(view.calls().size(), 1U);
  const auto& row = view.calls()[0];
  EXPECT_EQ(row.what, "http_server_request /a");
  EXPECT_DOUBLE_EQ(row.per_second, 50);
  EXPECT_DOUBLE_EQ(row.failed, 0.02);
  EXPECT_NEAR(row.median, 0.1 * 50 / 90, 1e-9);
  EXPECT_NEAR(row.p99, 0.1 + 0.1 * 9 / 10, 1e-9);
  EXPECT_EQ(row.all, 200);
  const auto text = view.text(80, 10);
  EXPECT_THAT(text, HasSubstr("http_server_request /a"));
  EXPECT_THAT(text, HasSubstr("50    2.0 %     56 ms    190 ms        200\n"));
}

TEST(TopView, PutsWhatHappensMostFirst) {
  const auto view = after("a_seconds_count 0\nb_seconds_count 0\nc_seconds_count 5\n",
                          "a_seconds_count 1\nb_seconds_count 9\nc_seconds_count 5\n");
  ASSERT_EQ(view.calls().size(), 3U);
  EXPECT_EQ(view.calls()[0].what, "b");
  EXPECT_EQ(view.calls()[1].what, "a");
  EXPECT_EQ(view.calls()[2].what, "c");
  EXPECT_TRUE(std::isnan(view.calls()[2].median)) << "there was none";
  EXPECT_THAT(view.text(80, 1), Not(HasSubstr("\na ")));
}

TEST(TopView, KnowsAProgramThatHasBegunAnew) {
  const auto view = after("a_seconds_count 1000\n", "a_seconds_count 10\n", 1s);
  EXPECT_DOUBLE_EQ(view.calls().at(0).per_second, 10);
}

TEST(TopView, TellsTheStatesOfPolicies) {
  const auto view = after("",
                          "resilience_breaker_state{policy=\"users\"} 1\n"
                          "resilience_breaker_failure_rate{policy=\"users\"} 0.75\n"
                          "resilience_limit_inflight{policy=\"stock\"} 3\n"
                          "resilience_limit_current{policy=\"stock\"} 20\n"
                          "resilience_events_total{policy=\"users\",event=\"retry\"} 4\n");
  const auto text = view.text(80, 10);
  EXPECT_THAT(text, HasSubstr("(nothing is timed)"));
  EXPECT_THAT(text, HasSubstr("\npolicies\nstock"));
  EXPECT_THAT(text, HasSubstr(" limit_current 20, limit_inflight 3\n"));
  EXPECT_THAT(text, HasSubstr(" 75 % failures, OPEN\n"));
}

TEST(TopView, TellsWhatTasksWaitFor) {
  top_view view;
  const auto tasks = read_tasks(
      R"({"tasks":212,"waits":[{"waits_for":"a reply","tasks":200,"latest":[{"left_ms":3}]},)"
      R"({"waits_for":"time to pass","tasks":12,"latest":[]}]})");
  ASSERT_TRUE(tasks);
  view.look(start, {}, tasks);
  view.look(start + 1s, {}, tasks);
  EXPECT_THAT(view.text(80, 10),
              HasSubstr("\n212 tasks wait for\n     200  a reply\n      12  time to pass\n"));
  EXPECT_FALSE(read_tasks("<html>"));
  EXPECT_FALSE(read_tasks("[]"));
  EXPECT_FALSE(read_tasks(R"({"waits":[{"waits_for":1}]})"));
}

TEST(TopView, FitsTheTerminal) {
  const auto view = after(
      "a_seconds_count{x=\"" /* a name that is too long */
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"} 0\n",
      "a_seconds_count{x=\""
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"} 4\n");
  for (const std::size_t width : {std::size_t{70}, std::size_t{80}, std::size_t{200}}) {
    const auto text = view.text(width, 10);
    EXPECT_EQ(text.find('\n'), width);
    EXPECT_EQ(text.find('\n', width + 1), 2 * width + 1);
  }
}

}  // namespace
}  // namespace fairlead::cli
