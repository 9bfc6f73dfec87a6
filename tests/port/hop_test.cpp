// SPDX-License-Identifier: BSL-1.0
// What travels with a call: what is sent, and what is believed of what comes.
#include <fairlead/port/hop.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "support/sim_test.hpp"

namespace fairlead::testing {
namespace {

using namespace std::chrono_literals;
using fields = std::map<std::string, std::string>;

fields sent(const context& cx) {
  const outgoing_hop hop(cx);
  EXPECT_TRUE(hop.check());
  fields out;
  for (const auto& f : hop.fields()) {
    EXPECT_TRUE(out.emplace(f.name, f.value).second) << f.name;
  }
  return out;
}

// The facts of a context made of `received`, without the time.
std::string believed(context& cx, const fields& received) {
  incoming_hop hop;
  for (const auto& [name, value] : received) {
    hop.take(name, value);
  }
  const auto call = hop.call_of("op");
  const auto out = hop.under(cx, cx.now(), call);
  return std::string(out.received()->operation) + " " +
         std::string(out.received()->idempotency_key) + " " +
         std::to_string(out.received()->attempt) + " " + std::string(to_string(out.criticality()));
}

void in_context(const std::function<void(context&)>& body) {
  run_in_world(1, [&](context& cx) -> task<void> {
    body(cx);
    co_return;
  });
}

TEST(Hop, NothingIsSentOfACallOfWhichNothingIsSaid) {
  in_context([](context& cx) { EXPECT_EQ(sent(cx), fields()); });
}

TEST(Hop, FactsAreSent) {
  in_context([](context& cx) {
    EXPECT_EQ(sent(cx.with_timeout(1500ms)), (fields{{"Fairlead-Timeout-Ms", "1500"}}));
    EXPECT_EQ(sent(cx.with_timeout(1us)), (fields{{"Fairlead-Timeout-Ms", "1"}})) << "rounded up";
    EXPECT_EQ(sent(cx.with_timeout(-5s)), (fields{{"Fairlead-Timeout-Ms", "0"}}));
    EXPECT_EQ(sent(cx.with_attempt(12).with_timeout(2s)),
              (fields{{"Fairlead-Timeout-Ms", "2000"}, {"Fairlead-Attempt", "12"}}));
    EXPECT_EQ(sent(cx.with_criticality(criticality::sheddable_plus)),
              (fields{{"Fairlead-Criticality", "sheddable_plus"}}));
    EXPECT_EQ(sent(cx.with_idempotency_key("8e03978e-40d5")),
              (fields{{"Idempotency-Key", "8e03978e-40d5"}}));
  });
}

TEST(Hop, AKeyThatCannotTravelIsAnError) {
  in_context([](context& cx) {
    const std::string longest(255, 'k');
    EXPECT_TRUE(outgoing_hop(cx.with_idempotency_key(longest)).check());
    for (const auto& bad : {std::string(256, 'k'), std::string("a b"), std::string("a\r\nX: y"),
                            std::string("\xc3\xbc")}) {
      const auto known = cx.with_idempotency_key(bad);
      const auto refused = outgoing_hop(known).check();
      EXPECT_FALSE(refused) << bad;
      EXPECT_EQ(refused.error().kind(), error_kind::invalid_argument);
      EXPECT_EQ(refused.error().sent(), error_sent::not_sent);
      EXPECT_TRUE(outgoing_hop(known).fields().empty());
    }
  });
}

TEST(Hop, WhatWasSentArrives) {
  in_context([](context& cx) {
    const auto from = cx.with_timeout(3s)
                          .with_attempt(2)
                          .with_criticality(criticality::critical_plus)
                          .with_idempotency_key("k");
    incoming_hop hop;
    const outgoing_hop out(from);
    for (const auto& f : out.fields()) {
      hop.take(f.name, f.value);
    }
    const auto call = hop.call_of("pay");
    const auto there = hop.under(cx, cx.now(), call);
    EXPECT_EQ(there.deadline(), from.deadline());
    EXPECT_EQ(there.criticality(), criticality::critical_plus);
    EXPECT_EQ(there.received()->operation, "pay");
    EXPECT_EQ(there.received()->idempotency_key, "k");
    EXPECT_EQ(there.received()->attempt, 2U);
    EXPECT_EQ(there.attempt(), 1U) << "of the service's own calls";
    EXPECT_TRUE(there.idempotency_key().empty());
  });
}

TEST(Hop, TimeRunsFromTheArrival) {
  in_context([](context& cx) {
    incoming_hop hop;
    hop.take("fairlead-timeout-ms", "100");
    const auto call = hop.call_of("op");
    EXPECT_EQ(hop.under(cx, cx.now() - 60ms, call).deadline(), cx.now() + 40ms);
    EXPECT_FALSE(hop.under(cx, cx.now() - 100ms, call).check());
    const auto sooner = cx.with_timeout(10ms);
    EXPECT_EQ(hop.under(sooner, cx.now(), call).deadline(), sooner.deadline());
  });
}

TEST(Hop, NonsenseIsPassedOver) {
  in_context([](context& cx) {
    EXPECT_EQ(believed(cx, {}), "op  1 critical");
    EXPECT_EQ(believed(cx, {{"Fairlead-Attempt", "0"}}), "op  1 critical");
    EXPECT_EQ(believed(cx, {{"Fairlead-Attempt", "-1"}}), "op  1 critical");
    EXPECT_EQ(believed(cx, {{"Fairlead-Attempt", "99999999999"}}), "op  1 critical");
    EXPECT_EQ(believed(cx, {{"Fairlead-Criticality", "vital"}}), "op  1 critical");
    EXPECT_EQ(believed(cx, {{"IDEMPOTENCY-KEY", "a b"}}), "op  1 critical");
    EXPECT_EQ(believed(cx, {{"idempotency-key", "ab"}, {"X-Other", "1"}}), "op ab 1 critical");
    for (const auto* text : {"", "x", "1s", "-5", "1e3", "31536000001", "99999999999999999999"}) {
      incoming_hop hop;
      hop.take(timeout_field, text);
      const auto call = hop.call_of("op");
      EXPECT_EQ(hop.under(cx, cx.now(), call).deadline(), no_deadline) << text;
    }
    incoming_hop twice;
    twice.take(attempt_field, "2");
    twice.take(attempt_field, "7");
    EXPECT_EQ(twice.call_of("op").attempt, 2U) << "the first";
  });
}

}  // namespace
}  // namespace fairlead::testing
