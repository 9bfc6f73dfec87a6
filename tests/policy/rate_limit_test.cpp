// SPDX-License-Identifier: BSL-1.0
// The handle: what stacks, people and many threads see of a rate limit.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/policy/coalesce.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/policy.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

constexpr duration not_started{-1};

// Calls through `s` that start at given instants; when each ran, in ms.
struct field {
  explicit field(sim::world& world) : w(world), begin(world.now()) {}

  template <class Stack>
  std::size_t call(const Stack& s, duration when, duration cancel_at = duration::max(),
                   std::uint32_t cost = 1, duration timeout = duration::max()) {
    const auto me = ran.size();
    ran.push_back(not_started);
    ended.push_back(not_started);
    outcome.emplace_back();
    w.spawn("call", [=, this](context& root) -> task<void> {
      (void)co_await sleep_until(root, begin + when);
      cancel_scope scope(root);
      auto cx = scope.with_cost(cost);
      if (timeout != duration::max()) {
        cx = cx.with_timeout(timeout);
      }
      scopes.push_back({me, &scope});
      auto op = [this, me](context& inner) -> result<int> {
        ran[me] = inner.now() - begin;
        return 1;
      };
      auto got = co_await s.run(cx, op);
      std::erase_if(scopes, [&](const auto& x) { return x.first == me; });
      ended[me] = root.now() - begin;
      if (!got) {
        outcome[me] = got.error();
      }
    });
    if (cancel_at != duration::max()) {
      w.spawn("cancel", [=, this](context& root) -> task<void> {
        (void)co_await sleep_until(root, begin + cancel_at);
        for (const auto& x : scopes) {
          if (x.first == me) {
            x.second->cancel();
          }
        }
      });
    }
    return me;
  }

  sim::world& w;
  time_point begin;
  std::vector<duration> ran;
  std::vector<duration> ended;
  std::vector<std::optional<error>> outcome;
  std::vector<std::pair<std::size_t, cancel_scope*>> scopes;
};

using times = std::vector<duration>;

sim::world ordered() {
  return sim::world(sim::world_options{.order = sim::ordering::arrival});
}

TEST(RateLimit, LetsThroughWhatIsThereAndRefusesTheRest) {
  run_in_world(1, [](context& cx) -> task<void> {
    const rate_limit limit{{.name = "quota", .permits = 10, .period = 1s, .burst = 5}};
    const auto s = stack{limit};
    scripted_operation op({succeed()});
    for (int i = 0; i < 5; ++i) {
      const auto got = co_await s.run(cx, std::ref(op));
      EXPECT_TRUE(got);
    }
    const auto refused = co_await s.run(cx, std::ref(op));
    EXPECT_EQ(refused.error().message(),
              "rate_limited: quota: the rate limit is used up, retry after 100 ms");
    EXPECT_EQ(limit.metrics(cx.now()).available, 0);
    (void)co_await sleep_for(cx, 100ms);
    const auto again = co_await s.run(cx, std::ref(op));
    EXPECT_TRUE(again);
    EXPECT_EQ(op.calls.size(), 6U);
  });
}

// L01 through the handle: calls wait for their slots.
TEST(RateLimit, L01CallsWaitForTheirSlots) {
  auto w = ordered();
  field f(w);
  const auto s = stack{rate_limit{{.algorithm = rate_algorithm::smooth,
                                   .permits = 1,
                                   .period = 500ms,
                                   .max_wait = 1h,
                                   .origin = w.now()}}};
  for (int i = 0; i < 7; ++i) {
    f.call(s, 0ms);
  }
  f.call(s, 800ms, duration::max(), 3);
  f.call(s, 2300ms);
  f.call(s, 3500ms, duration::max(), 3);
  f.call(s, 9100ms, duration::max(), 3);
  f.call(s, 11000ms);
  w.run_until_idle();
  EXPECT_EQ(f.ran, (times{0ms, 500ms, 1s, 1500ms, 2s, 2500ms, 3s, 4500ms, 5s, 6500ms, 10s, 11s}));
  expect_quiet(w);
}

