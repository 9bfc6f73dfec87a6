// SPDX-License-Identifier: BSL-1.0
// The handle: what stacks, people and many threads see of a breaker.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/policy/keep_probing.hpp>
#include <fairlead/policy/policy.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

const time_point start{1000s};

void play(const circuit_breaker& b, std::string_view script, time_point now) {
  for (const char c : script) {
    auto p = b.admit(now);
    if (p) {
      p->complete(c == 'S' ? verdict::success : verdict::failure, now);
    }
  }
}

TEST(CircuitBreaker, CopiesShareTheirState) {
  const circuit_breaker a{{.consecutive_failures = 2}};
  const auto b = a;
  play(a, "F", start);
  play(b, "F", start);
  EXPECT_EQ(a.state_at(start), breaker_state::open);
  EXPECT_EQ(a.identity(), b.identity());
}

TEST(CircuitBreaker, CountsSuccessesThatTakeTheShortWay) {
  const circuit_breaker b{{.consecutive_failures = 3}};
  play(b, "SSSSSFSS", start);
  const auto m = b.metrics(start);
  EXPECT_EQ(m.recorded, 8U);
  EXPECT_EQ(m.failures, 0U);
  play(b, "FFF", start);
  EXPECT_EQ(b.state_at(start), breaker_state::open);
  EXPECT_EQ(b.metrics(start).recorded, 0U);
}

TEST(CircuitBreaker, ARejectionSaysHowLongAndAllocatesNothingButNames) {
  const circuit_breaker b{{.name = "payments", .consecutive_failures = 1, .break_for = 5s}};
  play(b, "F", start);
  const auto refused = b.admit(start + 2s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "circuit_open: breaker payments is open, retry after 3 s");
  b.isolate(start);
  const auto isolated = b.admit(start);
  EXPECT_EQ(isolated.error().get<errors::isolated>()->policy, "payments");
  EXPECT_FALSE(isolated.error().retry_after());
}

TEST(CircuitBreaker, APermitThatIsDroppedGivesItsPlaceBack) {
  const circuit_breaker b{{.consecutive_failures = 1, .break_for = 5s, .successes = 1}};
  play(b, "F", start);
  {
    auto probe = b.admit(start + 5s);
    EXPECT_TRUE(probe);
    EXPECT_FALSE(b.admit(start + 5s));
    auto moved = std::move(*probe);
    EXPECT_EQ(b.metrics(start + 5s).probes_in_flight, 1U);
  }
  EXPECT_EQ(b.metrics(start + 5s).probes_in_flight, 0U);
  auto probe = b.admit(start + 5s);
  ASSERT_TRUE(probe);
  probe->complete(verdict::success, start + 5s);
  probe->complete(verdict::failure, start + 5s);  // only the first counts
  EXPECT_EQ(b.state_at(start + 5s), breaker_state::closed);
  EXPECT_EQ(b.metrics(start + 5s).recorded, 0U);
}

// B39
TEST(CircuitBreaker, B39ListenersMayUseTheBreaker) {
  const circuit_breaker b{{.consecutive_failures = 1, .break_for = 5s, .successes = 1}};
  std::vector<std::string> seen;
  b.on_transition([&](const breaker_change& c) {
    seen.push_back(std::string(to_string(c.from)) + ">" + std::string(to_string(c.to)) + " now " +
                   std::string(to_string(b.state_at(start))));
    if (c.to == breaker_state::open) {
      b.isolate(start);
      EXPECT_FALSE(b.admit(start));
      EXPECT_EQ(seen.size(), 1U);  // its own change is reported later
    }
  });
  play(b, "F", start);
  EXPECT_EQ(seen, (lines{"closed>open now open", "open>isolated now isolated"}));
}

TEST(CircuitBreaker, AListenerThatThrowsHurtsNobody) {
  const circuit_breaker b{{.consecutive_failures = 1}};
  int second = 0;
  b.on_transition([](const breaker_change&) { throw std::runtime_error("listener"); });
  b.on_transition([&](const breaker_change&) { ++second; });
  EXPECT_NO_THROW(play(b, "F", start));
  EXPECT_EQ(second, 1);
}

