// SPDX-License-Identifier: BSL-1.0
// What a scraper gets, by what it asks for.
#include "support/server_answers.hpp"

#include <fairlead/http/metrics_page.hpp>
#include <fairlead/observe/metrics.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>

#include <stdexcept>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

const std::string plain = "text/plain; version=0.0.4; charset=utf-8";
const std::string open = "application/openmetrics-text; version=1.0.0; charset=utf-8";

std::string scraped(const observe::metric_registry& of, std::string_view headers,
                    std::string_view method = "GET") {
  router r;
  r.get("/metrics", metrics_page(of));
  return answer_to(std::move(r), ask(method, "/metrics", headers));
}

TEST(MetricsPage, IsWhatTheRegistryHolds) {
  observe::metric_registry measured;
  measured.counter({.name = "orders", .help = "Taken.", .labels = {"shop"}}).with({"a"}).add(3);
  const auto got = scraped(measured, "");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << got;
  EXPECT_EQ(header_of(got, "Content-Type"), plain);
  EXPECT_EQ(header_of(got, "Cache-Control"), "no-store");
  EXPECT_EQ(header_of(got, "Vary"), "Accept");
  EXPECT_EQ(body_of(got),
            "# HELP orders_total Taken.\n"
            "# TYPE orders_total counter\n"
            "orders_total{shop=\"a\"} 3\n");
  measured.counter({.name = "orders", .help = "Taken.", .labels = {"shop"}}).with({"a"}).add(1);
  EXPECT_NE(body_of(scraped(measured, "")).find("} 4\n"), std::string::npos) << "it is read anew";
}

TEST(MetricsPage, IsEmptyWhereNothingIsMeasured) {
  const observe::metric_registry none;
  EXPECT_EQ(body_of(scraped(none, "")), "");
  EXPECT_EQ(body_of(scraped(none, "Accept: application/openmetrics-text\r\n")), "# EOF\n");
}

TEST(MetricsPage, FollowsWhatIsAccepted) {
  const observe::metric_registry none;
  const std::pair<const char*, const std::string&> cases[] = {
      // Prometheus 2.5 to 2.48, then with 3.0's escaping, then with its protobuf first.
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
       "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       open},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
       "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       open},
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
       "encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;q=0.6,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       open},
      {"application/openmetrics-text", open},
      {"application/openmetrics-text, text/plain", open},
      {"application/*", open},
      // An older OpenMetrics than there is, and those who like the other better.
      {"application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5", plain},
      {"application/openmetrics-text;q=0.3,text/plain", plain},
      {"application/openmetrics-text;q=0,*/*", plain},
      // curl, browsers, clients of JSON services, nonsense.
      {"*/*", plain},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", plain},
      {"application/json", plain},
      {";;,\"", plain},
  };
  for (const auto& [accept, type] : cases) {
    const auto got = scraped(none, "Accept: " + std::string(accept) + "\r\n");
    EXPECT_EQ(header_of(got, "Content-Type"), type) << accept;
    EXPECT_EQ(body_of(got), type == open ? "# EOF\n" : "") << accept;
  }
}

TEST(MetricsPage, ShowsExemplarsToThoseWhoKnowThem) {
  observe::metric_registry measured;
  observe::tracer tracer;
  run_in_world(1, [&](context& cx) -> task<void> {
    observe::span s(tracer, cx, "call");
    measured.durations({.name = "took"}).with().record(30ms, s.under(cx));
    co_return;
  });
  const std::string mark = " # {trace_id=\"";
  EXPECT_EQ(scraped(measured, "").find(mark), std::string::npos);
  const auto got = scraped(measured, "Accept: application/openmetrics-text;version=1.0.0\r\n");
  EXPECT_NE(got.find(mark), std::string::npos) << got;
}

TEST(MetricsPage, AnswersHead) {
  observe::metric_registry measured;
  measured.counter({.name = "orders"}).with().add(1);
  const auto got = scraped(measured, "", "HEAD");
  EXPECT_EQ(header_of(got, "Content-Type"), plain);
  EXPECT_EQ(header_of(got, "Content-Length"),
            std::to_string(body_of(scraped(measured, "")).size()));
  EXPECT_EQ(body_of(got), "");
}

TEST(MetricsPage, TakesSnapshotsOfItsUsers) {
  observe::metrics policies;
  policies.on_event({.policy = observe::policy_kind::retry,
                     .action = observe::policy_action::retry,
                     .stack = "users",
                     .name = "again"});
  router r;
  r.get("/metrics", metrics_page([&] { return policies.snapshot(); }));
  r.get("/broken", metrics_page([]() -> observe::metrics_snapshot {
          throw std::runtime_error("the disk is full");
        }));
  const auto got = answer_to(std::move(r), ask("GET", "/metrics") + ask("GET", "/broken"));
  EXPECT_NE(got.find("resilience_events_total{policy=\"again\""), std::string::npos) << got;
  EXPECT_NE(got.find("HTTP/1.1 500 "), std::string::npos) << got;
  EXPECT_EQ(got.find("the disk"), std::string::npos) << "that is nobody's business";
  EXPECT_THROW(static_cast<void>(metrics_page(std::function<observe::metrics_snapshot()>())),
               std::invalid_argument);
}

}  // namespace
}  // namespace fairlead::http
