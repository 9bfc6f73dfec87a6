// SPDX-License-Identifier: BSL-1.0
// The handle: what stacks, people and many threads see of a bulkhead.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/policy/policy.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

// What a call does.
struct how {
  duration holds = 0ms;
  duration timeout = duration::max();
  duration cancel_at = duration::max();
  criticality rank = criticality::critical;
};

// One line per thing that happens to calls with letters: "100 B in", "150 B bulkhead_full".
struct field {
  explicit field(sim::world& world) : w(world), begin(world.now()) {}

  template <class Stack>
  void call(char name, duration when, const Stack& s, how h = {}) {
    w.spawn(std::string(1, name), [=, this](context& root) -> task<void> {
      (void)co_await sleep_until(root, begin + when);
      cancel_scope scope(root);
      auto cx = scope.with_criticality(h.rank);
      if (h.timeout != duration::max()) {
        cx = cx.with_timeout(h.timeout);
      }
      scopes.push_back({name, &scope});
      auto op = [this, name, h](context& inner) -> task<result<int>> {
        say(name, "in");
        cancel_scope own(inner.env());  // takes its time whatever the caller does
        (void)co_await sleep_for(own, h.holds);
        co_return 1;
      };
      auto got = co_await s.run(cx, op);
      std::erase_if(scopes, [&](const auto& x) { return x.first == name; });
      if (!got) {
        say(name, std::string(to_string(got.error().kind())));
        last = got.error();
      }
    });
    if (h.cancel_at != duration::max()) {
      w.spawn("cancel", [=, this](context& root) -> task<void> {
        (void)co_await sleep_until(root, begin + h.cancel_at);
        for (const auto& x : scopes) {
          if (x.first == name) {
            x.second->cancel();
          }
        }
      });
    }
  }

  void say(char name, const std::string& what) {
    seen.push_back(std::to_string((w.now() - begin) / 1ms) + " " + name + " " + what);
  }

  sim::world& w;
  time_point begin;
  lines seen;
  std::optional<error> last;
  std::vector<std::pair<char, cancel_scope*>> scopes;
};

sim::world ordered() {
  return sim::world(sim::world_options{.order = sim::ordering::arrival});
}

// K01
TEST(Bulkhead, K01TheThirdIsRefusedAtOnce) {
  auto w = ordered();
  field f(w);
  const bulkhead places{{.name = "db", .max = 2}};
  const auto s = stack{places};
  f.call('A', 0ms, s, {.holds = 100ms});
  f.call('B', 0ms, s, {.holds = 100ms});
  f.call('C', 0ms, s);
  w.run_ready();
  EXPECT_EQ(f.last->message(), "bulkhead_full: db: all 2 places are taken");
  EXPECT_EQ(places.metrics().in_use, 2U);
  EXPECT_EQ(places.metrics().available, 0U);
  f.call('D', 100ms, s);
  w.run_until_idle();
  EXPECT_EQ(f.seen, (lines{"0 A in", "0 B in", "0 C bulkhead_full", "100 D in"}));
  EXPECT_TRUE(places.idle(w.now()));
  expect_quiet(w);
}

// K03, failsafe#393
TEST(Bulkhead, K03OneThatWaitedInVainTakesNoPlaceWithIt) {
  auto w = ordered();
  field f(w);
  const bulkhead places{{.max = 1, .queue = 10, .max_wait = 100ms}};
  const auto s = stack{places};
  f.call('A', 0ms, s, {.holds = 150ms});
  f.call('B', 0ms, s);
  w.run_ready();
  EXPECT_EQ(places.metrics().waiting, 1U);
  w.advance(149ms);
  EXPECT_EQ(places.metrics().available, 0U);
  w.advance(1ms);
  EXPECT_EQ(places.metrics().available, 1U);
  f.call('E', 150ms, s);
  w.run_until_idle();
  EXPECT_EQ(f.seen, (lines{"0 A in", "100 B bulkhead_full", "150 E in"}));
  expect_quiet(w);
}