TEST(CircuitBreaker, ControlByHand) {
  const circuit_breaker b{{.consecutive_failures = 1, .break_for = 5s}};
  std::vector<breaker_change> seen;
  b.on_transition([&](const breaker_change& c) { seen.push_back(c); });
  play(b, "F", start);
  b.force_closed();
  EXPECT_EQ(b.state_at(start), breaker_state::disabled);
  play(b, "FFF", start + 1s);
  EXPECT_EQ(b.metrics(start).recorded, 0U);
  b.metrics_only(start + 2s);
  play(b, "FFF", start + 2s);
  EXPECT_EQ(b.metrics(start + 2s).failures, 3U);
  b.open_until(start + 9s, start + 3s);
  EXPECT_EQ(b.admit(start + 3s).error().retry_after(), 6s);
  b.reset();
  EXPECT_TRUE(b.admit(start + 3s));
  ASSERT_EQ(seen.size(), 5U);
  EXPECT_EQ(seen[1].at, start);  // dated with what the breaker was last told
  EXPECT_EQ(seen[4].at, start + 3s);
}

TEST(CircuitBreaker, AskedForTheLengthOfABreakOutsideTheLock) {
  std::vector<std::uint32_t> asked;
  std::optional<circuit_breaker> self;
  self.emplace(breaker_options{.consecutive_failures = 1, .break_for = 5s, .successes = 1},
               [&](const circuit_breaker::break_facts& f) -> duration {
                 asked.push_back(f.index);
                 EXPECT_EQ(f.proposed, 5s);
                 EXPECT_EQ(self->state_at(start), breaker_state::open);  // no deadlock
                 return (f.index + 1) * 1s;
               });
  const auto& b = *self;
  std::vector<duration> told;
  b.on_transition([&](const breaker_change& c) {
    if (c.to == breaker_state::open) {
      told.push_back(c.break_for);
    }
  });
  play(b, "F", start);
  EXPECT_EQ(b.admit(start).error().retry_after(), 1s);
  play(b, "F", start + 1s);
  EXPECT_EQ(b.admit(start + 1s).error().retry_after(), 2s);
  b.open_until(start + 60s, start + 2s);  // by hand: not asked
  EXPECT_EQ(asked, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(told, (std::vector<duration>{1s, 2s, 58s}));
}

TEST(CircuitBreaker, RefusesBadOptions) {
  try {
    (void)circuit_breaker{{.name = "payments", .failure_rate = 2, .probes = 0}};
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "circuit_breaker 'payments': failure_rate must be between 0 and 1; probes is 0");
  }
  const auto made = circuit_breaker::make({.probes = 0});
  EXPECT_EQ(made.error().get<errors::invalid_argument>()->reason, "probes is 0");
  EXPECT_TRUE(circuit_breaker::make({}));
}

// B33, B35, B37 through a stack.
TEST(CircuitBreaker, NeutralOutcomesGiveTheProbeBack) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker outer{{.consecutive_failures = 1, .break_for = 1s, .successes = 1}};
    circuit_breaker inner;
    auto s = stack{outer, inner};
    scripted_operation fails({fail_softly()});
    (void)co_await s.run(cx, std::ref(fails));
    EXPECT_EQ(outer.state_at(cx.now()), breaker_state::open);
    inner.reset();
    const auto before = inner.metrics(cx.now()).recorded;
    scripted_operation works({succeed(1)});
    auto refused = co_await s.run(cx, std::ref(works));
    EXPECT_EQ(refused.error().kind(), error_kind::circuit_open);
    EXPECT_EQ(inner.metrics(cx.now()).recorded, before);  // B37: the inner one was not touched
    (void)co_await sleep_for(cx, 1s);
    inner.isolate();
    auto rejected = co_await s.run(cx, std::ref(works));  // B35
    EXPECT_EQ(rejected.error().kind(), error_kind::isolated);
    EXPECT_EQ(outer.metrics(cx.now()).state, breaker_state::half_open);
    EXPECT_EQ(outer.metrics(cx.now()).probes_in_flight, 0U);
    inner.reset();
    auto late = cx.with_timeout(0ms);
    (void)co_await s.run(late, std::ref(works));  // B33
    EXPECT_EQ(outer.metrics(cx.now()).state, breaker_state::half_open);
    EXPECT_EQ(outer.metrics(cx.now()).probes_in_flight, 0U);
    EXPECT_TRUE(works.calls.empty());
    (void)co_await s.run(cx, std::ref(works));
    EXPECT_EQ(outer.state_at(cx.now()), breaker_state::closed);
  });
}

