// SPDX-License-Identifier: BSL-1.0
// Runs that were left behind when frames, loops and threads go away.
#include "policy/scripted_operation.hpp"

#include <fairlead/policy/abandoning_timeout.hpp>
#include <fairlead/policy/bulkhead.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

auto deaf(duration length) {
  return detachable([length](context& cx) -> task<result<int>> {
    cancel_scope own(cx.env());
    (void)co_await sleep_for(own, length);
    co_return 5;
  });
}

TEST(AbandoningTimeout, ALoopMayGoAwayAtAnyMoment) {
  const abandoning_timeout limit{1ns};
  const bulkhead places{{.max = 100}};
  int ended = 0;
  for (int steps = 0; steps < 40; ++steps) {
    event_log log;
    {
      std::optional<cancel_scope> root;
      boost::asio::io_context loop(1);
      root.emplace(environment::of(loop.get_executor()));
      const auto s = stack{limit, places}.observed_by(log, "s");
      boost::asio::co_spawn(
          loop,
          [&]() -> task<void> {
            const auto op = deaf(1h);
            auto answer = co_await s.run(*root, op);
            EXPECT_EQ(answer.error().kind(), error_kind::timeout);
            ++ended;
          },
          [](std::exception_ptr) {});
      for (int i = 0; i < steps; ++i) {
        loop.poll_one();
      }
      EXPECT_LE(limit.abandoned(), 1U);
    }
    EXPECT_EQ(limit.abandoned(), 0U) << steps;
    EXPECT_EQ(places.metrics().in_use, 0U) << steps;
  }
  EXPECT_GT(ended, 0);
}

TEST(AbandoningTimeout, AWorldMayGoAwayAtAnyMoment) {
  const abandoning_timeout limit{100ms};
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    for (int steps = 0; steps < 60; ++steps) {
      {
        const auto s = stack{limit};
        sim::world world(seed);
        world.spawn("call", [&](context& cx) -> task<void> {
          const auto op = deaf(300ms);
          (void)co_await s.run(cx, op);
        });
        for (int i = 0; i < steps; ++i) {
          if (!world.step() && world.next_timer() != no_deadline) {
            world.advance(world.next_timer() - world.now());
          }
        }
      }
      EXPECT_EQ(limit.abandoned(), 0U) << seed << " " << steps;
    }
  }
}

TEST(AbandoningTimeout, AsioCancellationTellsTheRunAndJoinsIt) {
  sim::world world(1);
  const abandoning_timeout limit{1h};
  const auto s = stack{limit};
  boost::asio::cancellation_signal stop;
  std::optional<error_kind> kind;
  world.run([&](context& cx) -> task<void> {
    auto call = [&]() -> task<void> {
      co_await boost::asio::this_coro::throw_if_cancelled(false);
      const auto op = detachable([](context& c) -> task<result<int>> {
        auto slept = co_await sleep_for(c, 2h);
        co_return tl::unexpected<error>(slept.error());
      });
      auto answer = co_await s.run(cx, op);
      kind = answer.error().kind();
    };
    boost::asio::co_spawn(
        cx.executor(), call,
        boost::asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr) {}));
    (void)co_await sleep_for(cx, 10ms);
    stop.emit(boost::asio::cancellation_type::terminal);
    (void)co_await sleep_for(cx, 10ms);
  });
  EXPECT_EQ(kind, error_kind::cancelled);
  EXPECT_EQ(limit.abandoned(), 0U);
  EXPECT_EQ(world.env().running_in_background(), 0U);
}

// Worlds on sixteen threads share one handle: never more than the cap, and all come back.
TEST(AbandoningTimeout, TheCapHoldsBetweenThreads) {
  constexpr std::size_t cap = 5;
  constexpr int threads = 16;
  const abandoning_timeout limit{10ms, {.max_abandoned = cap}};
  std::atomic<int> left{0};
  std::atomic<int> waited{0};
  std::barrier together(threads);
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      sim::world world(static_cast<std::uint64_t>(t) + 1);
      const auto s = stack{limit};
      together.arrive_and_wait();
      for (int i = 0; i < 50; ++i) {
        world.run([&](context& cx) -> task<void> {
          const auto op = deaf(15ms);
          auto answer = co_await s.run(cx, op);
          EXPECT_LE(limit.abandoned(), cap);
          ++(answer ? waited : left);
        });
        std::this_thread::yield();
      }
      world.run_until_idle();
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_EQ(limit.abandoned(), 0U);
  EXPECT_EQ(left + waited, threads * 50);
  EXPECT_GT(left, 0);
}

}  // namespace
}  // namespace fairlead::policy
