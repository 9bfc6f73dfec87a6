// SPDX-License-Identifier: BSL-1.0
// The text that is scraped, to the byte.
#include <fairlead/observe/metrics.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace fairlead::observe {
namespace {

using namespace std::chrono_literals;

TEST(OpenMetrics, NothingIsAnEnd) {
  EXPECT_EQ(to_openmetrics({}), "# EOF\n");
}

TEST(OpenMetrics, ShowsCountersHistogramsAndGauges) {
  const std::vector<duration> bounds{100ms, 1s};
  metrics m({.buckets = bounds});
  m.on_event({.policy = policy_kind::timeout,
              .action = policy_action::timeout,
              .stack = "users",
              .name = "timeout"});
  m.on_execution({.stack = "users", .took = 50ms, .outcome = execution_outcome::success});
  m.on_execution({.stack = "users", .took = 200ms, .outcome = execution_outcome::success});
  m.on_execution({.stack = "users", .took = 3s, .outcome = execution_outcome::timeout});
  const auto w = m.watch("b", {{gauge::breaker_state, [] { return 1; }}});
  EXPECT_EQ(to_openmetrics(m.snapshot()),
            R"(# TYPE resilience_events counter
# HELP resilience_events What resilience policies did.
resilience_events_total{policy="timeout",event="timeout",pipeline="users",severity="error"} 1
# TYPE resilience_execution_duration_seconds histogram
# UNIT resilience_execution_duration_seconds seconds
# HELP resilience_execution_duration_seconds How long a call took, with all attempts and waits.
resilience_execution_duration_seconds_bucket{outcome="success",pipeline="users",le="0.1"} 1
resilience_execution_duration_seconds_bucket{outcome="success",pipeline="users",le="1.0"} 2
resilience_execution_duration_seconds_bucket{outcome="success",pipeline="users",le="+Inf"} 2
resilience_execution_duration_seconds_count{outcome="success",pipeline="users"} 2
resilience_execution_duration_seconds_sum{outcome="success",pipeline="users"} 0.25
resilience_execution_duration_seconds_bucket{outcome="timeout",pipeline="users",le="0.1"} 0
resilience_execution_duration_seconds_bucket{outcome="timeout",pipeline="users",le="1.0"} 0
resilience_execution_duration_seconds_bucket{outcome="timeout",pipeline="users",le="+Inf"} 1
resilience_execution_duration_seconds_count{outcome="timeout",pipeline="users"} 1
resilience_execution_duration_seconds_sum{outcome="timeout",pipeline="users"} 3.0
# TYPE resilience_breaker_state gauge
# HELP resilience_breaker_state State of a circuit breaker: 0 closed, 1 open, 2 half open, 3 isolated, 4 disabled, 5 metrics only.
resilience_breaker_state{policy="b"} 1.0
# EOF
)");
}

// A snapshot of one gauge.
metrics_snapshot with(std::string label, double value) {
  metrics_snapshot s;
  s.instruments.resize(1);
  auto& in = s.instruments[0];
  in.name = "a.b";
  in.kind = instrument_kind::gauge;
  in.help = "One\nline \\ \"quoted\".";
  in.points.resize(1);
  in.points[0].value = value;
  if (!label.empty()) {
    in.points[0].labels.push_back({"l", std::move(label)});
  }
  return s;
}

std::string sample(const std::string& label, double value) {
  const auto text = to_openmetrics(with(label, value));
  const auto begin = text.find("\na_b") + 1;
  return text.substr(begin, text.rfind("# EOF") - begin - 1);
}

TEST(OpenMetrics, EscapesWhatWouldEndALabelOrALine) {
  EXPECT_EQ(sample("a\\b\"c\nd", 1), "a_b{l=\"a\\\\b\\\"c\\nd\"} 1.0");
  const auto text = to_openmetrics(with({}, 1));
  EXPECT_NE(text.find("# HELP a_b One\\nline \\\\ \\\"quoted\\\".\n"), std::string::npos) << text;
}

TEST(OpenMetrics, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(sample("gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82", 1),
            "a_b{l=\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82\"} 1.0");
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(sample("x\xff", 1), "a_b{l=\"x" + bad + "\"} 1.0");
  EXPECT_EQ(sample("\xc3", 1), "a_b{l=\"" + bad + "\"} 1.0");                      // cut
  EXPECT_EQ(sample("\xc0\x80", 1), "a_b{l=\"" + bad + bad + "\"} 1.0");            // overlong
  EXPECT_EQ(sample("\xed\xa0\x80", 1), "a_b{l=\"" + bad + bad + bad + "\"} 1.0");  // a surrogate
  EXPECT_EQ(sample("\xf4\x90\x80\x80", 1), "a_b{l=\"" + bad + bad + bad + bad + "\"} 1.0");
}

TEST(OpenMetrics, WritesNumbersSoThatTheyAreReadAgain) {
  EXPECT_EQ(sample({}, 0), "a_b 0.0");
  EXPECT_EQ(sample({}, -1.5), "a_b -1.5");
  EXPECT_EQ(sample({}, 0.1), "a_b 0.1");
  EXPECT_EQ(sample({}, 1e300), "a_b 1e+300");
  EXPECT_EQ(sample({}, std::numeric_limits<double>::infinity()), "a_b +Inf");
  EXPECT_EQ(sample({}, -std::numeric_limits<double>::infinity()), "a_b -Inf");
  EXPECT_EQ(sample({}, std::numeric_limits<double>::quiet_NaN()), "a_b NaN");
}

}  // namespace
}  // namespace fairlead::observe