TEST(CircuitBreaker, WhatTimesOutInsideCountsAndWhatTheCallerAbandonsDoesNot) {
  run_in_world(1, [](context& cx) -> task<void> {
    circuit_breaker breaker{{.consecutive_failures = 100}};
    scripted_operation op({hang()});
    (void)co_await stack{breaker, attempt_timeout{10ms}}.run(cx, std::ref(op));
    EXPECT_EQ(breaker.metrics(cx.now()).failures, 1U);
    auto brief = cx.with_timeout(10ms);
    (void)co_await stack{breaker}.run(brief, std::ref(op));
    EXPECT_EQ(breaker.metrics(cx.now()).failures, 1U);
    (void)co_await stack{total_timeout{10ms}, breaker}.run(cx, std::ref(op));
    EXPECT_EQ(breaker.metrics(cx.now()).recorded, 1U);
  });
}

TEST(CircuitBreaker, ACallThatIsDestroyedWhereItWaitsGivesTheProbeBack) {
  const circuit_breaker breaker{{.consecutive_failures = 1, .break_for = 1s}};
  {
    scripted_operation op({hang()});
    breaker.open_until(time_point{}, time_point{});
    const auto s = stack{total_timeout{1h}, steady_retry(2, 1s), breaker, attempt_timeout{1min}};
    auto ignored = [&](context& cx) -> task<void> { (void)co_await s.run(cx, std::ref(op)); };
    boost::asio::io_context loop(1);
    auto& env = environment::of(loop.get_executor());
    cancel_scope root(env);
    boost::asio::co_spawn(loop, ignored(root), boost::asio::detached);
    loop.poll();
    EXPECT_EQ(op.calls.size(), 1U);
    EXPECT_EQ(breaker.metrics(env.now()).probes_in_flight, 1U);
  }
  EXPECT_EQ(breaker.metrics(start).probes_in_flight, 0U);
}

TEST(CircuitBreaker, IsProbedAndClosesThoughNobodyCalls) {
  run_in_world(1, [](context& cx) -> task<void> {
    const circuit_breaker breaker{{.consecutive_failures = 1, .break_for = 5s, .successes = 2}};
    std::vector<std::string> seen;
    const auto began = cx.now();
    breaker.on_transition([&](const breaker_change& c) {
      seen.push_back(std::string(to_string(c.to)) + " at " + std::to_string((c.at - began) / 1ms));
    });
    play(breaker, "F", cx.now());
    scripted_operation ping({fail_softly(), succeed(1)});
    auto limited = cx.with_timeout(30s);
    auto ended = co_await keep_probing(limited, breaker, std::ref(ping), 300ms);
    EXPECT_EQ(ended.error().kind(), error_kind::deadline);
    EXPECT_EQ(seen, (lines{"open at 0", "half_open at 5000", "open at 5000", "half_open at 10000",
                           "closed at 10300"}));
    EXPECT_EQ(ping.calls.size(), 3U);
  });
}

TEST(CircuitBreaker, AProbeThatIsCancelledCountsForNothing) {
  run_in_world(1, [](context& cx) -> task<void> {
    const circuit_breaker breaker{{.consecutive_failures = 1, .break_for = 5s}};
    play(breaker, "F", cx.now());
    scripted_operation ping({hang()});
    auto limited = cx.with_timeout(6s);
    auto ended = co_await keep_probing(limited, breaker, std::ref(ping));
    EXPECT_FALSE(ended);
    EXPECT_EQ(ping.calls.size(), 1U);
    EXPECT_EQ(breaker.state_at(cx.now()), breaker_state::half_open);
    EXPECT_EQ(breaker.metrics(cx.now()).probes_in_flight, 0U);
  });
}

// Breaks of no length must not make it spin.
TEST(CircuitBreaker, ProbesKeepTheirDistance) {
  run_in_world(1, [](context& cx) -> task<void> {
    const circuit_breaker breaker{{.consecutive_failures = 1, .break_for = 0s}};
    play(breaker, "F", cx.now());
    scripted_operation ping({fail_softly()});
    auto limited = cx.with_timeout(10500ms);
    (void)co_await keep_probing(limited, breaker, std::ref(ping));
    EXPECT_EQ(ping.calls.size(), 10U);
  });
}

