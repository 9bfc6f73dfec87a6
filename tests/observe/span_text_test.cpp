// SPDX-License-Identifier: BSL-1.0
// Finished spans as text, to the byte.
#include "support/sim_test.hpp"

#include <fairlead/observe/span_text.hpp>

#include <fairlead/observe/names.hpp>
#include <fairlead/observe/stream_exporters.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::observe {
namespace {

using namespace std::chrono_literals;
using testing::run_in_world;

const auto shop = std::make_shared<resource>(
    resource{"shop", {{"service.version", std::string("1.2")}, {"shard", std::int64_t{7}}}});
const auto stock = std::make_shared<resource>(resource{"stock", {}});
const std::chrono::system_clock::time_point noon{
    std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + 12h};

span_record spanning(std::string name, std::uint64_t id, std::uint64_t parent, duration from,
                     duration took) {
  span_record s;
  s.id = {{0x0af7651916cd43ddU, 0x8448eb211c80319cU}, {id}, {trace_flags::sampled_bit}};
  s.parent = {parent};
  s.name = std::move(name);
  s.start = noon + from;
  s.took = took;
  s.by = shop;
  return s;
}

span_record everything() {
  auto s = spanning("GET /users/{id}", 0xb7ad6b7169203331U, 1, 1500us, 2250us);
  s.parent_is_remote = true;
  s.kind = span_kind::server;
  s.tracestate = "a=1";
  s.attributes = {{"text", std::string("a\"b\\c\n\x01\x7f\xff")},
                  {"truth", true},
                  {"whole", std::numeric_limits<std::int64_t>::min()},
                  {"real", 0.25},
                  {"nan", std::numeric_limits<double>::quiet_NaN()}};
  s.events = {{"retry", noon + 2ms, {{"attempt", std::int64_t{2}}}, 3},
              {"done", noon + 3ms, {}, 0}};
  s.links = {{{{0, 1}, {2}, {trace_flags::sampled_bit}}, {{"why", std::string("batch")}}}};
  s.dropped_attributes = 1;
  s.dropped_events = 2;
  s.dropped_links = 3;
  s.status = span_status::error;
  s.message = "no";
  return s;
}

TEST(SpanLines, AreShortWhenThereIsLittleToSay) {
  EXPECT_EQ(
      to_json_line(spanning("x", 2, 0, 0s, 1ms)),
      R"({"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"0000000000000002","name":"x",)"
      R"("kind":"internal","service":"shop","start":"2026-01-02T12:00:00.000000Z","duration_ms":1})");
}

TEST(SpanLines, SayEverything) {
  EXPECT_EQ(
      to_json_line(everything()),
      R"({"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331",)"
      R"("parent_id":"0000000000000001","name":"GET /users/{id}","kind":"server","service":"shop",)"
      R"("start":"2026-01-02T12:00:00.001500Z","duration_ms":2.25,"status":"error","message":"no",)"
      R"("attributes":{"text":"a\"b\\c\n\u0001\u007f)"
      "\xef\xbf\xbd"
      R"(","truth":true,"whole":-9223372036854775808,"real":0.25,"nan":"NaN"},)"
      R"("events":[{"name":"retry","at":"2026-01-02T12:00:00.002000Z","attributes":{"attempt":2}},)"
      R"({"name":"done","at":"2026-01-02T12:00:00.003000Z"}],)"
      R"("links":[{"trace_id":"00000000000000000000000000000001","span_id":"0000000000000002",)"
      R"("attributes":{"why":"batch"}}],"dropped":6})");
}

TEST(Otlp, NothingIsAnEmptyRequest) {
  EXPECT_EQ(to_otlp_json({}), R"({"resourceSpans":[]})");
}

TEST(Otlp, SaysEverything) {
  const std::vector<span_record> all{everything()};
  EXPECT_EQ(
      to_otlp_json(all),
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},)"
      R"({"key":"service.version","value":{"stringValue":"1.2"}},{"key":"shard","value":{"intValue":"7"}}]},)"
      R"("scopeSpans":[{"scope":{"name":"fairlead"},"spans":[{)"
      R"("traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","traceState":"a=1",)"
      R"("parentSpanId":"0000000000000001","flags":769,"name":"GET /users/{id}","kind":2,)"
      R"("startTimeUnixNano":"1767355200001500000","endTimeUnixNano":"1767355200003750000",)"
      R"("attributes":[{"key":"text","value":{"stringValue":"a\"b\\c\n\u0001\u007f)"
      "\xef\xbf\xbd"
      R"("}},{"key":"truth","value":{"boolValue":true}},)"
      R"({"key":"whole","value":{"intValue":"-9223372036854775808"}},{"key":"real","value":{"doubleValue":0.25}},)"
      R"({"key":"nan","value":{"doubleValue":"NaN"}}],"droppedAttributesCount":1,)"
      R"("events":[{"timeUnixNano":"1767355200002000000","name":"retry","attributes":[{"key":"attempt",)"
      R"("value":{"intValue":"2"}}],"droppedAttributesCount":3},{"timeUnixNano":"1767355200003000000","name":"done"}],)"
      R"("droppedEventsCount":2,"links":[{"traceId":"00000000000000000000000000000001","spanId":"0000000000000002",)"
      R"("attributes":[{"key":"why","value":{"stringValue":"batch"}}],"flags":1}],"droppedLinksCount":3,)"
      R"("status":{"message":"no","code":2}}]}]}]})");
}

