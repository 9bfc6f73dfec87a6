// SPDX-License-Identifier: BSL-1.0
// Instruments by name: what they count, how they are told apart, and what they refuse.
#include <fairlead/observe/metric_registry.hpp>

#include <fairlead/core/context.hpp>
#include <fairlead/observe/metrics.hpp>
#include <fairlead/observe/names.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::observe {
namespace {

using namespace std::chrono_literals;

// The point of an instrument whose labels have these values.
const metric_point* point(const metrics_snapshot& s, std::string_view name,
                          const std::vector<std::string>& values = {}) {
  const auto* const in = s.find(name);
  if (in != nullptr) {
    for (const auto& p : in->points) {
      std::vector<std::string> got;
      for (const auto& l : p.labels) {
        got.push_back(l.value);
      }
      if (got == values) {
        return &p;
      }
    }
  }
  return nullptr;
}

TEST(MetricRegistry, CountsByLabels) {
  metric_registry r;
  const auto steps = r.counter({.name = names::pipeline_step_requests,
                                .help = "Calls of steps.",
                                .labels = {"step", "outcome"}});
  auto fetched = steps.with({"fetch", "success"});
  fetched.add();
  fetched.add(4);
  steps.with({"fetch", "success"}).add();
  steps.with({"store", "failure"}).add(2);
  const auto s = r.snapshot();
  ASSERT_EQ(s.instruments.size(), 1U);
  EXPECT_EQ(s.instruments[0].name, "pipeline_step_requests_total");
  EXPECT_EQ(s.instruments[0].help, "Calls of steps.");
  EXPECT_EQ(s.instruments[0].points.size(), 2U);
  EXPECT_EQ(point(s, "pipeline_step_requests_total", {"fetch", "success"})->count, 6U);
  EXPECT_EQ(point(s, "pipeline_step_requests_total", {"store", "failure"})->count, 2U);
  EXPECT_EQ(to_prometheus(s), R"(# HELP pipeline_step_requests_total Calls of steps.
# TYPE pipeline_step_requests_total counter
pipeline_step_requests_total{step="fetch",outcome="success"} 6
pipeline_step_requests_total{step="store",outcome="failure"} 2
)");
}

TEST(MetricRegistry, ACounterThatWasAskedForIsShownAsZero) {
  metric_registry r;
  static_cast<void>(r.counter({.name = "never"}));
  const auto c = r.counter({.name = "asked"}).with();
  static_cast<void>(c);
  const auto s = r.snapshot();
  ASSERT_EQ(s.instruments.size(), 1U);
  EXPECT_EQ(point(s, "asked")->count, 0U);
}

TEST(MetricRegistry, GaugesGoUpAndDown) {
  metric_registry r;
  const auto family = r.gauge({.name = "pool.busy", .labels = {"pool"}});
  auto busy = family.with({"a"});
  EXPECT_EQ(busy.value(), 0);
  EXPECT_TRUE(r.snapshot().instruments.empty());  // nobody has said anything yet
  busy.add(3);
  busy.sub(5);
  EXPECT_EQ(busy.value(), -2);
  family.with({"b"}).set(0);
  const auto s = r.snapshot();
  EXPECT_EQ(point(s, "pool.busy", {"a"})->value, -2);
  EXPECT_EQ(point(s, "pool.busy", {"b"})->value, 0);
  busy.set(0.5);
  EXPECT_EQ(point(r.snapshot(), "pool.busy", {"a"})->value, 0.5);
}

TEST(MetricRegistry, MeasuresDurations) {
  metric_registry r;
  const duration bounds[] = {10ms, 1s};
  auto took = r.durations({.name = names::http_client_request_duration}, bounds).with();
  took.record(-1s);
  took.record(10ms);
  took.record(10ms + 1ns);
  took.record(2s);
  const auto s = r.snapshot();
  const auto* const in = s.find("http.client.request.duration");
  ASSERT_NE(in, nullptr);
  EXPECT_EQ(in->unit, "s");
  EXPECT_EQ(in->bounds, (std::vector<double>{0.01, 1}));
  EXPECT_EQ(in->points[0].buckets, (std::vector<std::uint64_t>{2, 1, 1}));
  EXPECT_EQ(in->points[0].count, 4U);
  EXPECT_DOUBLE_EQ(in->points[0].sum, 2.020000001);
  EXPECT_TRUE(in->points[0].exemplars.empty());
}

TEST(MetricRegistry, MeasuresSizes) {
  metric_registry r;
  auto size = r.sizes({.name = "body", .unit = "By"}).with();
  size.record(0);
  size.record(128);
  size.record(129);
  size.record(1ULL << 40U);
  const auto s = r.snapshot();
  const auto& in = *s.find("body");
  EXPECT_EQ(in.unit, "By");
  EXPECT_EQ(in.bounds.front(), 128);
  EXPECT_EQ(in.bounds.back(), 32 << 20U);
  EXPECT_EQ(in.points[0].buckets.front(), 2U);
  EXPECT_EQ(in.points[0].buckets.back(), 1U);
  EXPECT_EQ(in.points[0].sum, 257 + static_cast<double>(1ULL << 40U));
}

TEST(MetricRegistry, TheSameNameIsTheSameInstrument) {
  metric_registry r;
  r.counter({.name = "a", .labels = {"x"}}).with({"1"}).add();
  r.counter({.name = "a", .labels = {"x"}}).with({"1"}).add();
  EXPECT_EQ(point(r.snapshot(), "a", {"1"})->count, 2U);
  EXPECT_THROW(static_cast<void>(r.counter({.name = "a"})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(r.counter({.name = "a", .labels = {"y"}})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(r.gauge({.name = "a", .labels = {"x"}})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(r.counter({.name = "a", .unit = "By", .labels = {"x"}})),
               std::invalid_argument);
}

TEST(MetricRegistry, RefusesNamesThatWouldBeOneInText) {
  metric_registry r;
  static_cast<void>(r.counter({.name = "a.b"}));
  EXPECT_THROW(static_cast<void>(r.counter({.name = "a_b"})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(r.counter({.name = "a.b.total"})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(r.watch({{"a/b", "", "", {}, [] { return 1; }}})),
               std::invalid_argument);
  const duration bounds[] = {1s};
  static_cast<void>(r.durations({.name = "t"}, bounds));
  EXPECT_THROW(static_cast<void>(r.durations({.name = "t"})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(r.gauge({.name = "t.seconds"})), std::invalid_argument);
}

TEST(MetricRegistry, RefusesWhatCannotBeMeant) {
  EXPECT_TRUE(problems_of(metric_options{.name = "a:b.c-d/e_1", .labels = {"x", "y.z"}}).empty());
  for (const char* const name : {"", "1a", "a b", "a\n", ".a", "\xc3\xbc"}) {
    EXPECT_EQ(problems_of(metric_options{.name = name}).size(), 1U) << name;
  }
  for (const char* const label : {"", "le", "quantile", "__name__", "a:b", "a b", "1"}) {
    EXPECT_EQ(problems_of(metric_options{.name = "a", .labels = {label}}).size(), 1U) << label;
  }
  EXPECT_EQ(problems_of(metric_options{.name = "a", .labels = {"x.y", "x_y"}}).size(), 1U);
  EXPECT_EQ(problems_of(metric_options{.name = "a",
                                       .labels = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
                                                  "k", "l", "m", "n", "o", "p", "q"}})
                .size(),
            1U);
  metric_registry r;
  EXPECT_THROW(static_cast<void>(r.counter({.name = "a b"})), std::invalid_argument);
  const duration unordered[] = {1ms, 1ms};
  const duration negative[] = {-1ms};
  const std::vector<std::uint64_t> many(41, 1);
  EXPECT_THROW(static_cast<void>(r.durations({.name = "a"}, unordered)), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(r.durations({.name = "a"}, negative)), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(r.sizes({.name = "a"}, many)), std::invalid_argument);
  EXPECT_THROW(metric_registry({.max_series = 0}), std::invalid_argument);
  EXPECT_THROW(metric_registry({.max_series = 1'000'001}), std::invalid_argument);
}

TEST(MetricRegistry, AValueForEachLabel) {
  metric_registry r;
  const auto c = r.counter({.name = "a", .labels = {"x", "y"}});
  EXPECT_THROW(static_cast<void>(c.with({"1"})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(c.with({"1", "2", "3"})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(c.with()), std::invalid_argument);
}

TEST(MetricRegistry, AnEmptyValueIsNoLabel) {
  metric_registry r;
  r.counter({.name = "a", .labels = {"x", "y"}}).with({"", "2"}).add();
  const auto s = r.snapshot();
  const auto& p = s.find("a")->points.at(0);
  ASSERT_EQ(p.labels.size(), 1U);
  EXPECT_EQ(p.at("y"), "2");
}

TEST(MetricRegistry, WhatIsTooManyIsCountedTogether) {
  metric_registry r({.max_series = 3});
  const auto c = r.counter({.name = "a", .labels = {"x", "y"}});
  for (int i = 0; i < 10; ++i) {
    c.with({std::to_string(i), "y"}).add();
  }
  c.with({"1", "y"}).add();
  auto s = r.snapshot();
  EXPECT_EQ(s.find("a")->points.size(), 4U);
  EXPECT_EQ(point(s, "a", {"1", "y"})->count, 2U);
  EXPECT_EQ(point(s, "a", {"other", "other"})->count, 7U);
  const auto g = r.gauge({.name = "g", .labels = {"x"}});
  for (int i = 0; i < 5; ++i) {
    g.with({std::to_string(i)}).set(i);
  }
  s = r.snapshot();
  EXPECT_EQ(point(s, "g", {"other"})->value, 4);
}

TEST(MetricRegistry, TheTableGrowsWithItsLabelSets) {
  metric_registry r;
  const auto c = r.counter({.name = "a", .labels = {"x"}});
  std::vector<counter> handles;
  for (int i = 0; i < 1'000; ++i) {
    handles.push_back(c.with({std::to_string(i)}));
  }
  for (int i = 0; i < 1'000; ++i) {
    handles[static_cast<std::size_t>(i)].add();
    c.with({std::to_string(i)}).add();
  }
  const auto s = r.snapshot();
  EXPECT_EQ(s.find("a")->points.size(), 1'000U);
  for (const auto& p : s.find("a")->points) {
    EXPECT_EQ(p.count, 2U);
  }
}

TEST(MetricRegistry, LongValuesAreCutBetweenCharacters) {
  metric_registry r;
  const auto c = r.counter({.name = "a", .labels = {"x"}});
  c.with({std::string(127, 'x') + "\xc3\xbc"}).add();
  c.with({std::string(127, 'x') + "\xc3\x9f"}).add();
  EXPECT_EQ(point(r.snapshot(), "a", {std::string(127, 'x')})->count, 2U);
}

TEST(MetricRegistry, WatchedGaugesAreReadWhenSomebodyAsks) {
  metric_registry r;
  r.gauge({.name = "a", .labels = {"x"}}).with({"1"}).set(5);
  double value = 7;
  auto first = r.watch({{"a", "", "", {{"x", "1"}}, [&] { return value; }},
                        {"b", "Help.", "By", {}, [] { return 2; }},
                        {"a", "", "", {{"x", "2"}}, []() -> double { throw 1; }}});
  auto second = r.watch({{"a", "", "", {{"x", "1"}}, [] { return 9; }}});
  value = 8;
  EXPECT_EQ(point(r.snapshot(), "a", {"1"})->value, 9);
  second = {};
  const auto s = r.snapshot();
  EXPECT_EQ(point(s, "a", {"1"})->value, 8);
  EXPECT_EQ(point(s, "a", {"2"}), nullptr);
  EXPECT_EQ(point(s, "b")->value, 2);
  EXPECT_EQ(s.find("b")->help, "Help.");
  first = {};
  EXPECT_EQ(point(r.snapshot(), "a", {"1"})->value, 5);
  EXPECT_EQ(r.snapshot().find("b"), nullptr);
}

TEST(MetricRegistry, IsOrderedByNameAndLabels) {
  metric_registry r;
  r.counter({.name = "b", .labels = {"x"}}).with({"2"}).add();
  r.counter({.name = "b", .labels = {"x"}}).with({"1"}).add();
  const auto w = r.watch({{"a", "", "", {}, [] { return 1; }}});
  r.gauge({.name = "c"}).with().set(1);
  const auto s = r.snapshot();
  ASSERT_EQ(s.instruments.size(), 3U);
  EXPECT_EQ(s.instruments[0].name, "a");
  EXPECT_EQ(s.instruments[1].name, "b");
  EXPECT_EQ(s.instruments[1].points[0].at("x"), "1");
  EXPECT_EQ(s.instruments[2].name, "c");
}

TEST(MetricRegistry, TracedCallsLeaveExamples) {
  boost::asio::io_context loop(1);
  const cancel_scope root(environment::of(loop.get_executor()));
  tracer t;
  metric_registry r;
  const duration bounds[] = {10ms, 1s};
  auto took = r.durations({.name = "took"}, bounds).with();
  auto calls = r.counter({.name = "calls"}).with();
  took.record(5ms, root);
  span s(t, root, "call");
  const auto traced = s.under(root);
  took.record(20ms, traced);
  took.record(30ms, traced);
  calls.add(3, traced);
  const auto seen = r.snapshot();
  const auto& examples = seen.find("took")->points[0].exemplars;
  ASSERT_EQ(examples.size(), 3U);
  EXPECT_FALSE(examples[0].trace.valid());
  EXPECT_EQ(examples[1].trace, s.id().trace);
  EXPECT_EQ(examples[1].span, s.id().span);
  EXPECT_DOUBLE_EQ(examples[1].value, 0.03);  // the last
  EXPECT_NE(examples[1].at, std::chrono::system_clock::time_point());
  EXPECT_FALSE(examples[2].trace.valid());
  EXPECT_EQ(seen.find("calls")->points[0].exemplars.at(0).value, 3);
}

TEST(MetricRegistry, TracesThatAreNotRecordedLeaveNone) {
  boost::asio::io_context loop(1);
  const cancel_scope root(environment::of(loop.get_executor()));
  tracer t({.sample = sampler::never()});
  metric_registry r;
  auto took = r.durations({.name = "took"}).with();
  span s(t, root, "call");
  took.record(5ms, s.under(root));
  EXPECT_TRUE(r.snapshot().find("took")->points[0].exemplars.empty());
}

TEST(MetricRegistry, PoliciesMayCountIntoIt) {
  metric_registry r;
  r.counter({.name = "mine"}).with().add();
  {
    metrics m(r);
    m.on_wait({.policy = policy_kind::bulkhead, .stack = "users", .name = "places", .waited = 2us});
    metrics second(r);
    second.on_wait(
        {.policy = policy_kind::bulkhead, .stack = "users", .name = "places", .waited = 2us});
    EXPECT_EQ(second.snapshot().instruments.size(), 2U);
    EXPECT_THROW(metrics(r, {.with_key = true}), std::invalid_argument);
  }
  EXPECT_EQ(point(r.snapshot(), "resilience.queue.wait", {"places", "users"})->count, 2U);
}

TEST(MetricRegistry, LosesNothingBetweenThreads) {
  constexpr int threads = 8;
  constexpr int rounds = 1'000;
  metric_registry r({.max_series = 200});
  tracer t({.queue = 100});
  std::barrier together(threads + 1);
  std::atomic<bool> done{false};
  std::vector<std::thread> all;
  for (int n = 0; n < threads; ++n) {
    all.emplace_back([&, n] {
      boost::asio::io_context loop(1);
      cancel_scope root(environment::of(loop.get_executor()));
      span s(t, root, "call");
      const auto traced = s.under(root);
      const auto c = r.counter({.name = "c", .labels = {"x"}});
      auto took = r.durations({.name = "d"}).with();
      auto level = r.gauge({.name = "g"}).with();
      together.arrive_and_wait();
      for (int i = 0; i < rounds; ++i) {
        // 300 values for 200 places: some end among the others, and the table grows meanwhile.
        c.with({std::to_string((i + 37 * n) % 300)}).add();
        took.record(std::chrono::milliseconds(i), traced);
        level.add(1);
      }
    });
  }
  std::thread reader([&] {
    together.arrive_and_wait();
    while (!done) {
      const auto s = r.snapshot();
      if (const auto* const d = s.find("d"); d != nullptr) {
        for (const auto& e : d->points.at(0).exemplars) {
          EXPECT_TRUE(!e.trace.valid() || (e.span.valid() && e.value < 1));
        }
      }
      static_cast<void>(to_openmetrics(s));
    }
  });
  for (auto& one : all) {
    one.join();
  }
  done = true;
  reader.join();
  const auto s = r.snapshot();
  std::uint64_t counted = 0;
  for (const auto& p : s.find("c")->points) {
    counted += p.count;
  }
  EXPECT_EQ(counted, std::uint64_t{threads} * rounds);
  EXPECT_EQ(s.find("c")->points.size(), 201U);
  EXPECT_EQ(point(s, "d")->count, std::uint64_t{threads} * rounds);
  EXPECT_EQ(point(s, "g")->value, threads * rounds);
}

}  // namespace
}  // namespace fairlead::observe