// Rule 9 of the lab: what a breaker without a window reports, era by era.
TEST(CircuitBreaker, ReportsTheOutcomesOfItsEraAndTheCurrentRun) {
  const circuit_breaker b{
      {.consecutive_failures = 3, .break_for = 5s, .successes = 2, .of_probes = 4}};
  const auto reported = [&b](time_point now) {
    const auto m = b.metrics(now);
    return std::pair(m.recorded, m.failures);
  };
  using pair = std::pair<std::uint64_t, std::uint64_t>;
  play(b, "SSFSFF", start);
  EXPECT_EQ(reported(start), pair(6, 2));
  play(b, "F", start);
  EXPECT_EQ(reported(start), pair(0, 0));
  play(b, "SFF", start + 5s);  // votes
  EXPECT_EQ(b.metrics(start + 5s).state, breaker_state::half_open);
  EXPECT_EQ(reported(start + 5s), pair(3, 2));
  play(b, "S", start + 5s);
  EXPECT_EQ(b.metrics(start + 5s).state, breaker_state::closed);
  EXPECT_EQ(reported(start + 5s), pair(0, 0));
}

TEST(CircuitBreaker, CountsInTheSliceOfTheOutcomeAlsoThroughAStack) {
  run_in_world(1, [](context& cx) -> task<void> {
    const circuit_breaker breaker{{.failure_rate = 1, .window = 10s, .slices = 10}};
    const auto s = stack{breaker};
    scripted_operation op({succeed(1, 3s)});
    const auto began = cx.now();
    (void)co_await s.run(cx, std::ref(op));
    EXPECT_EQ(breaker.metrics(began + 10s).recorded, 1U);  // not when it began, but when it ended
    EXPECT_EQ(breaker.metrics(began + 14s).recorded, 0U);
  });
}

TEST(CircuitBreaker, AdmitsExactlyItsProbesUnderARace) {
  constexpr int threads = 8;
  for (int round = 0; round < 50; ++round) {
    const circuit_breaker b{
        {.consecutive_failures = 1, .break_for = 5s, .probes = 3, .successes = 3}};
    play(b, "F", start);
    std::barrier together(threads);
    std::atomic<int> admitted{0};
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t) {
      all.emplace_back([&] {
        together.arrive_and_wait();
        auto p = b.admit(start + 5s);
        admitted += p ? 1 : 0;
        together.arrive_and_wait();  // nobody gives back before all have asked
      });
    }
    for (auto& t : all) {
      t.join();
    }
    ASSERT_EQ(admitted, 3);
    ASSERT_EQ(b.metrics(start + 5s).probes_in_flight, 0U);
  }
}

TEST(CircuitBreaker, LosesNoCountAndNoChangeBetweenThreads) {
  constexpr int threads = 4;
  constexpr int calls = 20'000;
  const circuit_breaker b{{.consecutive_failures = 1'000'000}};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&b, t] {
      for (int i = 0; i < calls; ++i) {
        auto p = b.admit(start);
        p->complete(i % 10 == t ? verdict::failure : verdict::success, start);
      }
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_EQ(b.metrics(start).recorded, std::uint64_t{threads} * calls);

  // Changes come once and in order, however many threads bring them about.
  const circuit_breaker flips{{.consecutive_failures = 1}};
  std::vector<breaker_change> seen;  // listeners are never run by two threads at once
  flips.on_transition([&](const breaker_change& c) { seen.push_back(c); });
  all.clear();
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&flips] {
      for (int i = 0; i < 2'000; ++i) {
        play(flips, "SF", start);
        flips.reset(start);
      }
    });
  }
  for (auto& t : all) {
    t.join();
  }
  ASSERT_FALSE(seen.empty());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    ASSERT_GT(seen[i].era, i == 0 ? 0 : seen[i - 1].era);
    ASSERT_NE(seen[i].from, seen[i].to) << "what changes nothing is not told";
    ASSERT_EQ(seen[i].from, i == 0 ? breaker_state::closed : seen[i - 1].to);
  }
}

}  // namespace
}  // namespace fairlead::policy