TEST(Otlp, KindsAndStatesAreNumbers) {
  const auto of = [](span_kind kind, span_status status) {
    std::vector<span_record> all{spanning("x", 2, 0, 0s, 1ms)};
    all[0].kind = kind;
    all[0].status = status;
    return to_otlp_json(all);
  };
  EXPECT_NE(of(span_kind::internal, {}).find("\"kind\":1,"), std::string::npos);
  EXPECT_NE(of(span_kind::client, {}).find("\"kind\":3,"), std::string::npos);
  EXPECT_NE(of(span_kind::producer, {}).find("\"kind\":4,"), std::string::npos);
  EXPECT_NE(of(span_kind::consumer, {}).find("\"kind\":5,"), std::string::npos);
  EXPECT_EQ(of({}, span_status::unset).find("status"), std::string::npos);
  EXPECT_NE(of({}, span_status::ok).find("\"status\":{\"code\":1}"), std::string::npos);
  EXPECT_NE(of({}, {}).find("\"flags\":257,"), std::string::npos);  // the parent is not remote
}

TEST(Otlp, SpansStandWithTheirResource) {
  std::vector<span_record> all{spanning("a", 1, 0, 0s, 1ms), spanning("b", 2, 0, 0s, 1ms),
                               spanning("c", 3, 0, 0s, 1ms)};
  all[1].by = stock;
  const auto text = to_otlp_json(all);
  const auto at = [&](std::string_view what) { return text.find(what); };
  EXPECT_LT(at("\"shop\""), at("\"name\":\"a\""));
  EXPECT_LT(at("\"name\":\"a\""), at("\"name\":\"c\""));
  EXPECT_LT(at("\"name\":\"c\""), at("\"stock\""));
  EXPECT_LT(at("\"stock\""), at("\"name\":\"b\""));
  EXPECT_EQ(text.find("\"shop\""), text.rfind("\"shop\""));
}

// As samples print it.
std::vector<span_record> checkout() {
  std::vector<span_record> all{
      spanning("GET /users/{id}", 2, 1, 10ms, 28100us), spanning("take", 4, 3, 70ms, 50ms),
      spanning("POST /payments", 3, 1, 57ms, 95ms), spanning("checkout", 1, 0, 0s, 152ms)};
  all[1].by = stock;
  all[2].status = span_status::error;
  all[2].attributes = {{"error.type", std::string("503")}};
  all[2].message = "down";
  all[2].events = {{"retry", noon + 69ms, {{"attempt", std::int64_t{1}}}, 0}};
  return all;
}

TEST(SpanTree, IsWhatAPersonWantsToSee) {
  EXPECT_EQ(to_tree(checkout(), {.bar = 16}),
            R"(trace 0af7651916cd43dd8448eb211c80319c: 4 spans, 152 ms, 2 services
checkout          |################| 152 ms  shop
  GET /users/{id} | ###            | 28.1 ms  shop
  POST /payments  |      !!!!!!!!!!| 95.0 ms  shop  error 503: down
    +12.0 ms retry attempt=1
    take          |       ######   | 50.0 ms  stock
)");
}

TEST(SpanTree, MayBeColouredAndShowAttributes) {
  const std::vector<span_record> all{checkout()[2]};
  EXPECT_EQ(to_tree(all, {.bar = 4, .colours = true, .attributes = true}),
            "trace 0af7651916cd43dd8448eb211c80319c: 1 span, 95.0 ms\n"
            "POST /payments |\x1b[31m!!!!\x1b[0m| 95.0 ms  \x1b[31merror 503: down\x1b[0m  "
            "error.type=503\n"
            "  +12.0 ms retry attempt=1\n");
}

TEST(SpanTree, MayBeWithoutBars) {
  const std::vector<span_record> all{spanning("x", 1, 0, 0s, 1ms)};
  EXPECT_EQ(to_tree(all, {.bar = 0}),
            "trace 0af7651916cd43dd8448eb211c80319c: 1 span, 1.00 ms\nx 1.00 ms\n");
}

TEST(SpanTree, AnInstantHasABarToo) {
  const std::vector<span_record> all{spanning("x", 1, 0, 0s, 0s)};
  EXPECT_NE(to_tree(all, {.bar = 3}).find("x |#  | 0 ns"), std::string::npos)
      << to_tree(all, {.bar = 3});
}

TEST(SpanTree, LongAndOddNamesDoNotBreakIt) {
  std::vector<span_record> all{
      spanning("gr\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\x9f", 1, 0, 0s, 1ms),
      spanning("a\nb\x1b[2J\xff", 2, 1, 0s, 1ms)};
  EXPECT_EQ(to_tree(all, {.bar = 0, .name = 6}),
            "trace 0af7651916cd43dd8448eb211c80319c: 2 spans, 1.00 ms\n"
            "gr\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc 1.00 ms\n"
            "  a b  1.00 ms\n");
}