TEST(RateLimit, L03AvailableCountsWhatIsPromised) {
  auto w = ordered();
  field f(w);
  const rate_limit limit{{.algorithm = rate_algorithm::bursty,
                          .permits = 2,
                          .period = 1s,
                          .max_wait = 1h,
                          .origin = w.now()}};
  const auto s = stack{limit};
  const auto available = [&] { return limit.metrics(w.now()).available; };
  for (int i = 0; i < 7; ++i) {
    f.call(s, 0ms);
  }
  f.call(s, 800ms, duration::max(), 3);
  f.call(s, 2300ms);
  w.run_ready();
  EXPECT_EQ(available(), -5);
  EXPECT_EQ(limit.metrics(w.now()).waiting, 5U);
  w.advance(800ms);
  EXPECT_EQ(available(), -8);
  w.advance(1500ms);
  EXPECT_EQ(available(), -5);
  w.run_until_idle();
  EXPECT_EQ(f.ran, (times{0ms, 0ms, 1s, 1s, 2s, 2s, 3s, 4s, 5s}));
}

// L07
// A call costs what it costs whichever policies it comes through.
TEST(RateLimit, TheCostOfACallReachesThroughPoliciesThatRunTheInsideThemselves) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto spent = [](context& root, auto outer) -> task<std::int64_t> {
      const rate_limit limit{{.permits = 10, .period = 1h}};
      auto mine = root.with_cost(3).with_key("k").with_idempotency(idempotency::idempotent);
      const auto s = stack{outer, limit};
      const auto op = detachable([](context&) -> result<int> { return 1; });
      (void)co_await s.run(mine, op);
      co_return 10 - limit.metrics(root.now()).available;
    };
    const auto hedged = co_await spent(cx, hedge());
    const auto shared = co_await spent(cx, coalesce());
    EXPECT_EQ(hedged, 3);
    EXPECT_EQ(shared, 3);
  });
}

TEST(RateLimit, L07MoreThanThereEverIsIsAnErrorAndNotAWait) {
  run_in_world(1, [](context& cx) -> task<void> {
    const rate_limit limit{{.permits = 10, .burst = 5, .max_wait = 1h}};
    const auto dear = stack{limit};
    auto mine = cx.with_cost(6);
    scripted_operation op({succeed()});
    const auto got = co_await dear.run(mine, std::ref(op));
    EXPECT_EQ(got.error().message(),
              "invalid_argument: cost: takes 6 permits, but there are never more than 5");
    EXPECT_EQ(limit.take(cx.now(), 6).error().kind(), error_kind::invalid_argument);
    auto all = cx.with_cost(5);
    const auto five = co_await dear.run(all, std::ref(op));
    EXPECT_TRUE(five);
    EXPECT_EQ(limit.metrics(cx.now()).available, 0);
    auto nothing = cx.with_cost(0);
    const auto free = co_await dear.run(nothing, std::ref(op));
    EXPECT_TRUE(free);
    EXPECT_EQ(op.calls.size(), 2U);
  });
}

// L11
TEST(RateLimit, L11ARefusalReservesNothing) {
  auto w = ordered();
  field f(w);
  const rate_limit limit{{.algorithm = rate_algorithm::smooth,
                          .permits = 1,
                          .period = 1s,
                          .max_wait = 2900ms,
                          .origin = w.now()}};
  const auto s = stack{limit};
  for (int i = 0; i < 5; ++i) {
    f.call(s, 0ms);
  }
  f.call(s, 200ms);
  w.run_ready();
  EXPECT_EQ(f.outcome[3]->retry_after(), 3s);
  EXPECT_EQ(f.outcome[4]->retry_after(), 3s);
  EXPECT_EQ(f.ended[3], 0ms);
  w.run_until_idle();
  EXPECT_EQ(f.ran, (times{0s, 1s, 2s, not_started, not_started, 3s}));
}