// K05: in any order of what happens at 100 ms, exactly one of B and C gets the place then, and if B
// was cancelled before it ran, C does.
TEST(Bulkhead, K05APlaceGivenToOneThatIsCancelledInTheSameTickIsPassedOn) {
  int passed_on = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    sim::world w(seed);
    field f(w);
    const bulkhead places{{.max = 1, .queue = 10, .max_wait = 1s}};
    const auto s = stack{places};
    f.call('A', 0ms, s, {.holds = 100ms});
    f.call('B', 1ms, s, {.cancel_at = 100ms});
    f.call('C', 2ms, s);
    w.run_until_idle();
    if (f.seen[1] == "100 B cancelled" || f.seen[2] == "100 B cancelled") {
      ++passed_on;
      ASSERT_EQ(std::count(f.seen.begin(), f.seen.end(), "100 C in"), 1) << "seed " << seed;
      ASSERT_EQ(std::count(f.seen.begin(), f.seen.end(), "100 B in"), 0) << "seed " << seed;
    } else {
      ASSERT_EQ(f.seen, (lines{"0 A in", "100 B in", "100 C in"})) << "seed " << seed;
    }
    ASSERT_TRUE(places.idle(w.now()));
    expect_quiet(w);
  }
  EXPECT_GT(passed_on, 0);
}

// K07, resilience4j#263 and #1569: random calls, holds, cancellations, deadlines and resizes.
TEST(Bulkhead, K07QuiescentMeansThatEveryPlaceIsBack) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    random_source r(seed);
    sim::world w(seed);
    const auto max = static_cast<std::uint32_t>(1 + r.below(4));
    const bulkhead places{
        {.max = max,
         .queue = static_cast<std::uint32_t>(r.below(6)),
         .max_wait = std::chrono::milliseconds(r.below(50)),
         .order = r.below(2) == 0 ? queue_order::fifo : queue_order::adaptive_lifo,
         .ranks = r.below(2) == 0 ? queue_ranks::equal : queue_ranks::by_criticality,
         .sojourn_target = std::chrono::milliseconds(r.below(10)),
         .overload_after = std::chrono::milliseconds(r.below(50))}};
    const auto s = stack{places};
    const bool resized = r.below(3) == 0;
    std::uint32_t inside = 0;
    int ended = 0;
    constexpr int calls = 100;
    for (int i = 0; i < calls; ++i) {
      const auto come = std::chrono::milliseconds(r.below(300));
      const auto hold = std::chrono::milliseconds(r.below(20));
      const auto limit = r.below(3) == 0 ? duration(std::chrono::milliseconds(r.below(30))) : 1h;
      const auto patience = r.below(3) == 0 ? std::chrono::milliseconds(r.below(30)) : 1h;
      const auto rank = static_cast<criticality>(r.below(4));
      w.spawn("call", [&, come, hold, limit, patience, rank](context& root) -> task<void> {
        (void)co_await sleep_for(root, come);
        cancel_scope scope(root);
        auto cx = scope.with_timeout(limit).with_criticality(rank);
        auto op = [&](context& inner) -> task<result<int>> {
          ++inside;
          EXPECT_TRUE(resized || inside <= max) << "seed " << seed;
          if (patience != 1h) {
            scope.cancel();
          }
          auto slept = co_await sleep_for(inner, hold);
          --inside;
          co_return slept ? 1 : 0;
        };
        auto got = co_await s.run(cx, op);
        ++ended;
        if (!got) {
          const auto k = got.error().kind();
          EXPECT_TRUE(k == error_kind::bulkhead_full || k == error_kind::deadline ||
                      k == error_kind::shed || k == error_kind::cancelled)
              << got.error().message();
        }
      });
    }
    if (resized) {
      w.spawn("resize", [&](context& cx) -> task<void> {
        for (int i = 0; i < 10; ++i) {
          (void)co_await sleep_for(cx, 30ms);
          places.resize(static_cast<std::uint32_t>(1 + r.below(5)));
        }
        places.resize(max);
      });
    }
    w.run_until_idle();
    ASSERT_EQ(ended, calls);
    const auto m = places.metrics();
    ASSERT_EQ(m.in_use, 0U) << "seed " << seed;
    ASSERT_EQ(m.available, max) << "seed " << seed;
    ASSERT_EQ(m.waiting, 0U) << "seed " << seed;
    expect_quiet(w);
  }
}