TEST(SpanTree, SeveralTracesAndOrphans) {
  std::vector<span_record> all{spanning("a", 1, 0, 0s, 1ms), spanning("b", 2, 77, 1ms, 1ms),
                               spanning("other", 3, 0, 0s, 1ms)};
  all[2].id.trace.low = 1;
  const auto text = to_tree(all, {.bar = 0});
  EXPECT_NE(text.find(": 2 spans, 2.00 ms\na 1.00 ms\nb 1.00 ms\ntrace "), std::string::npos)
      << text;
  EXPECT_TRUE(text.ends_with("other 1.00 ms\n")) << text;
  EXPECT_EQ(to_tree({}), "");
}

TEST(SpanTree, CirclesAreShownOnce) {
  const std::vector<span_record> all{spanning("a", 1, 2, 0s, 1ms), spanning("b", 2, 1, 0s, 1ms),
                                     spanning("c", 3, 3, 0s, 1ms)};
  const auto text = to_tree(all, {.bar = 0});
  for (const char* const name : {"a", "b", "c"}) {
    EXPECT_NE(text.find(std::string(name) + " "), std::string::npos) << text;
  }
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
}

TEST(SpanTree, DepthIsNoDanger) {
  std::vector<span_record> all;
  for (std::uint64_t i = 1; i <= 5'000; ++i) {
    all.push_back(spanning("s", i, i - 1, 0s, 1ms));
  }
  const auto text = to_tree(all);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5'001);
}

// What the exporter has written after each of these batches.
std::vector<std::string> written(span_exporter& to, std::ostringstream& out,
                                 const std::vector<std::vector<span_record>>& batches) {
  std::vector<std::string> all;
  run_in_world(1, [&](context& cx) -> task<void> {
    for (const auto& batch : batches) {
      const auto done = co_await to.export_spans(cx, batch);
      EXPECT_TRUE(done);
      all.push_back(out.str());
      out.str({});
    }
  });
  return all;
}

TEST(StreamExporters, ALineForEachSpan) {
  std::ostringstream out;
  json_lines_exporter to(out);
  const auto a = spanning("a", 1, 0, 0s, 1ms);
  const auto b = spanning("b", 2, 0, 0s, 1ms);
  EXPECT_EQ(written(to, out, {{a, b}}),
            (std::vector<std::string>{to_json_line(a) + "\n" + to_json_line(b) + "\n"}));
}

TEST(StreamExporters, AStreamThatFailsIsAnError) {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  json_lines_exporter lines(out);
  tree_exporter trees(out);
  const std::vector<span_record> batch{spanning("a", 1, 0, 0s, 1ms)};
  run_in_world(1, [&](context& cx) -> task<void> {
    const auto first = co_await lines.export_spans(cx, batch);
    EXPECT_EQ(first.error().kind(), error_kind::system_error);
    const auto second = co_await trees.export_spans(cx, batch);
    EXPECT_EQ(second.error().kind(), error_kind::system_error);
  });
}

TEST(StreamExporters, ATreeIsWrittenWhenItsFirstSpanHasEnded) {
  std::ostringstream out;
  tree_exporter to(out, {.bar = 0});
  const auto all = checkout();
  const auto got = written(to, out, {{all[0]}, {all[1]}, {all[2], all[3]}, {}});
  EXPECT_EQ(got[0] + got[1] + got[3], "");
  EXPECT_EQ(got[2], to_tree(all, {.bar = 0}));
}

TEST(StreamExporters, ATraceFromElsewhereIsWrittenWhenNothingMoreComes) {
  std::ostringstream out;
  tree_exporter to(out);
  auto top = spanning("top", 1, 77, 0s, 1ms);
  top.parent_is_remote = true;
  const auto below = spanning("below", 2, 1, 0s, 1ms);
  const auto got = written(to, out, {{below}, {top}, {spanning("late", 3, 1, 0s, 1ms)}, {}, {}});
  EXPECT_EQ(got[0] + got[1] + got[2] + got[4], "");
  EXPECT_NE(got[3].find(": 3 spans"), std::string::npos) << got[3];
}

TEST(StreamExporters, OnlySoManySpansWait) {
  std::ostringstream out;
  tree_exporter to(out, {}, 2);
  std::vector<span_record> all;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    all.push_back(spanning("s" + std::to_string(i), i, 99, 0s, 1ms));
    all.back().id.trace.low = i;
  }
  const auto got = written(to, out, {all});
  EXPECT_NE(got[0].find("s3"), std::string::npos);
  EXPECT_EQ(got[0].find("s4"), std::string::npos);
  to.flush();
  EXPECT_NE(out.str().find("s4"), std::string::npos);
  EXPECT_NE(out.str().find("s5"), std::string::npos);
  out.str({});
  to.flush();
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace fairlead::observe
