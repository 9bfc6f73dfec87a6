// SPDX-License-Identifier: BSL-1.0
// What spans, counters and log lines cost: off, looked up before, and recorded. Every line also
// counts allocations per turn.

#include "support/count_allocations.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/observe/log.hpp>
#include <fairlead/observe/metric_registry.hpp>
#include <fairlead/observe/metrics.hpp>
#include <fairlead/observe/propagation.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>

#include <boost/asio/io_context.hpp>

#include <benchmark/benchmark.h>

namespace {

using namespace fairlead;
using namespace std::chrono_literals;

// Runs `f(context&)` over and over.
template <class F>
void measured(benchmark::State& state, F f) {
  boost::asio::io_context loop(1);
  cancel_scope cx(environment::of(loop.get_executor()));
  const auto before = testing::allocations_of_this_thread();
  for (auto _ : state) {
    f(cx);
  }
  state.counters["allocations"] =
      benchmark::Counter(static_cast<double>(testing::allocations_of_this_thread() - before),
                         benchmark::Counter::kAvgIterations);
}

// A span as a call has it.
void span_in(const context& cx) {
  observe::span s(cx, "call", observe::span_kind::client);
  s.set("server.port", 80);
  auto traced = s.under(cx);
  benchmark::DoNotOptimize(traced);
}

void span_without_a_trace(benchmark::State& state) {
  measured(state, [](context& cx) { span_in(cx); });
}
BENCHMARK(span_without_a_trace);

void span_not_sampled(benchmark::State& state) {
  observe::tracer tracer({.sample = observe::sampler::never()});
  measured(state, [&](context& cx) {
    observe::span root(tracer, cx, "root");
    span_in(root.under(cx));
  });
}
BENCHMARK(span_not_sampled);

void span_recorded(benchmark::State& state) {
  observe::tracer tracer;
  measured(state, [&](context& cx) {
    {
      observe::span root(tracer, cx, "root");
      span_in(root.under(cx));
    }
    benchmark::DoNotOptimize(tracer.take());
  });
}
BENCHMARK(span_recorded);

void trace_passed_on(benchmark::State& state) {
  measured(state, [](context& cx) {
    observe::incoming_trace came;
    came.take("host", "example.org");
    came.take("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    observe::span s(nullptr, cx, came.context(), "GET");
    const auto traced = s.under(cx);
    const observe::outgoing_trace sent(traced.trace());
    benchmark::DoNotOptimize(sent.traceparent());
  });
}
BENCHMARK(trace_passed_on);

void counter_by_handle(benchmark::State& state) {
  static observe::metric_registry registry;
  auto counted = registry.counter({.name = "counter"}).with();
  measured(state, [&](context&) { counted.add(); });
}
BENCHMARK(counter_by_handle);
BENCHMARK(counter_by_handle)->Threads(2);

void counter_by_labels(benchmark::State& state) {
  observe::metric_registry registry;
  const auto counted = registry.counter({.name = "counter", .labels = {"method", "status"}});
  measured(state, [&](context&) { counted.with({"GET", "200"}).add(); });
}
BENCHMARK(counter_by_labels);

void duration_by_handle(benchmark::State& state) {
  observe::metric_registry registry;
  auto took = registry.durations({.name = "took"}).with();
  measured(state, [&](context& cx) { took.record(7ms, cx); });
}
BENCHMARK(duration_by_handle);

void line_not_written(benchmark::State& state) {
  class nowhere final : public observe::log_sink {
    void write(const observe::log_record& /*line*/) noexcept override {}
  } sink;
  observe::logger log(sink);
  measured(state, [&](context& cx) { log.debug(cx, "off", {{"user.id", 42}}); });
}
BENCHMARK(line_not_written);

}  // namespace

BENCHMARK_MAIN();