// Cancelled while they wait, at every instant; the rest get their turn in order.
TEST(Bulkhead, WhoLeavesTheQueueHoldsNobodyUp) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    random_source r(seed);
    sim::world w(seed);
    field f(w);
    const bulkhead places{{.max = 1, .queue = 100, .max_wait = 1h}};
    const auto s = stack{places};
    std::string order;
    for (char c = 'A'; c <= 'Z'; ++c) {
      const auto cancel_at = r.below(2) == 0
                                 ? duration(std::chrono::milliseconds(30 + r.below(100)))
                                 : duration::max();
      f.call(c, std::chrono::milliseconds(c - 'A'), s, {.holds = 10ms, .cancel_at = cancel_at});
    }
    w.run_until_idle();
    expect_quiet(w);
    ASSERT_TRUE(places.idle(w.now())) << "seed " << seed;
    std::string ran;
    long last_start = -10;
    for (const auto& l : f.seen) {
      if (l.ends_with(" in")) {
        ran += l[l.size() - 4];
        const auto at = std::stol(l);
        ASSERT_EQ(at, last_start + 10) << "seed " << seed << ": a place lay idle";
        last_start = at;
      }
    }
    ASSERT_TRUE(std::is_sorted(ran.begin(), ran.end())) << ran;
  }
}

// K09
TEST(Bulkhead, K09TheDeadlineEndsTheWaitAsADeadline) {
  auto w = ordered();
  field f(w);
  const bulkhead places{{.max = 1, .queue = 10, .max_wait = 100ms}};
  const auto s = stack{places};
  f.call('A', 0ms, s, {.holds = 300ms});
  f.call('B', 0ms, s, {.timeout = 50ms});
  f.call('C', 0ms, s, {.timeout = 100ms});
  f.call('D', 0ms, s, {.timeout = 0ms});
  f.call('E', 0ms, stack{attempt_timeout{30ms}, places});
  w.run_until_idle();
  EXPECT_EQ(f.seen,
            (lines{"0 A in", "0 D deadline", "30 E timeout", "50 B deadline", "100 C deadline"}));
  EXPECT_EQ(f.last->stage(), error_stage::pool);
  EXPECT_EQ(f.last->sent(), error_sent::not_sent);
  expect_quiet(w);
}

TEST(Bulkhead, WhoseTimeIsOverHearsThatAndNotThatItIsFull) {
  auto w = ordered();
  field f(w);
  const auto s = stack{bulkhead{{.max = 1}}};
  f.call('A', 0ms, s, {.holds = 10ms});
  f.call('B', 1ms, s, {.timeout = 0ms});
  f.call('C', 2ms, stack{attempt_timeout{0ms}, std::get<0>(s.layers())});  // did not have to wait
  w.run_until_idle();
  EXPECT_EQ(f.seen, (lines{"0 A in", "1 B deadline", "2 C bulkhead_full"}));
}

// K11
TEST(Bulkhead, K11WhatAPolicyInsideRefusesGivesThePlaceBack) {
  run_in_world(1, [](context& cx) -> task<void> {
    const bulkhead places{{.max = 1}};
    const circuit_breaker breaker;
    breaker.isolate();
    scripted_operation op({succeed()});
    const auto got = co_await stack{places, breaker}.run(cx, std::ref(op));
    EXPECT_EQ(got.error().kind(), error_kind::isolated);
    EXPECT_TRUE(places.idle(cx.now()));
  });
}

TEST(Bulkhead, ThoseThatWaitGoInInOrderAndNobodyBarges) {
  auto w = ordered();
  field f(w);
  const auto s = stack{bulkhead{{.max = 1, .queue = 2, .max_wait = 1s}}};
  f.call('A', 0ms, s, {.holds = 100ms});
  f.call('B', 10ms, s, {.holds = 100ms});
  f.call('C', 20ms, s, {.holds = 100ms});
  f.call('D', 30ms, s);
  f.call('E', 100ms, s);  // comes just as A leaves: B's place is B's, and C's room in the queue C's
  f.call('F', 101ms, s);
  w.run_until_idle();
  EXPECT_EQ(f.seen, (lines{"0 A in", "30 D bulkhead_full", "100 B in", "101 F bulkhead_full",
                           "200 C in", "300 E in"}));
}

TEST(Bulkhead, NobodyWaitsWithoutBothAQueueAndATime) {
  for (const auto& o :
       {bulkhead_options{.max = 1, .queue = 5}, bulkhead_options{.max = 1, .max_wait = 1s}}) {
    auto w = ordered();
    field f(w);
    const auto s = stack{bulkhead{o}};
    f.call('A', 0ms, s, {.holds = 10ms});
    f.call('B', 0ms, s);
    w.run_until_idle();
    EXPECT_EQ(f.seen, (lines{"0 A in", "0 B bulkhead_full"}));
  }
}

