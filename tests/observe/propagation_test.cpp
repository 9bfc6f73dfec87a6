// SPDX-License-Identifier: BSL-1.0
// What requests bring, and what goes on with the next ones.
#include <fairlead/observe/propagation.hpp>

#include <fairlead/observe/baggage.hpp>
#include <fairlead/observe/trace_context.hpp>
#include <fairlead/observe/tracestate.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fairlead::observe {
namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

constexpr auto parent = "00-12345678901234567890123456789012-1234567890123456-01";

// What is sent along with a request that is made while this one is served, without a tracer.
fields passed_on(const fields& request) {
  incoming_trace came;
  for (const auto& [name, value] : request) {
    came.take(name, value);
  }
  const auto context = came.context();
  fields out;
  outgoing_trace(&context).each(
      [&](std::string_view name, std::string_view value) { out.emplace_back(name, value); });
  return out;
}

TEST(Propagation, WhatCameIsPassedOn) {
  const fields all{{"traceparent", parent}, {"tracestate", "foo=1,bar=2"}, {"baggage", "a=1;p"}};
  EXPECT_EQ(passed_on(all), all);
  EXPECT_EQ(passed_on({all[0]}), fields{all[0]});
  EXPECT_EQ(passed_on({}), fields{});
}

TEST(Propagation, NamesMayBeInAnyCase) {
  for (const char* const name : {"TraceParent", "TrAcEpArEnT", "TRACEPARENT"}) {
    EXPECT_EQ(passed_on({{name, parent}}), (fields{{"traceparent", parent}}));
  }
  EXPECT_EQ(passed_on({{"Traceparent", parent}, {"TRACESTATE", "a=1"}, {"Baggage", "b=2"}}).size(),
            3U);
}

TEST(Propagation, OtherNamesAreOtherFields) {
  incoming_trace came;
  for (const char* const name : {"trace-parent", "trace.parent", "traceparents", "", "trace",
                                 "trace-state", "baggages", "Host"}) {
    EXPECT_FALSE(came.take(name, parent)) << name;
  }
  EXPECT_TRUE(came.empty());
  EXPECT_FALSE(came.context().parent().valid());
  EXPECT_TRUE(came.take("baggage", ""));
  EXPECT_TRUE(came.empty());
  EXPECT_TRUE(came.take("traceparent", "nonsense"));
  EXPECT_FALSE(came.empty());
}

TEST(Propagation, TwoParentsAreNone) {
  for (const char* const second :
       {parent, "00-12345678901234567890123456789011-1234567890123456-01", "nonsense", ""}) {
    EXPECT_EQ(passed_on({{"traceparent", parent}, {"traceparent", second}}), fields{});
    EXPECT_EQ(passed_on({{"traceparent", second}, {"traceparent", parent}}), fields{});
  }
  EXPECT_EQ(passed_on({{"traceparent", parent}, {"traceparent", parent}, {"traceparent", parent}}),
            fields{});
}

TEST(Propagation, StateWithoutAParentIsDroppedAndBaggageIsNot) {
  EXPECT_EQ(passed_on({{"tracestate", "foo=1"}}), fields{});
  EXPECT_EQ(passed_on({{"traceparent", "nonsense"}, {"tracestate", "foo=1"}, {"baggage", "a=1"}}),
            (fields{{"baggage", "a=1"}}));
}

TEST(Propagation, BadStateLeavesTheParent) {
  EXPECT_EQ(passed_on({{"traceparent", parent}, {"tracestate", "foo=1,foo=2"}}),
            (fields{{"traceparent", parent}}));
}

TEST(Propagation, LinesAreJoined) {
  EXPECT_EQ(passed_on({{"tracestate", "foo=1,bar=2"},
                       {"baggage", "a=1"},
                       {"traceparent", parent},
                       {"tracestate", ""},
                       {"tracestate", "rojo=1,congo=2"},
                       {"baggage", "b=2"},
                       {"tracestate", "baz=3"}}),
            (fields{{"traceparent", parent},
                    {"tracestate", "foo=1,bar=2,rojo=1,congo=2,baz=3"},
                    {"baggage", "a=1,b=2"}}));
  EXPECT_EQ(passed_on({{"traceparent", parent}, {"tracestate", "foo=1"}, {"tracestate", "foo=1"}}),
            (fields{{"traceparent", parent}}));
}

TEST(Propagation, LaterVersionsArePassedOnAsOurs) {
  EXPECT_EQ(
      passed_on({{"traceparent", "cc-12345678901234567890123456789012-1234567890123456-01-more"}}),
      (fields{{"traceparent", parent}}));
}

TEST(Propagation, FloodsAreBounded) {
  incoming_trace came;
  came.take("traceparent", parent);
  const std::string line(1000, ' ');
  for (int i = 0; i < 1000; ++i) {
    came.take("tracestate", line);
    came.take("baggage", line);
  }
  came.take("tracestate", "a=1");
  came.take("baggage", "a=1");
  const auto context = came.context();
  EXPECT_TRUE(context.parent().valid());
  EXPECT_TRUE(context.state().empty());  // not all of it could be read
  EXPECT_EQ(context.facts().get("a"), "1");
}

TEST(Propagation, OfNoContextNothingIsSent) {
  const outgoing_trace none(nullptr);
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.traceparent(), "");
  const trace_context nothing;
  EXPECT_TRUE(outgoing_trace(&nothing).empty());
}

TEST(TraceContext, FactsMayBeAddedOnTheWay) {
  const trace_context came(traceparent::parse(parent).value(), tracestate::parse("a=1").value(),
                           baggage::parse("b=2"));
  auto facts = came.facts();
  ASSERT_TRUE(facts.set("c", "3"));
  const auto more = came.with_facts(facts);
  EXPECT_EQ(outgoing_trace(&more).traceparent(), parent);
  EXPECT_EQ(outgoing_trace(&more).tracestate(), "a=1");
  EXPECT_EQ(outgoing_trace(&more).baggage(), "b=2,c=3");
  EXPECT_EQ(outgoing_trace(&came).baggage(), "b=2");
  EXPECT_EQ(more.tracer(), nullptr);
  EXPECT_FALSE(more.recording());
}

}  // namespace
}  // namespace fairlead::observe
