// SPDX-License-Identifier: BSL-1.0
// Labels, buckets, bounds and gauges of metrics.
#include <fairlead/observe/metrics.hpp>

#include <fairlead/core/context.hpp>

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <limits>
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
using std::chrono::nanoseconds;

policy_event event_of(policy_action action, std::string_view name = "retry") {
  return {.policy = policy_kind::retry, .action = action, .stack = "users", .name = name};
}

// The count at the point with these labels; nothing when there is none.
std::optional<std::uint64_t> count_at(
    const metrics_snapshot& s, std::string_view instrument,
    const std::vector<std::pair<std::string_view, std::string_view>>& labels) {
  const auto* in = s.find(instrument);
  if (in == nullptr) {
    return std::nullopt;
  }
  for (const auto& p : in->points) {
    const bool all = std::all_of(labels.begin(), labels.end(),
                                 [&](const auto& l) { return p.at(l.first) == l.second; });
    if (all) {
      return p.count;
    }
  }
  return std::nullopt;
}

std::optional<double> gauge_at(const metrics_snapshot& s, std::string_view instrument,
                               std::string_view policy) {
  const auto* in = s.find(instrument);
  if (in != nullptr) {
    for (const auto& p : in->points) {
      if (p.at("policy") == policy) {
        return p.value;
      }
    }
  }
  return std::nullopt;
}

TEST(Metrics, CountEventsByLabels) {
  metrics m;
  m.on_event(event_of(policy_action::retry));
  m.on_event(event_of(policy_action::retry));
  m.on_event(event_of(policy_action::gave_up));
  m.on_event(event_of(policy_action::retry, "other retry"));
  const auto s = m.snapshot();
  ASSERT_EQ(s.instruments.size(), 1U);
  const auto& events = s.instruments[0];
  EXPECT_EQ(events.name, "resilience.events");
  EXPECT_EQ(events.kind, instrument_kind::counter);
  ASSERT_EQ(events.points.size(), 3U);
  EXPECT_EQ(count_at(s, events.name,
                     {{"policy", "retry"},
                      {"event", "retry"},
                      {"pipeline", "users"},
                      {"severity", "warning"}}),
            2U);
  EXPECT_EQ(count_at(s, events.name, {{"policy", "retry"}, {"event", "gave_up"}}), 1U);
  EXPECT_EQ(count_at(s, events.name, {{"policy", "other retry"}}), 1U);
  for (const auto& p : events.points) {
    EXPECT_EQ(p.labels.size(), 4U);
  }
}

TEST(Metrics, NothingMeasuredIsNothingShown) {
  EXPECT_TRUE(metrics().snapshot().instruments.empty());
}

TEST(Metrics, AChangeOfStateIsCalledAfterTheNewState) {
  metrics m;
  for (const auto* to : {"open", "half_open", "closed", "open", "isolated", "no such"}) {
    auto e = event_of(policy_action::state, "payments");
    e.from = "somewhere";
    e.to = to;
    m.on_event(e);
  }
  const auto s = m.snapshot();
  const auto of = [&](std::string_view event, std::string_view severity) {
    return count_at(s, "resilience.events", {{"event", event}, {"severity", severity}});
  };
  EXPECT_EQ(of("state_open", "error"), 2U);
  EXPECT_EQ(of("state_half_open", "warning"), 1U);
  EXPECT_EQ(of("state_closed", "information"), 1U);
  EXPECT_EQ(of("state_isolated", "error"), 1U);
  EXPECT_EQ(of("state", "information"), 1U);
}

TEST(Metrics, EveryActionHasASeverity) {
  for (int i = 0; i <= static_cast<int>(policy_action::not_abandoned); ++i) {
    const auto e = event_of(static_cast<policy_action>(i));
    EXPECT_NE(to_string(severity_of(e)), "?");
  }
  EXPECT_EQ(severity_of(event_of(policy_action::hit)), severity::debug);
  EXPECT_EQ(severity_of(event_of(policy_action::timeout)), severity::error);
  EXPECT_EQ(to_string(severity::information), "information");
  EXPECT_EQ(to_string(execution_outcome::cancelled), "cancelled");
}