// L13
TEST(RateLimit, L13WhoLeavesPassesTheSlotOn) {
  auto w = ordered();
  field f(w);
  const rate_limit limit{{.permits = 1, .period = 100ms, .max_wait = 1h}};
  const auto s = stack{limit};
  f.call(s, 0ms);
  f.call(s, 0ms, 50ms);   // would have been at 100
  f.call(s, 0ms);         // 200, now 100
  f.call(s, 0ms, 120ms);  // 300, then 200
  f.call(s, 0ms);         // 400, then 300, then 200
  f.call(s, 130ms);       // 300
  w.run_until_idle();
  EXPECT_EQ(f.ran, (times{0ms, not_started, 100ms, not_started, 200ms, 300ms}));
  EXPECT_EQ(f.ended[1], 50ms);
  EXPECT_EQ(f.outcome[1]->kind(), error_kind::cancelled);
  expect_quiet(w);
}

TEST(RateLimit, L13TheNewestThatLeavesGivesItsReservationBack) {
  auto w = ordered();
  field f(w);
  const auto s = stack{rate_limit{{.permits = 1, .period = 100ms, .max_wait = 1h}}};
  f.call(s, 0ms);
  f.call(s, 0ms);
  f.call(s, 0ms, 50ms);
  f.call(s, 60ms);
  w.run_until_idle();
  EXPECT_EQ(f.ran, (times{0ms, 100ms, not_started, 200ms}));
}

TEST(RateLimit, WhoLeavesInTheInstantOfItsSlotPassesItOn) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    sim::world w(seed);
    field f(w);
    const rate_limit limit{{.permits = 1, .period = 100ms, .max_wait = 1h}};
    const auto s = stack{limit};
    f.call(s, 0ms);
    f.call(s, 1ms, 100ms);
    f.call(s, 2ms);
    w.run_until_idle();
    ASSERT_EQ(f.ran[2], f.ran[1] == not_started ? 100ms : 200ms) << "seed " << seed;
    ASSERT_TRUE(limit.idle(w.now() + 100ms));
    expect_quiet(w);
  }
}

TEST(RateLimit, AnExpensiveOneThatLeavesMovesAllBehindItUp) {
  auto w = ordered();
  field f(w);
  const auto s = stack{rate_limit{{.permits = 10, .period = 1s, .burst = 5, .max_wait = 1h}}};
  f.call(s, 0ms, duration::max(), 5);
  f.call(s, 0ms, 50ms, 5);             // 500 ms
  f.call(s, 0ms, duration::max(), 2);  // 700 ms, then 200 ms
  f.call(s, 0ms);                      // 800 ms, then 300 ms
  w.run_until_idle();
  EXPECT_EQ(f.ran, (times{0ms, not_started, 200ms, 300ms}));
}

TEST(RateLimit, AWaitThatWouldOutliveTheDeadlineIsRefusedAtOnce) {
  auto w = ordered();
  field f(w);
  const rate_limit limit{{.permits = 1, .period = 100ms, .max_wait = 1h}};
  const auto s = stack{limit};
  f.call(s, 0ms);
  const auto short_of = f.call(s, 0ms, duration::max(), 1, 100ms);
  const auto in_time = f.call(s, 0ms, duration::max(), 1, 101ms);
  const auto expired = f.call(s, 0ms, duration::max(), 1, 0ms);
  w.run_until_idle();
  EXPECT_EQ(f.ended[short_of], 0ms);
  EXPECT_EQ(f.outcome[short_of]->kind(), error_kind::rate_limited);
  EXPECT_EQ(f.outcome[short_of]->retry_after(), 100ms);
  EXPECT_EQ(f.ran[in_time], 100ms);
  EXPECT_EQ(f.outcome[expired]->kind(), error_kind::deadline);
}

// X01
TEST(RateLimit, X01RetriesOfRejectionsCountAsAttempts) {
  run_in_world(1, [](context& cx) -> task<void> {
    for (const auto a : {rate_algorithm::bursty, rate_algorithm::gcra}) {
      const auto s =
          stack{retry{{.max_attempts = 7, .backoff = constant(0ms), .retry_rejections = true}},
                rate_limit{{.algorithm = a, .permits = 3, .period = 1s}}};
      scripted_operation op({fail_softly()});
      auto got = co_await s.run(cx, std::ref(op));
      EXPECT_EQ(got.error().attempts(), 7U);
      EXPECT_EQ(op.calls.size(), 3U);
    }
  });
}