TEST(Bulkhead, TheMoreCriticalGoFirst) {
  auto w = ordered();
  field f(w);
  const auto s =
      stack{bulkhead{{.max = 1, .queue = 2, .max_wait = 1s, .ranks = queue_ranks::by_criticality}}};
  f.call('A', 0ms, s, {.holds = 10ms});
  f.call('B', 1ms, s, {.rank = criticality::sheddable});
  f.call('C', 2ms, s, {.rank = criticality::sheddable_plus});
  f.call('D', 3ms, s, {.rank = criticality::critical_plus});
  w.run_until_idle();
  EXPECT_EQ(f.seen, (lines{"0 A in", "3 B bulkhead_full", "10 D in", "10 C in"}));
  expect_quiet(w);
}

// K13
TEST(Bulkhead, K13DropsWhoHasWaitedTooLongUnderOverload) {
  auto w = ordered();
  field f(w);
  const auto s = stack{bulkhead{
      {.max = 1, .queue = 9, .max_wait = 1s, .sojourn_target = 5ms, .overload_after = 50ms}}};
  f.call('A', 0ms, s, {.holds = 60ms});
  f.call('B', 1ms, s);
  f.call('C', 2ms, s);
  f.call('D', 58ms, s);
  w.run_until_idle();
  EXPECT_EQ(f.seen, (lines{"0 A in", "60 B shed", "60 C shed", "60 D in"}));
  expect_quiet(w);
}

TEST(Bulkhead, ResizeLetsMoreInAtOnceAndIsPaidBackWhenLess) {
  auto w = ordered();
  field f(w);
  const bulkhead places{{.max = 1, .queue = 9, .max_wait = 1s}};
  const auto s = stack{places};
  f.call('A', 0ms, s, {.holds = 100ms});
  f.call('B', 0ms, s, {.holds = 50ms});
  f.call('C', 0ms, s, {.holds = 60ms});
  f.call('D', 0ms, s, {.holds = 10ms});
  w.advance(10ms);
  places.resize(3);
  w.run_ready();
  EXPECT_EQ(places.metrics().in_use, 3U);
  places.resize(1);
  EXPECT_EQ(places.metrics().in_use, 3U);
  EXPECT_EQ(places.metrics().available, 0U);
  EXPECT_EQ(places.metrics().max, 1U);
  w.advance(60ms);  // B and C are out, but that only pays the debt
  EXPECT_EQ(places.metrics().in_use, 1U);
  w.run_until_idle();
  EXPECT_EQ(f.seen, (lines{"0 A in", "10 B in", "10 C in", "100 D in"}));
  const auto held = places.try_acquire();
  EXPECT_EQ(places.try_acquire().error().get<errors::bulkhead_full>()->limit, 1U);
  EXPECT_THROW(places.resize(0), std::invalid_argument);
  expect_quiet(w);
}

TEST(Bulkhead, ByHand) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    const bulkhead places{{.max = 1, .queue = 1, .max_wait = 1s}};
    {
      auto first = places.try_acquire();
      EXPECT_TRUE(first);
      EXPECT_FALSE(places.try_acquire());
      auto moved = std::move(*first);
      EXPECT_TRUE(moved);
      w.spawn("later", [&](context& own) -> task<void> {
        (void)co_await sleep_for(own, 10ms);
        const auto dropped = std::move(moved);
      });
      const auto second = co_await places.acquire(cx);
      EXPECT_TRUE(second);
      EXPECT_EQ(w.elapsed(), 10ms);
      const auto third = co_await places.acquire(cx);
      EXPECT_EQ(third.error().kind(), error_kind::bulkhead_full);
      EXPECT_EQ(w.elapsed(), 1010ms);
    }
    EXPECT_TRUE(places.idle(cx.now()));
    EXPECT_EQ(bulkhead::make({}).error().get<errors::invalid_argument>()->reason, "max is 0");
    EXPECT_THROW(bulkhead{bulkhead_options{}}, std::invalid_argument);
    EXPECT_THROW((stack{places, places}), std::invalid_argument);
  });
}

