// SPDX-License-Identifier: BSL-1.0
// What policies report, in spans and in log lines.
#include "support/sim_test.hpp"

#include <fairlead/observe/policy_sinks.hpp>

#include <fairlead/observe/log_sinks.hpp>
#include <fairlead/observe/metrics.hpp>
#include <fairlead/observe/recorder.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace fairlead::observe {
namespace {

using namespace std::chrono_literals;
using testing::run_in_world;

policy_event a_retry(const context* cx, const error* cause) {
  return {.policy = policy_kind::retry,
          .action = policy_action::retry,
          .stack = "users",
          .name = "retry",
          .attempt = 2,
          .delay = 150ms,
          .cause = cause,
          .cx = cx};
}

policy_event an_opening(const context* cx) {
  return {.policy = policy_kind::circuit_breaker,
          .action = policy_action::state,
          .name = "payments",
          .cx = cx,
          .from = "closed",
          .to = "open"};
}

TEST(SpanEvents, StandInTheSpanOfTheCall) {
  tracer t;
  span_events to;
  run_in_world(1, [&](context& cx) -> task<void> {
    const error cause(errors::shed{"p"});
    {
      span s(t, cx, "call");
      const auto traced = s.under(cx);
      to.on_event(a_retry(&traced, &cause));
      to.on_event(an_opening(&traced));
      to.on_event({.action = policy_action::limit, .name = "l", .cx = &traced, .value = 7});
    }
    to.on_event(a_retry(&cx, &cause));  // of no trace
    to.on_event(a_retry(nullptr, nullptr));
    const auto events = t.take().at(0).events;
    EXPECT_EQ(events.size(), 3U);
    EXPECT_EQ(events.at(0).name, "retry");
    EXPECT_EQ(events.at(0).attributes, (std::vector<attribute>{{"policy", std::string("retry")},
                                                               {"pipeline", std::string("users")},
                                                               {"attempt", std::int64_t{2}},
                                                               {"delay_ms", 150.0},
                                                               {"error.type", std::string("shed")},
                                                               {"error", cause.message()}}));
    EXPECT_EQ(events.at(1).name, "state");
    EXPECT_EQ(events.at(1).attributes, (std::vector<attribute>{{"policy", std::string("payments")},
                                                               {"attempt", std::int64_t{1}},
                                                               {"from", std::string("closed")},
                                                               {"to", std::string("open")}}));
    EXPECT_EQ(events.at(2).attributes.back(), (attribute{"value", 7.0}));
    co_return;
  });
}

TEST(PolicyLog, WritesWhatMatters) {
  std::ostringstream out;
  stream_log lines(out, &to_console_line);
  logger log(lines, {.service = "shop", .level = severity::warning});
  policy_log to(log);
  run_in_world(1, [&](context& cx) -> task<void> {
    to.on_event(a_retry(&cx, nullptr));
    to.on_event(an_opening(&cx));
    to.on_event({.policy = policy_kind::cache, .action = policy_action::hit, .cx = &cx});
    to.on_event(an_opening(nullptr));
    co_return;
  });
  std::vector<std::string> got;
  std::istringstream in(out.str());
  for (std::string line; std::getline(in, line);) {
    got.push_back(line.substr(13));
  }
  EXPECT_EQ(got, (std::vector<std::string>{
                     "WARN  shop: retry retry  policy=retry pipeline=users attempt=2 delay_ms=150",
                     "ERROR shop: circuit_breaker state  policy=payments attempt=1 from=closed "
                     "to=open",
                     "ERROR shop: circuit_breaker state  policy=payments attempt=1 from=closed "
                     "to=open"}));
}

TEST(Tee, HandsOnEverything) {
  metrics first;
  metrics second;
  recorder third;
  tee all{&first, &second, &third};
  all.on_event(a_retry(nullptr, nullptr));
  all.on_attempt({.stack = "users", .took = 1ms});
  all.on_execution({.stack = "users", .took = 1ms});
  all.on_wait({.stack = "users", .name = "places", .waited = 1ms});
  EXPECT_EQ(first.snapshot().instruments.size(), 4U);
  EXPECT_EQ(second.snapshot().instruments.size(), 4U);
  EXPECT_EQ(third.total(policy_action::retry), 1U);
}

}  // namespace
}  // namespace fairlead::observe