TEST(RateLimit, WhatAPolicyInsideRefusesIsNotSpent) {
  run_in_world(1, [](context& cx) -> task<void> {
    const rate_limit limit{{.permits = 3}};
    const circuit_breaker breaker;
    const auto s = stack{limit, breaker};
    scripted_operation op({succeed(), fail_softly()});
    breaker.isolate();
    for (int i = 0; i < 10; ++i) {
      const auto refused = co_await s.run(cx, std::ref(op));
      EXPECT_EQ(refused.error().kind(), error_kind::isolated);
    }
    EXPECT_EQ(limit.metrics(cx.now()).available, 3);
    breaker.reset();
    (void)co_await s.run(cx, std::ref(op));
    (void)co_await s.run(cx, std::ref(op));  // a failure is spent all the same
    EXPECT_EQ(limit.metrics(cx.now()).available, 1);
  });
}

TEST(RateLimit, PausesWhenThePeerAsksForIt) {
  auto w = ordered();
  field f(w);
  const rate_limit limit{{.permits = 100,
                          .period = 1s,
                          .max_wait = 3s,
                          .pause_on_retry_after = true,
                          .pause_cap = 10s}};
  const auto s = stack{limit};
  const auto answer = [&](duration asked) {
    w.run([&](context& cx) -> task<void> {
      auto busy = [asked](context&) -> result<int> {
        return fail(errors::http_error{"users", 429, {}, {}, asked});
      };
      (void)co_await s.run(cx, busy);
    });
  };
  answer(2s);
  EXPECT_EQ(limit.metrics(w.now()).available, 0);
  EXPECT_FALSE(limit.idle(w.now()));
  f.call(s, 500ms);
  f.call(s, 2500ms);
  w.run_until_idle();
  EXPECT_EQ(f.ran, (times{2s, 2500ms}));
  answer(1h);  // more than the cap
  EXPECT_EQ(limit.take(w.now()).error().retry_after(), 10s);
  w.advance(10s);
  EXPECT_TRUE(limit.take(w.now()));
  expect_quiet(w);
}

TEST(RateLimit, APauseMovesThoseWhoWaitOrRefusesThem) {
  auto w = ordered();
  field f(w);
  const rate_limit limit{{.permits = 1, .period = 100ms, .max_wait = 1s}};
  const auto s = stack{limit};
  f.call(s, 0ms);
  f.call(s, 0ms);
  f.call(s, 0ms);
  f.call(s, 0ms, duration::max(), 1, 500ms);
  w.run_ready();
  limit.pause_until(w.now() + 950ms);
  limit.pause_until(w.now() + 100ms);  // does not end the longer one
  w.run_until_idle();
  EXPECT_EQ(f.ran, (times{0ms, 950ms, not_started, not_started}));
  EXPECT_EQ(f.ended[2], 0ms);
  EXPECT_EQ(f.outcome[2]->retry_after(), 1050ms);
  EXPECT_EQ(f.outcome[3]->kind(), error_kind::rate_limited);
  expect_quiet(w);
}

TEST(RateLimit, SaysWhatItDoes) {
  EXPECT_EQ(stack{rate_limit({.name = "quota", .permits = 10, .burst = 5})}.describe(),
            "From the outside in: a rate limit 'quota' of 10 per 1 s (gcra, at most 5 at once) "
            "that refuses the others at once; then the operation.");
  EXPECT_EQ(rate_limit({.algorithm = rate_algorithm::smooth,
                        .permits = 1,
                        .period = 250ms,
                        .max_wait = 2s,
                        .pause_on_retry_after = true})
                .describe(),
            "a rate limit of 1 per 250 ms (smooth) that lets the others wait up to 2 s and pauses "
            "when the peer asks for it, for 1 min at most");
}

TEST(RateLimit, ReportsRejections) {
  run_in_world(1, [](context& cx) -> task<void> {
    event_log log(cx.now());
    const auto s = stack{rate_limit{{.permits = 1}}}.observed_by(log, "s");
    scripted_operation op({succeed()});
    (void)co_await s.run(cx, std::ref(op));
    (void)co_await s.run(cx, std::ref(op));
    EXPECT_EQ(log.lines, (lines{"0 rate_limit rejected 1"}));
  });
}