TEST(Bulkhead, SaysWhatItDoesAndReportsRejections) {
  EXPECT_EQ(bulkhead({.max = 2}).describe(),
            "a bulkhead of 2 calls that refuses the others at once");
  EXPECT_EQ(bulkhead({.name = "db",
                      .max = 20,
                      .queue = 50,
                      .max_wait = 200ms,
                      .order = queue_order::adaptive_lifo,
                      .ranks = queue_ranks::by_criticality,
                      .sojourn_target = 5ms})
                .describe(),
            "a bulkhead 'db' of 20 calls that lets 50 others wait up to 200 ms, the more critical "
            "ones first, the newest first when it is overloaded, and then drops who has waited "
            "longer than 5 ms");
  run_in_world(1, [](context& cx) -> task<void> {
    event_log log(cx.now());
    const bulkhead places{{.max = 1, .queue = 1, .max_wait = 5ms}};
    const auto held = places.try_acquire();
    const auto s = stack{places}.observed_by(log, "s");
    scripted_operation op({succeed()});
    (void)co_await s.run(cx, std::ref(op));
    auto late = cx.with_timeout(1ms);
    (void)co_await s.run(late, std::ref(op));
    EXPECT_EQ(log.lines, (lines{"5 bulkhead rejected 1"}));
  });
}

TEST(Bulkhead, ACallThatIsDestroyedGivesItsPlaceBack) {
  const bulkhead places{{.max = 2, .queue = 9, .max_wait = 24h}};
  {
    scripted_operation op({hang()});
    const auto s = stack{places};
    auto ignored = [&](context& cx) -> task<void> { (void)co_await s.run(cx, std::ref(op)); };
    auto by_hand = [&](context& cx) -> task<void> { (void)co_await places.acquire(cx); };
    boost::asio::io_context loop(1);
    auto& env = environment::of(loop.get_executor());
    cancel_scope root(env);
    for (int i = 0; i < 3; ++i) {
      boost::asio::co_spawn(loop, ignored(root), boost::asio::detached);
    }
    boost::asio::co_spawn(loop, by_hand(root), boost::asio::detached);
    loop.poll();
    EXPECT_EQ(places.metrics().in_use, 2U);
    EXPECT_EQ(places.metrics().waiting, 2U);
  }
  EXPECT_TRUE(places.idle({}));
}

TEST(Bulkhead, ManyThreadsNeverHoldMoreThanThereAre) {
  constexpr int threads = 16;
  constexpr int rounds = 3'000;
  const bulkhead places{{.max = 3}};
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = 0; i < rounds; ++i) {
        const auto held = places.try_acquire();
        if (held) {
          const int now = ++inside;
          for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
          }
          --inside;
        }
        if (i % 500 == 0) {
          places.resize(3);
        }
      }
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_LE(most, 3);
  EXPECT_TRUE(places.idle({}));
}

// Waiters on several event loops; some of them give up while places change hands.
TEST(Bulkhead, WaitersOfManyThreadsAllEndAndNoPlaceIsLost) {
  constexpr int threads = 4;
  constexpr int calls = 300;
  const bulkhead places{{.max = 2, .queue = 10'000, .max_wait = 1h}};
  std::atomic<int> inside{0};
  std::atomic<int> ran{0};
  std::atomic<int> cancelled{0};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      boost::asio::io_context loop(1);
      auto& env = environment::of(loop.get_executor());
      std::vector<std::unique_ptr<cancel_scope>> scopes;
      auto body = [&](context& cx, std::size_t i) -> task<void> {
        const auto held = co_await places.acquire(cx);
        if (!held) {
          ++cancelled;
          co_return;
        }
        EXPECT_LE(++inside, 2);
        (void)co_await yield(cx);
        --inside;
        ++ran;
        if (i + 2 < scopes.size()) {
          scopes[i + 2]->cancel();
        }
      };
      for (int i = 0; i < calls; ++i) {
        scopes.push_back(std::make_unique<cancel_scope>(env));
      }
      for (std::size_t i = 0; i < scopes.size(); ++i) {
        boost::asio::co_spawn(loop, body(*scopes[i], i), boost::asio::detached);
      }
      loop.run();
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_EQ(ran + cancelled, threads * calls);
  EXPECT_GT(ran, 0);
  EXPECT_TRUE(places.idle({}));
}

}  // namespace
}  // namespace fairlead::policy