TEST(Metrics, AttemptsAreToldApartUpToFour) {
  metrics m;
  for (const std::uint32_t n : {0U, 1U, 2U, 4U, 5U, 6U, 4'000'000'000U}) {
    m.on_attempt({.stack = "users", .attempt = n, .took = 1ms, .handled = n == 2});
  }
  const auto s = m.snapshot();
  const auto of = [&](std::string_view n, std::string_view handled) {
    return count_at(s, "resilience.attempt.duration", {{"attempt", n}, {"handled", handled}});
  };
  EXPECT_EQ(of("1", "false"), 2U);
  EXPECT_EQ(of("2", "true"), 1U);
  EXPECT_EQ(of("3", "false"), std::nullopt);
  EXPECT_EQ(of("4", "false"), 1U);
  EXPECT_EQ(of("5+", "false"), 3U);
}

TEST(Metrics, ADurationFallsIntoTheBucketWhoseBoundItDoesNotExceed) {
  metrics m;
  const auto took = [&](duration d) {
    m.on_execution({.stack = "users", .took = d, .outcome = execution_outcome::success});
  };
  took(-1s);  // a clock that went back
  took(0s);
  took(5ms);
  took(5ms + 1ns);
  took(10s);
  took(10s + 1ns);
  took(duration::max() / 4);
  const auto s = m.snapshot();
  const auto* in = s.find("resilience.execution.duration");
  ASSERT_NE(in, nullptr);
  EXPECT_EQ(in->unit, "s");
  EXPECT_EQ(in->bounds, (std::vector<double>{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5,
                                             5, 7.5, 10}));
  const auto& p = in->points.at(0);
  EXPECT_EQ(p.at("outcome"), "success");
  EXPECT_EQ(p.buckets, (std::vector<std::uint64_t>{3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2}));
  EXPECT_EQ(p.count, 7U);
  EXPECT_DOUBLE_EQ(p.sum,
                   std::chrono::duration<double>(duration::max() / 4).count() + 20.010000002);
}

TEST(Metrics, BucketsMayBeOthers) {
  const std::vector<duration> bounds{1us, 1ms};
  metrics m({.buckets = bounds});
  m.on_wait({.policy = policy_kind::bulkhead, .stack = "users", .name = "places", .waited = 2us});
  const auto s = m.snapshot();
  const auto* in = s.find("resilience.queue.wait");
  ASSERT_NE(in, nullptr);
  EXPECT_EQ(in->bounds, (std::vector<double>{1e-6, 1e-3}));
  EXPECT_EQ(in->points.at(0).buckets, (std::vector<std::uint64_t>{0, 1, 0}));
  EXPECT_EQ(in->points.at(0).at("policy"), "places");
}

TEST(Metrics, TheKeyIsALabelOnlyWhenAskedFor) {
  boost::asio::io_context loop(1);
  const cancel_scope root(environment::of(loop.get_executor()));
  const context keyed = root.with_key("tenant 7");
  for (const bool with : {false, true}) {
    metrics m({.with_key = with});
    auto e = event_of(policy_action::retry);
    e.cx = &keyed;
    m.on_event(e);
    m.on_event(event_of(policy_action::retry));
    m.on_attempt({.stack = "users", .cx = &keyed});
    m.on_execution({.stack = "users", .cx = &keyed});
    m.on_wait({.stack = "users", .name = "places", .cx = &keyed});
    const auto s = m.snapshot();
    EXPECT_EQ(s.find("resilience.events")->points.size(), with ? 2U : 1U);
    for (const auto& in : s.instruments) {
      EXPECT_EQ(count_at(s, in.name, {{"key", "tenant 7"}}).has_value(), with) << in.name;
      for (const auto& p : in.points) {
        for (const auto& l : p.labels) {
          EXPECT_NE(l.value, "") << l.name;
        }
      }
    }
  }
}

TEST(Metrics, WhatIsTooManyIsCountedTogether) {
  metrics m({.max_series = 3});
  for (int i = 0; i < 10; ++i) {
    m.on_event(event_of(policy_action::retry, "policy " + std::to_string(i)));
  }
  m.on_event(event_of(policy_action::retry, "policy 1"));
  const auto s = m.snapshot();
  EXPECT_EQ(s.find("resilience.events")->points.size(), 4U);
  EXPECT_EQ(count_at(s, "resilience.events", {{"policy", "policy 1"}}), 2U);
  EXPECT_EQ(count_at(s, "resilience.events",
                     {{"policy", "other"}, {"event", "other"}, {"pipeline", "other"}}),
            7U);
}

TEST(Metrics, LongLabelsAreCut) {
  metrics m;
  std::string name(200, 'x');
  m.on_event(event_of(policy_action::retry, name));
  name += "y";
  m.on_event(event_of(policy_action::retry, name));
  EXPECT_EQ(count_at(m.snapshot(), "resilience.events", {{"policy", std::string(128, 'x')}}), 2U);
}

TEST(Metrics, RefuseWhatCannotBeMeant) {
  const std::vector<duration> unordered{1ms, 1ms};
  const std::vector<duration> negative{-1ms};
  const std::vector<duration> many(41, 1ms);
  EXPECT_EQ(problems_of(metrics_options{}).size(), 0U);
  EXPECT_EQ(problems_of({.max_series = 0, .buckets = unordered}).size(), 2U);
  EXPECT_EQ(problems_of({.max_series = 1'000'001, .buckets = negative}).size(), 2U);
  EXPECT_EQ(problems_of({.buckets = many}).size(), 2U);
  EXPECT_THROW(metrics({.max_series = 0}), std::invalid_argument);
}

TEST(Metrics, GaugesAreReadWhenSomebodyAsks) {
  metrics m;
  double value = 1;
  int asked = 0;
  auto watched = m.watch("b", {{policy_gauge::limit_current,
                                [&] {
                                  ++asked;
                                  return value;
                                }},
                               {policy_gauge::limit_inflight, [] { return 0.5; }}});
  EXPECT_EQ(asked, 0);
  value = 7;
  const auto s = m.snapshot();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(gauge_at(s, "resilience.limit.current", "b"), 7);
  EXPECT_EQ(gauge_at(s, "resilience.limit.inflight", "b"), 0.5);
  EXPECT_EQ(s.find("resilience.limit.current")->kind, instrument_kind::gauge);
  watched = {};
  EXPECT_TRUE(m.snapshot().instruments.empty());
}

TEST(Metrics, AWatchMayOutliveItsMetrics) {
  const auto owned = std::make_shared<int>(1);
  gauge_watch watched;
  {
    metrics m;
    watched = m.watch("b", {{policy_gauge::abandoned, [owned] { return *owned; }}});
    EXPECT_EQ(gauge_at(m.snapshot(), "resilience.abandoned", "b"), 1);
  }
  EXPECT_EQ(owned.use_count(), 2);
  watched = {};
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(Metrics, AGaugeThatThrowsIsLeftOut) {
  metrics m;
  const auto bad = m.watch(
      "bad",
      {{policy_gauge::abandoned, []() -> double { throw std::runtime_error("no"); }},
       {policy_gauge::budget_tokens, [] { return std::numeric_limits<double>::quiet_NaN(); }}});
  const auto good = m.watch("good", {{policy_gauge::abandoned, [] { return 3; }}});
  const auto s = m.snapshot();
  EXPECT_EQ(gauge_at(s, "resilience.abandoned", "bad"), std::nullopt);
  EXPECT_EQ(gauge_at(s, "resilience.abandoned", "good"), 3);
  EXPECT_TRUE(gauge_at(s, "resilience.budget.tokens", "bad").has_value());
}

TEST(Metrics, OfTwoGaugesOfTheSameNameTheLaterIsRead) {
  metrics m;
  const auto first = m.watch("b", {{policy_gauge::abandoned, [] { return 1; }}});
  auto second = m.watch("b", {{policy_gauge::abandoned, [] { return 2; }}});
  const auto s = m.snapshot();
  EXPECT_EQ(gauge_at(s, "resilience.abandoned", "b"), 2);
  EXPECT_EQ(s.find("resilience.abandoned")->points.size(), 1U);
  second = {};
  EXPECT_EQ(gauge_at(m.snapshot(), "resilience.abandoned", "b"), 1);
}

TEST(Metrics, AGaugeMayUseTheMetrics) {
  metrics m;
  const auto outer = m.watch("b", {{policy_gauge::abandoned, [&] {
                                      m.on_event(event_of(policy_action::retry));
                                      const auto w = m.watch("c", {});
                                      return 1;
                                    }}});
  EXPECT_EQ(gauge_at(m.snapshot(), "resilience.abandoned", "b"), 1);
  EXPECT_EQ(count_at(m.snapshot(), "resilience.events", {{"event", "retry"}}), 1U);
}

TEST(Metrics, LoseNothingBetweenThreads) {
  constexpr int threads = 8;
  constexpr int rounds = 2'000;
  metrics m({.max_series = 20});
  std::barrier together(threads + 1);
  std::atomic<bool> done{false};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      boost::asio::io_context loop(1);
      const cancel_scope root(environment::of(loop.get_executor()));
      together.arrive_and_wait();
      for (int i = 0; i < rounds; ++i) {
        // 30 names for 20 places: some end among the others.
        const auto name = "policy " + std::to_string((i + t) % 30);
        auto e = event_of(policy_action::retry, name);
        e.cx = &root;
        m.on_event(e);
        m.on_attempt({.stack = "users", .took = nanoseconds(i), .cx = &root});
        if (i % 100 == 0) {
          const auto w = m.watch("thread " + std::to_string(t),
                                 {{policy_gauge::abandoned, [i] { return i; }}});
        }
      }
    });
  }
  std::thread reader([&] {
    together.arrive_and_wait();
    while (!done) {
      for (const auto& in : m.snapshot().instruments) {
        for (const auto& p : in.points) {
          std::uint64_t sum = 0;
          for (const auto b : p.buckets) {
            sum += b;
          }
          EXPECT_TRUE(p.buckets.empty() || sum == p.count);
        }
      }
    }
  });
  for (auto& t : all) {
    t.join();
  }
  done = true;
  reader.join();
  const auto s = m.snapshot();
  std::uint64_t events = 0;
  for (const auto& p : s.find("resilience.events")->points) {
    events += p.count;
  }
  EXPECT_EQ(events, std::uint64_t{threads} * rounds);
  EXPECT_EQ(s.find("resilience.events")->points.size(), 21U);
  const auto& took = s.find("resilience.attempt.duration")->points.at(0);
  EXPECT_EQ(took.count, std::uint64_t{threads} * rounds);
  EXPECT_DOUBLE_EQ(took.sum, threads * (rounds - 1) * (rounds / 2) / 1e9);
}

}  // namespace
}  // namespace fairlead::observe
