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
  const auto w = m.watch("b", {{policy_gauge::breaker_state, [] { return 1; }}});
  EXPECT_EQ(to_openmetrics(m.snapshot()),
            R"(# TYPE resilience_breaker_state gauge
# HELP resilience_breaker_state State of a circuit breaker: 0 closed, 1 open, 2 half open, 3 isolated, 4 disabled, 5 metrics only.
resilience_breaker_state{policy="b"} 1.0
# TYPE resilience_events counter
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

// A snapshot of a counter and a histogram, with examples.
metrics_snapshot with_examples() {
  const exemplar example{{0x0af7651916cd43ddU, 0x8448eb211c80319cU},
                         {0xb7ad6b7169203331U},
                         0.25,
                         std::chrono::system_clock::time_point(1'767'355'200'123ms)};
  metrics_snapshot s;
  s.instruments.resize(2);
  auto& calls = s.instruments[0];
  calls.name = "calls_total";
  calls.help = "A \"call\".";
  calls.points.resize(1);
  calls.points[0].count = 7;
  calls.points[0].labels = {{"http.request.method", "GET"}};
  calls.points[0].exemplars = {example};
  auto& took = s.instruments[1];
  took.name = "http.server.request.duration";
  took.kind = instrument_kind::histogram;
  took.unit = "s";
  took.bounds = {0.5};
  took.points.resize(1);
  took.points[0].buckets = {1, 2};
  took.points[0].count = 3;
  took.points[0].sum = 9;
  took.points[0].exemplars = {example, {}};
  return s;
}

TEST(OpenMetrics, ShowsExemplars) {
  EXPECT_EQ(to_openmetrics(with_examples()), R"(# TYPE calls counter
# HELP calls A \"call\".
calls_total{http_request_method="GET"} 7 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 0.25 1767355200.123
# TYPE http_server_request_duration_seconds histogram
# UNIT http_server_request_duration_seconds seconds
# HELP http_server_request_duration_seconds 
http_server_request_duration_seconds_bucket{le="0.5"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 0.25 1767355200.123
http_server_request_duration_seconds_bucket{le="+Inf"} 3
http_server_request_duration_seconds_count 3
http_server_request_duration_seconds_sum 9.0
# EOF
)");
}

TEST(Prometheus, IsTheOlderFormat) {
  EXPECT_EQ(to_prometheus({}), "");
  EXPECT_EQ(to_prometheus(with_examples()), R"(# HELP calls_total A "call".
# TYPE calls_total counter
calls_total{http_request_method="GET"} 7
# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{le="0.5"} 1
http_server_request_duration_seconds_bucket{le="+Inf"} 3
http_server_request_duration_seconds_count 3
http_server_request_duration_seconds_sum 9.0
)");
}

TEST(OpenMetrics, UnitsAndTotalsAreAppendedOnce) {
  const auto named = [](std::string name, instrument_kind kind, std::string unit) {
    metrics_snapshot s;
    s.instruments.resize(1);
    s.instruments[0].name = std::move(name);
    s.instruments[0].kind = kind;
    s.instruments[0].unit = std::move(unit);
    s.instruments[0].points.resize(1);
    const auto text = to_openmetrics(s);
    const auto sample = text.find("\n", text.find("# HELP")) + 1;
    return text.substr(sample, text.find_first_of(" {", sample) - sample);
  };
  EXPECT_EQ(named("a.b-c/d", instrument_kind::counter, ""), "a_b_c_d_total");
  EXPECT_EQ(named("a_total", instrument_kind::counter, ""), "a_total");
  EXPECT_EQ(named("a", instrument_kind::counter, "s"), "a_seconds_total");
  EXPECT_EQ(named("a_seconds_total", instrument_kind::counter, "s"), "a_seconds_total");
  EXPECT_EQ(named("a.bytes", instrument_kind::gauge, "By"), "a_bytes");
  EXPECT_EQ(named("a", instrument_kind::gauge, "By"), "a_bytes");
  EXPECT_EQ(named("a", instrument_kind::gauge, "{request}"), "a");
  EXPECT_EQ(named("a", instrument_kind::gauge, "1"), "a");
  EXPECT_EQ(named("a_total", instrument_kind::gauge, ""), "a_total");
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
