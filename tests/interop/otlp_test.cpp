// SPDX-License-Identifier: BSL-1.0
// What we export, held against OpenTelemetry's own definitions of its protocol.
#include <fairlead/http/otlp_exporter.hpp>
#include <fairlead/observe/names.hpp>
#include <fairlead/observe/propagation.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/span_text.hpp>
#include <fairlead/observe/tracer.hpp>

#include <fairlead/core/run.hpp>

#include <gtest/gtest.h>

#include "foreign_server.hpp"

#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using testing::find_program;
using testing::foreign_server;
using testing::has;

/// The collector; null where its packages are not installed.
std::unique_ptr<foreign_server> collector() {
  const auto node = find_program("node");
  // Where npm puts what is installed for all, by who made Node.
  const std::string path = "/usr/lib/node_modules:/usr/local/lib/node_modules";
  ::setenv("NODE_PATH", path.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  const auto probe =
      node + " -e \"require.resolve('@opentelemetry/otlp-transformer/package.json')\"";
  if (node.empty() ||
      std::system((probe + " 2>/dev/null").c_str()) != 0) {  // NOLINT(concurrency-mt-unsafe)
    return nullptr;
  }
  return std::make_unique<foreign_server>(
      std::vector<std::string>{node, testing::script("node/collector.js")});
}

const char* const missing =
    "@opentelemetry/otlp-transformer is not installed: nothing was tested (scripts/setup --ci)";

/// Spans with everything that a span can have, and with nothing.
std::vector<observe::span_record> everything(context& cx) {
  const std::vector<observe::attribute_view> host{{observe::names::host_name, "box \"1\""},
                                                  {"cores", 2}};
  observe::tracer t(
      {.service = "shop",
       .attributes = host,
       .limits = {.attributes = 8, .events = 2, .links = 1, .attributes_per_event = 1}});
  observe::incoming_trace came;
  came.take("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  came.take("tracestate", "a=1,b@c=x y");
  {
    const observe::span nameless(t, cx, "", observe::span_kind::consumer);
  }
  {
    observe::span whole(&t, cx, came.context(), "GET /users/{id}");
    whole.set("text", "gr\xc3\xbc\xc3\x9f \xff \"\\\n\t\x01");
    whole.set("empty", "");
    whole.set("yes", true);
    whole.set("no", false);
    whole.set("least", std::numeric_limits<std::int64_t>::min());
    whole.set("most", std::numeric_limits<std::int64_t>::max());
    whole.set("third", 1.0 / 3);
    whole.set("nan", std::numeric_limits<double>::quiet_NaN());
    whole.set("too many", 1);
    whole.event("first", {{"n", 0}, {"too many", 1}});
    whole.event("second");
    whole.event("too many");
    const observe::span other(t, cx, "other");
    whole.link(other.id(), {{"why", "because"}});
    whole.link(other.id());
    auto traced = whole.under(cx);
    observe::span below(traced, "below", observe::span_kind::client);
    below.set("infinite", -std::numeric_limits<double>::infinity());
    below.fail(errors::connection_refused{"10.0.0.1"});
    observe::span good(traced, "good", observe::span_kind::producer);
    good.succeed();
  }
  return t.take();
}

TEST(OtlpSchema, KnowsEverythingThatIsSent) {
  const auto server = collector();
  if (server == nullptr) {
    GTEST_SKIP() << missing;
  }
  testing::real_loop loop;
  loop.run([&](context& cx) -> task<void> {
    const auto spans = everything(cx);
    EXPECT_EQ(spans.size(), 5U);
    std::string why;
    auto options = http::otlp_options(server->url() + "/v1/traces").timeout(20s);
    options.on_loss([&](std::size_t, std::string_view w) { why = w; });
    http::otlp_exporter plain(cx.env(), options);
    auto done = co_await plain.export_spans(cx, spans);
    EXPECT_TRUE(done) << why;
    http::otlp_exporter coded(cx.env(), options.coding(http::otlp_coding::gzip));
    done = co_await coded.export_spans(cx, spans);
    EXPECT_TRUE(done) << why;
    EXPECT_EQ(plain.counts().sent, 5U);
    EXPECT_EQ(coded.counts().sent, 5U);
    http::otlp_exporter refused(cx.env(), options.url(server->url() + "/reject"));
    done = co_await refused.export_spans(cx, spans);
    EXPECT_TRUE(done) << why;
    EXPECT_EQ(why, "one is too old");
    EXPECT_EQ(refused.counts().rejected, 1U);
    EXPECT_EQ(refused.counts().sent, 4U);
  });
  const auto heard = server->output();
  EXPECT_TRUE(has(heard, "spans 5 ,good,below,other,GET /users/{id}\n")) << heard;
  EXPECT_EQ(heard.find("bad"), std::string::npos) << heard;
}

// Or the test above would say nothing.
TEST(OtlpSchema, RefusesWhatItDoesNotKnow) {
  const auto server = collector();
  if (server == nullptr) {
    GTEST_SKIP() << missing;
  }
  testing::with_client(
      http::client_options(server->url()), [&](context& cx, http::client& c) -> task<void> {
        const auto good = observe::to_otlp_json(everything(cx));
        const std::pair<std::string, std::string> changes[] = {
            {"\"name\":\"below\"", "\"nam\":\"below\""},
            {"\"kind\":3", "\"kind\":\"client\""},
            {"\"scopeSpans\"", "\"instrumentationLibrarySpans\""},
            {"\"boolValue\":true", "\"boolValue\":\"true\""},
            {"\"traceId\":\"0", "\"traceId\":\""},
            {"\"startTimeUnixNano\":\"", "\"startTimeUnixNano\":\"x"},
        };
        const http::headers json = http::headers().add("Content-Type", "application/json");
        for (const auto& [from, to] : changes) {
          auto bad = good;
          const auto at = bad.find(from);
          EXPECT_NE(at, std::string::npos) << from;
          bad.replace(std::min(at, bad.size()), from.size(), to);
          auto answer = co_await c.post<http::response>(cx, "/v1/traces", bad, json);
          EXPECT_FALSE(answer) << to;
        }
        auto answer = co_await c.post<http::response>(cx, "/v1/traces", good, json);
        EXPECT_TRUE(answer) << testing::message_of(answer);
      });
}

}  // namespace
}  // namespace fairlead
