// SPDX-License-Identifier: BSL-1.0
// What is off, and what was looked up before, takes no memory. Where there is none, the call goes
// on.

#include "support/count_allocations.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/observe/baggage.hpp>
#include <fairlead/observe/log.hpp>
#include <fairlead/observe/metric_registry.hpp>
#include <fairlead/observe/propagation.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>
#include <fairlead/observe/tracestate.hpp>

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <string>

namespace fairlead::observe {
namespace {

using namespace std::chrono_literals;

class observe_allocations : public ::testing::Test {
 protected:
  // How often `f` takes memory.
  template <class F>
  static std::uint64_t taken(F f) {
    const auto before = testing::allocations_of_this_thread();
    f();
    return testing::allocations_of_this_thread() - before;
  }

  boost::asio::io_context loop{1};
  cancel_scope cx{environment::of(loop.get_executor())};
};

// A request with all that one does to it.
void call(span& s, const context& cx) {
  s.set("http.request.method", "GET");
  s.event("retry", {{"attempt", 2}});
  const auto below = s.under(cx);
  set_attribute(below, "a", 1);
  add_event(below, "b");
  span inner(below, "a name that is too long for a short string", span_kind::client);
  inner.note(result<int>(1));
  const auto innermost = inner.under(below);
  std::size_t bytes = 0;
  outgoing_trace(innermost.trace()).each([&](std::string_view name, std::string_view value) {
    bytes += name.size() + value.size();
  });
  EXPECT_EQ(bytes != 0, s.id().valid());
}

TEST_F(observe_allocations, NoneWithoutATrace) {
  EXPECT_EQ(taken([&] {
              span s(cx, "a name that is too long for a short string");
              call(s, cx);
            }),
            0U);
}

TEST_F(observe_allocations, NoneForATraceThatIsNotSampled) {
  tracer t({.sample = sampler::never()});
  EXPECT_EQ(taken([&] {
              span s(t, cx, "a name that is too long for a short string");
              call(s, cx);
            }),
            0U);
}

TEST_F(observe_allocations, NoneToPassOnAParent) {
  EXPECT_EQ(taken([&] {
              incoming_trace came;
              came.take("Host", "example.org");
              came.take("Traceparent", "00-12345678901234567890123456789012-1234567890123456-01");
              span s(nullptr, cx, came.context(), "GET");
              call(s, cx);
            }),
            0U);
}

TEST_F(observe_allocations, SomeForASpanThatIsRecorded) {
  tracer t;
  EXPECT_GT(taken([&] { const span s(t, cx, "x"); }), 0U);
}

TEST_F(observe_allocations, NoneToCount) {
  metric_registry r;
  const auto calls = r.counter({.name = "calls", .labels = {"method", "status"}});
  auto known = calls.with({"GET", "200"});
  auto took = r.durations({.name = "took"}).with();
  auto size = r.sizes({.name = "size"}).with();
  auto busy = r.gauge({.name = "busy"}).with();
  EXPECT_EQ(taken([&] {
              known.add();
              known.add(1, cx);
              calls.with({"GET", "200"}).add();
              took.record(5ms, cx);
              size.record(17);
              busy.add(1);
            }),
            0U);
}

TEST_F(observe_allocations, NoneForALineThatIsNotWritten) {
  class counting final : public log_sink {
   public:
    void write(const log_record& /*line*/) noexcept override { ++lines; }
    int lines = 0;
  } to;
  logger log(to, {.service = "shop", .burst = 1});
  const std::string name = "a text that is too long for a short string";
  EXPECT_EQ(taken([&] {
              log.debug(cx, "off", {{"name", name}, {"id", 42}});
              for (int i = 0; i < 5; ++i) {
                log.error(cx, "again", {{"name", name}});  // the sink decides what it takes
              }
            }),
            0U);
  EXPECT_EQ(to.lines, 1);
}

TEST_F(observe_allocations, WithoutMemoryTheCallGoesOn) {
  for (std::uint64_t nth = 1; nth < 40; ++nth) {
    tracer t;
    metric_registry r;
    const auto calls = r.counter({.name = "calls", .labels = {"x"}});
    testing::fail_allocation(nth);
    {
      span s(t, cx, "a name that is too long for a short string");
      s.set("a key that is too long for a short string", std::string_view("value"));
      s.event("an event that is too long for a short string", {{"a", 1}});
      s.link(s.id());
      s.rename("another name that is too long for a short string");
      s.fail("a type that is too long for a short string", "message");
      const auto below = s.under(cx);
      const span inner(below, "a name that is too long for a short string");
      calls.with({"a label that is too long for a short string"}).add(1, below);
      EXPECT_TRUE(s.id().valid());
    }
    testing::fail_allocation(0);
    std::uint64_t counted = 0;
    for (const auto& in : r.snapshot().instruments) {
      for (const auto& p : in.points) {
        counted += p.count;
      }
    }
    EXPECT_EQ(counted, 1U) << nth;
    const auto spans = t.counts();
    EXPECT_LE(spans.ended, 2U);
    EXPECT_EQ(t.take().size() + spans.dropped, spans.ended);
  }
}

}  // namespace
}  // namespace fairlead::observe
