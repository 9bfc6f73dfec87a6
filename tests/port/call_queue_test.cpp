// SPDX-License-Identifier: BSL-1.0
// Calls that another event loop runs: bounds, time and cancellation, in virtual time.
#include <fairlead/core/task_scope.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "queued_toys.hpp"
#include "support/sim_test.hpp"

namespace fairlead::testing {

namespace {

using namespace std::chrono_literals;

class CallQueue : public ::testing::Test {
 protected:
  // `body(context&, toys, call_queue&)`, in virtual time; served from the beginning unless said
  // otherwise.
  enum class begin : std::uint8_t { served, alone };
  template <class Body>
  void in_world(call_queue_options options, begin how, Body body) {
    call_queue queue(options);
    const auto u = queued<toys>(queue, toy_service{&seen});
    run_in_world(3, [&](context& cx) -> task<void> {
      task_scope scope(cx);
      if (how == begin::served) {
        scope.spawn([&](context& c) { return queue.serve(c); });
      }
      co_await body(cx, u, queue);
      queue.close();
      EXPECT_TRUE(co_await scope.join());
    });
  }

  toy_service::record seen;
};

TEST_F(CallQueue, CallsWaitForWhoServesThem) {
  in_world({}, begin::alone, [](context& cx, const toys& u, call_queue& queue) -> task<void> {
    task_scope scope(cx);
    int sum = 0;
    for (int i = 0; i < 10; ++i) {
      scope.spawn([&u, &sum, i](context& c) -> task<void> {
        const auto more = co_await u(c, add_one{i});
        sum += more.value();
      });
    }
    EXPECT_TRUE(co_await sleep_for(cx, 1s));
    EXPECT_EQ(queue.stats().waiting, 10U);
    scope.spawn([&](context& c) { return queue.serve(c); });
    EXPECT_TRUE(co_await sleep_for(cx, 1s));
    EXPECT_EQ(sum, 55);
    EXPECT_EQ(queue.stats().completed, 10U);
    queue.close();
    EXPECT_TRUE(co_await scope.join());
  });
}

TEST_F(CallQueue, ThereIsRoomForSoManyAndNoMore) {
  in_world({.max_waiting = 2, .max_concurrent = 1}, begin::served,
           [](context& cx, const toys& u, call_queue& queue) -> task<void> {
             task_scope scope(cx);
             for (int i = 0; i < 3; ++i) {
               scope.spawn([&](context& c) -> task<void> {
                 const auto done = co_await u(c, linger{100ms});
                 EXPECT_TRUE(done);
               });
               EXPECT_TRUE(co_await sleep_for(cx, 1ms));
             }
             EXPECT_EQ(queue.stats().running, 1U);
             EXPECT_EQ(queue.stats().waiting, 2U);
             const auto refused = co_await u(cx, add_one{1});
             EXPECT_EQ(refused.error().kind(), error_kind::pool_exhausted);
             EXPECT_EQ(refused.error().sent(), error_sent::not_sent);
             EXPECT_EQ(queue.stats().refused, 1U);
             EXPECT_TRUE(co_await scope.join());
             const auto later = co_await u(cx, add_one{1});
             EXPECT_EQ(later.value(), 2);
           });
}

TEST_F(CallQueue, TheCallersTimeRunsWhileTheCallWaits) {
  in_world({.max_concurrent = 1}, begin::served,
           [this](context& cx, const toys& u, call_queue& queue) -> task<void> {
             task_scope scope(cx);
             scope.spawn([&](context& c) -> task<void> {
               const auto done = co_await u(c, linger{100ms});
               EXPECT_TRUE(done);
             });
             EXPECT_TRUE(co_await sleep_for(cx, 1ms));
             const auto begun = cx.now();
             context quick = cx.with_timeout(50ms);
             const auto late = co_await u(quick, linger{1ms});
             EXPECT_EQ(late.error().kind(), error_kind::deadline);
             EXPECT_EQ(late.error().sent(), error_sent::not_sent);
             EXPECT_EQ(cx.now() - begun, 50ms);
             EXPECT_EQ(seen.started, 1) << "it was not run";
             EXPECT_EQ(queue.stats().waiting, 0U);
             context patient = cx.with_timeout(80ms);
             const auto left = co_await u(patient, linger{1ms});
             EXPECT_EQ(left.value(), 31) << "49 ms went by before its turn";
             EXPECT_TRUE(co_await scope.join());
           });
}

TEST_F(CallQueue, ACancelledCallIsTakenOutOrCancelledAndJoined) {
  in_world({.max_concurrent = 1}, begin::served,
           [this](context& cx, const toys& u, call_queue& queue) -> task<void> {
             cancel_scope first(cx);
             cancel_scope second(cx);
             task_scope scope(cx);
             for (auto* own : {&first, &second}) {
               scope.spawn([&, own](context&) -> task<void> {
                 const auto gone = co_await u(*own, linger{1h});
                 EXPECT_EQ(gone.error().kind(), error_kind::cancelled);
                 EXPECT_EQ(gone.error().sent(),
                           own == &first ? error_sent::unknown : error_sent::not_sent);
               });
               EXPECT_TRUE(co_await sleep_for(cx, 1ms));
             }
             second.cancel();
             EXPECT_TRUE(co_await sleep_for(cx, 1ms));
             EXPECT_EQ(queue.stats().waiting, 0U);
             EXPECT_EQ(queue.stats().running, 1U);
             first.cancel();
             EXPECT_TRUE(co_await scope.join());
             EXPECT_EQ(queue.stats().running, 0U);
             EXPECT_EQ(seen.started, 1);
             EXPECT_EQ(seen.cancelled, 1);
           });
}

TEST_F(CallQueue, WhatTheServiceThrowsComesThrough) {
  in_world({}, begin::served, [](context& cx, const toys& u, call_queue&) -> task<void> {
    std::string thrown;
    try {
      (void)co_await u(cx, throw_it{});
    } catch (const std::runtime_error& e) {
      thrown = e.what();
    }
    EXPECT_EQ(thrown, "it threw");
    const auto next = co_await u(cx, add_one{1});
    EXPECT_EQ(next.value(), 2);
  });
}

TEST_F(CallQueue, WhenNobodyServesAnyMoreCallsAreRefused) {
  in_world({.max_concurrent = 1}, begin::alone,
           [this](context& cx, const toys& u, call_queue& queue) -> task<void> {
             cancel_scope serving(cx);
             task_scope scope(cx);
             const auto serve = [&](context&) -> task<void> {
               const auto ended = co_await queue.serve(serving);
               EXPECT_EQ(ended.error().kind(), error_kind::cancelled);
             };
             scope.spawn(serve);
             for (int i = 0; i < 2; ++i) {
               scope.spawn([&, i](context& c) -> task<void> {
                 const auto gone = co_await u(c, linger{1h});
                 EXPECT_EQ(gone.error().kind(), error_kind::unavailable) << i;
                 EXPECT_EQ(gone.error().sent(),
                           i == 0 ? error_sent::answered : error_sent::not_sent);
               });
             }
             EXPECT_TRUE(co_await sleep_for(cx, 1ms));
             serving.cancel();
             EXPECT_TRUE(co_await scope.join());
             EXPECT_EQ(seen.cancelled, 1);
             const auto refused = co_await u(cx, add_one{1});
             EXPECT_EQ(refused.error().kind(), error_kind::unavailable);
             EXPECT_EQ(refused.error().sent(), error_sent::not_sent);

             task_scope again(cx);
             again.spawn([&](context& c) { return queue.serve(c); });
             EXPECT_TRUE(co_await sleep_for(cx, 1ms));
             const auto served = co_await u(cx, add_one{1});
             EXPECT_EQ(served.value(), 2);
             queue.close();
             EXPECT_TRUE(co_await again.join());
             const auto closed = co_await u(cx, add_one{1});
             EXPECT_EQ(closed.error().message(), "unavailable: call_queue: it is closed");
           });
}

TEST_F(CallQueue, OptionsAreChecked) {
  const auto made = [](call_queue_options options) -> std::string {
    try {
      const call_queue queue(options);
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "made";
  };
  EXPECT_EQ(made({}), "made");
  EXPECT_EQ(made({.max_waiting = 0, .max_concurrent = 0}),
            "call_queue: max_waiting must be at least 1; max_concurrent must be at least 1");
}

}  // namespace
}  // namespace fairlead::testing
