// SPDX-License-Identifier: BSL-1.0
// Others read the texts of metrics: Prometheus' own checker, and the reference parser of
// OpenMetrics.
#include "support/child_process.hpp"
#include "support/scratch_dir.hpp"

#include <fairlead/observe/metrics.hpp>
#include <fairlead/observe/names.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>

#include <fairlead/core/run.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <limits>
#include <string>
#include <vector>

namespace fairlead::observe {
namespace {

using namespace std::chrono_literals;
using testing::child_process;
using testing::find_program;
using testing::scratch_dir;

// One of everything, with labels that are hard to write.
metrics_snapshot everything(context& cx) {
  metric_registry r;
  tracer t;
  span s(t, cx, "call");
  const auto traced = s.under(cx);
  auto steps = r.counter({.name = names::pipeline_step_requests,
                          .help = "Calls of \"steps\",\nby \\step.",
                          .labels = {"step"}});
  steps.with({"a\\b\"c\nd \xff gr\xc3\xbc\xc3\x9f"}).add(7, traced);
  steps.with({""}).add(1);
  r.durations({.name = names::pipeline_step_latency, .help = "How long steps took."})
      .with()
      .record(20ms, traced);
  auto requests = r.durations({.name = names::http_server_request_duration,
                               .help = "How long requests took.",
                               .labels = {names::http_request_method, names::http_route}});
  requests.with({"GET", "/users/{id}"}).record(2s, traced);
  requests.with({"POST", "/users"}).record(std::chrono::hours(1000));
  r.sizes({.name = names::http_server_request_body_size, .help = "Of requests.", .unit = "By"})
      .with()
      .record(1'000'000);
  auto busy = r.gauge({.name = "pool.busy", .help = "In use.", .labels = {"pool"}});
  busy.with({"a"}).set(-1.5);
  busy.with({"b"}).set(std::numeric_limits<double>::infinity());
  busy.with({"c"}).set(std::numeric_limits<double>::quiet_NaN());
  metrics policies(r);
  policies.on_event({.policy = policy_kind::retry,
                     .action = policy_action::retry,
                     .stack = "users",
                     .name = "retry",
                     .cx = &traced});
  policies.on_attempt({.stack = "users", .took = 1ms});
  policies.on_execution({.stack = "users", .took = 3s});
  policies.on_wait({.stack = "users", .name = "places", .waited = 2us});
  const auto watched = policies.watch("breaker", {{policy_gauge::breaker_state, [] { return 1; }}});
  return r.snapshot();
}

// What a program says to a text: its exit status and its output.
struct verdict_of {
  int status;
  std::string output;
};
task<verdict_of> told(context& cx, std::vector<std::string> command, std::string text) {
  const scratch_dir dir;
  child_process program(command, dir.file("log"), text);
  const int status = co_await program.ended(cx);
  co_return verdict_of{status, program.output()};
}

TEST(Promtool, AcceptsAllThatIsWritten) {
  const auto promtool = find_program("promtool");
  if (promtool.empty()) {
    GTEST_SKIP() << "prometheus is not installed: nothing was tested (scripts/setup --ci)";
  }
  run([&](context& cx) -> task<void> {
    const auto text = to_prometheus(everything(cx));
    const std::vector<std::string> command{promtool, "check", "metrics"};
    const auto good = co_await told(cx, command, text);
    EXPECT_EQ(good.status, 0) << good.output << "\n" << text;
    EXPECT_EQ(good.output, "");
    const auto bad = co_await told(cx, command, text + "nonsense{\n");
    EXPECT_NE(bad.status, 0);
  });
}

TEST(OpenMetricsParser, AcceptsAllThatIsWritten) {
  // The distribution's, which has the distribution's packages.
  const auto python =
      ::access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : find_program("python3");
  const std::string read =
      "import sys\n"
      "from prometheus_client.openmetrics.parser import text_string_to_metric_families as read\n"
      "for f in read(sys.stdin.buffer.read().decode()):\n"
      "  examples = sum(s.exemplar is not None for s in f.samples)\n"
      "  print(f.name, f.type, f.unit or '-', len(f.samples), examples)\n";
  run([&](context& cx) -> task<void> {
    const std::vector<std::string> probe{python, "-c",
                                         "import prometheus_client.openmetrics.parser"};
    const auto there = co_await told(cx, probe, {});
    if (python.empty() || there.status != 0) {
      [] {
        GTEST_SKIP() << "python3-prometheus-client is not installed: nothing was tested "
                        "(scripts/setup --ci)";
      }();
      co_return;
    }
    const auto text = to_openmetrics(everything(cx));
    const std::vector<std::string> command{python, "-c", read};
    const auto good = co_await told(cx, command, text);
    EXPECT_EQ(good.status, 0) << good.output << "\n" << text;
    EXPECT_EQ(good.output,
              "http_server_request_body_size_bytes histogram bytes 13 0\n"
              "http_server_request_duration_seconds histogram seconds 34 1\n"
              "pipeline_step_latency_seconds histogram seconds 17 1\n"
              "pipeline_step_requests counter - 2 1\n"
              "pool_busy gauge - 3 0\n"
              "resilience_attempt_duration_seconds histogram seconds 17 0\n"
              "resilience_breaker_state gauge - 1 0\n"
              "resilience_events counter - 1 1\n"
              "resilience_execution_duration_seconds histogram seconds 17 0\n"
              "resilience_queue_wait_seconds histogram seconds 17 0\n");
  });
}

}  // namespace
}  // namespace fairlead::observe
