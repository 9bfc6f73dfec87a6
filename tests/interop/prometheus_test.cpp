// SPDX-License-Identifier: BSL-1.0
// A real Prometheus scrapes a server of ours; its checker reads what comes over the wire.
#include <fairlead/core/run.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/metrics_page.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/observe/metrics.hpp>
#include <fairlead/observe/names.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>

#include <gtest/gtest.h>

#include "support/child_process.hpp"
#include "support/scratch_dir.hpp"

#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using testing::child_process;
using testing::find_program;
using testing::scratch_dir;

/// A server of ours on loopback, with all kinds of instruments at /metrics, while `f(context&, base
/// URL, trace id)` runs. The trace is that of the one exemplar.
using body = std::function<task<void>(context& cx, std::string base, std::string trace)>;
task<result<void>> serve_while(context& cx, const body& f) {
  observe::metric_registry measured;
  observe::tracer tracer;
  observe::span s(tracer, cx, "call");
  measured
      .counter({.name = observe::names::pipeline_step_requests,
                .help = "Calls of \"steps\".",
                .labels = {"step"}})
      .with({"a \"b\"\\\ngr\xc3\xbc\xc3\x9f"})
      .add(7);
  measured.durations({.name = observe::names::http_server_request_duration, .help = "Took."})
      .with()
      .record(30ms, s.under(cx));
  measured.gauge({.name = "pool.busy", .help = "In use.", .labels = {"pool"}})
      .with({"a"})
      .set(-1.5);
  observe::metrics policies(measured);
  policies.on_execution({.stack = "users", .took = 3s});

  auto listener = net::system_network().listen(cx.env(), net::endpoint::loopback(), {});
  if (!listener) {
    co_return tl::unexpected<error>(listener.error());
  }
  const auto base = "http://127.0.0.1:" + std::to_string((*listener)->local().port());
  http::router routes;
  routes.get("/metrics", http::metrics_page(measured));
  http::server app(std::move(routes));
  task_scope scope(cx);
  scope.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
  co_await f(cx, base, observe::to_string(s.id().trace));
  auto drained = co_await app.drain(cx, 5s);
  auto joined = co_await scope.join();
  EXPECT_TRUE(joined);
  co_return drained;
}

void with_metrics(const body& f) {
  auto done =
      run([&](context& cx) { return serve_while(cx, f); }, run_options{.handle_signals = false});
  EXPECT_TRUE(done) << done.error().message();
}

/// What `target` says once it contains `mark`, which may take it a while.
task<std::string> ask_until(context& cx, http::client& c, std::string target, std::string mark) {
  std::string last;
  const auto until = saturating_add(cx.now(), 30s);
  while (cx.now() < until) {
    auto got = co_await c.request(cx, http::request(http::method::get, target));
    last = got ? got->body() : got.error().message();
    if (last.find(mark) != std::string::npos) {
      break;
    }
    auto slept = co_await sleep_for(cx, 50ms);
    if (!slept) {
      break;
    }
  }
  EXPECT_NE(last.find(mark), std::string::npos) << target << ": " << last;
  co_return last;
}

TEST(Prometheus, ScrapesUs) {
  const auto program = find_program("prometheus");
  if (program.empty()) {
    GTEST_SKIP() << "prometheus is not installed: nothing was tested (scripts/setup --ci)";
  }
  with_metrics([&](context& cx, std::string base, std::string trace) -> task<void> {
    const scratch_dir dir;
    const auto target = base.substr(base.find("//") + 2);
    std::ofstream(dir.file("prometheus.yml"))
        << "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
        << "scrape_configs: [{job_name: ours, static_configs: [{targets: ['" << target
        << "']}]}]\n";
    const auto at = "127.0.0.1:" + std::to_string(testing::free_port());
    const std::vector<std::string> command{program, "--config.file=" + dir.file("prometheus.yml"),
                                           "--storage.tsdb.path=" + dir.file("data"),
                                           "--enable-feature=exemplar-storage",
                                           "--web.listen-address=" + at};
    child_process running(command, dir.file("log"));
    http::client c(cx.env(), http::client_options("http://" + at));
    const std::string query = "/api/v1/query?query=";

    auto got = co_await ask_until(cx, c, query + "up", "\"1\"]");
    EXPECT_NE(got.find("\"job\":\"ours\""), std::string::npos) << got << running.output();
    got = co_await ask_until(cx, c, query + "pipeline_step_requests_total", "\"7\"");
    EXPECT_NE(got.find("\"step\":\"a \\\"b\\\"\\\\\\ngr\xc3\xbc\xc3\x9f\""), std::string::npos)
        << got;
    got = co_await ask_until(cx, c, query + "pool_busy", "\"-1.5\"");
    EXPECT_NE(got.find("\"pool\":\"a\""), std::string::npos) << got;
    const std::string bucket = "http_server_request_duration_seconds_bucket";
    got = co_await ask_until(cx, c, query + bucket + "%7Ble=%220.05%22%7D", "\"1\"]");
    EXPECT_NE(got.find(bucket), std::string::npos) << got;
    got = co_await ask_until(cx, c, query + "resilience_execution_duration_seconds_sum", "\"3\"]");
    EXPECT_NE(got.find("\"pipeline\":\"users\""), std::string::npos) << got;
    // Exemplars are in the newer format alone.
    got = co_await ask_until(
        cx, c, "/api/v1/query_exemplars?query=" + bucket + "&start=0&end=9999999999", trace);
    EXPECT_NE(got.find("\"exemplars\""), std::string::npos) << got << running.output();
    got = co_await ask_until(cx, c, "/api/v1/targets", "\"health\":\"up\"");
    EXPECT_NE(got.find("\"lastError\":\"\""), std::string::npos) << got;
  });
}

TEST(Promtool, AcceptsWhatIsServed) {
  const auto promtool = find_program("promtool");
  if (promtool.empty()) {
    GTEST_SKIP() << "prometheus is not installed: nothing was tested (scripts/setup --ci)";
  }
  with_metrics([&](context& cx, std::string base, std::string) -> task<void> {
    http::client c(cx.env(), http::client_options(base));
    auto page = co_await c.get<http::response>(cx, "/metrics");
    EXPECT_TRUE(page) << page.error().message();
    if (page) {
      const scratch_dir dir;
      const std::vector<std::string> command{promtool, "check", "metrics"};
      child_process checking(command, dir.file("log"), page->body());
      const int status = co_await checking.ended(cx);
      EXPECT_EQ(status, 0) << checking.output() << "\n" << page->body();
      EXPECT_EQ(checking.output(), "");
    }
  });
}

}  // namespace
}  // namespace fairlead