TEST(RateLimit, RefusesBadOptions) {
  try {
    (void)rate_limit{{.name = "quota", .period = 0s}};
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "rate_limit 'quota': permits is 0; period must be positive");
  }
  EXPECT_EQ(rate_limit::make({}).error().get<errors::invalid_argument>()->reason, "permits is 0");
  const auto made = rate_limit::make({.permits = 1});
  ASSERT_TRUE(made);
  EXPECT_THROW((stack{*made, *made}), std::invalid_argument);
}

TEST(RateLimit, ACallThatIsDestroyedWhereItWaitsLeavesTheQueue) {
  const rate_limit limit{{.permits = 1, .period = 1h, .max_wait = 24h}};
  {
    scripted_operation op({succeed()});
    const auto s = stack{limit};
    auto ignored = [&](context& cx) -> task<void> { (void)co_await s.run(cx, std::ref(op)); };
    auto by_hand = [&](context& cx) -> task<void> { (void)co_await limit.acquire(cx); };
    boost::asio::io_context loop(1);
    auto& env = environment::of(loop.get_executor());
    cancel_scope root(env);
    for (int i = 0; i < 3; ++i) {
      boost::asio::co_spawn(loop, ignored(root), boost::asio::detached);
      boost::asio::co_spawn(loop, by_hand(root), boost::asio::detached);
    }
    loop.poll();
    EXPECT_EQ(limit.metrics(env.now()).waiting, 5U);
  }
  EXPECT_EQ(limit.metrics(system_clock().now()).waiting, 0U);
  EXPECT_EQ(limit.metrics(system_clock().now()).available, 0);
}

TEST(RateLimit, ManyThreadsTakeExactlyWhatIsThere) {
  constexpr int threads = 16;
  const time_point now{1000s};
  for (const auto a : {rate_algorithm::gcra, rate_algorithm::sliding_log, rate_algorithm::bursty}) {
    for (const std::uint32_t permits : {1000U, 999U}) {  // the second is no whole nanosecond each
      const rate_limit limit{{.algorithm = a, .permits = permits, .period = 1s}};
      std::atomic<std::uint32_t> taken{0};
      std::barrier together(threads);
      std::vector<std::thread> all;
      for (int t = 0; t < threads; ++t) {
        all.emplace_back([&] {
          together.arrive_and_wait();
          for (int i = 0; i < 100; ++i) {
            taken += limit.take(now) ? 1 : 0;
          }
        });
      }
      for (auto& t : all) {
        t.join();
      }
      EXPECT_EQ(taken, permits) << to_string(a);
      EXPECT_EQ(limit.metrics(now).available, 0);
      EXPECT_TRUE(limit.take(now + 1s));
    }
  }
}

// Waiters on several event loops, some of which give up.
TEST(RateLimit, WaitersOfManyThreadsAllEnd) {
  constexpr int threads = 4;
  constexpr int calls = 40;
  const rate_limit limit{{.permits = 20'000, .burst = 1, .max_wait = 1h}};
  std::atomic<int> ran{0};
  std::atomic<int> cancelled{0};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      boost::asio::io_context loop(1);
      auto& env = environment::of(loop.get_executor());
      std::vector<std::unique_ptr<cancel_scope>> scopes;
      auto body = [&](context& cx) -> task<void> {
        const result<void> got = co_await limit.acquire(cx);
        (got ? ran : cancelled) += 1;
      };
      for (int i = 0; i < calls; ++i) {
        scopes.push_back(std::make_unique<cancel_scope>(env));
        boost::asio::co_spawn(loop, body(*scopes.back()), boost::asio::detached);
      }
      loop.poll();
      for (std::size_t i = 0; i < scopes.size(); i += 3) {
        scopes[i]->cancel();
      }
      loop.run();
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_EQ(ran + cancelled, threads * calls);
  EXPECT_GT(ran, 0);
  const auto m = limit.metrics(system_clock().now());
  EXPECT_EQ(m.waiting, 0U);
  EXPECT_GE(m.available, 0);
}

}  // namespace
}  // namespace fairlead::policy
