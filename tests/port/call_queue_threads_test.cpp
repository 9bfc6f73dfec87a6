// SPDX-License-Identifier: BSL-1.0
// Calls that other threads run.
#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include "queued_toys.hpp"

namespace fairlead::testing {
namespace {

using namespace std::chrono_literals;

// `servers` threads serve, and `body(context&, toys)` runs in each of `callers` threads.
template <class Body>
void on_threads(toy_service::record& seen, std::size_t servers, std::size_t callers,
                call_queue_options options, Body body) {
  constexpr run_options quiet{.handle_signals = false};
  call_queue queue(options);
  const auto u = queued<toys>(queue, toy_service{&seen});
  std::vector<std::thread> serving;
  for (std::size_t i = 0; i < servers; ++i) {
    serving.emplace_back([&] {
      const auto served = run([&](context& cx) { return queue.serve(cx); }, quiet);
      EXPECT_TRUE(served);
    });
  }
  std::vector<std::thread> calling;
  for (std::size_t i = 0; i < callers; ++i) {
    calling.emplace_back([&] { run([&](context& cx) { return body(cx, u); }, quiet); });
  }
  for (auto& t : calling) {
    t.join();
  }
  queue.close();
  for (auto& t : serving) {
    t.join();
  }
  EXPECT_EQ(queue.stats().running, 0U);
}

TEST(CallQueueThreads, RunsOnTheThreadsThatServe) {
  toy_service::record seen;
  const call_queue_options roomy{.max_waiting = 10'000, .max_concurrent = 10};
  std::atomic<int> good = 0;
  on_threads(seen, 2, 3, roomy, [&](context& cx, const toys& u) -> task<void> {
    task_scope scope(cx);
    for (int i = 0; i < 2000; ++i) {
      scope.spawn([&u, &good, i](context& c) -> task<void> {
        const auto more = co_await u(c, add_one{i});
        good += more && *more == i + 1 ? 1 : 0;
      });
    }
    EXPECT_TRUE(co_await scope.join());
  });
  EXPECT_EQ(good, 6000);
  EXPECT_LE(seen.threads.size(), 2U);
  EXPECT_EQ(seen.threads.count(std::this_thread::get_id()), 0U);
}

TEST(CallQueueThreads, CallsOnThreadsAreCancelledAndJoined) {
  toy_service::record seen;
  on_threads(seen, 1, 2, {}, [](context& cx, const toys& u) -> task<void> {
    for (int i = 0; i < 50; ++i) {
      cancel_scope own(cx);
      task_scope scope(cx);
      scope.spawn([&](context&) -> task<void> {
        const auto gone = co_await u(own, linger{1h});
        EXPECT_EQ(gone.error().kind(), error_kind::cancelled) << gone.error().message();
      });
      if (i % 2 == 0) {
        EXPECT_TRUE(co_await yield(cx));
      }
      own.cancel();
      EXPECT_TRUE(co_await scope.join());
      context quick = cx.with_timeout(1ms);
      const auto late = co_await u(quick, linger{1h});
      EXPECT_EQ(late.error().kind(), error_kind::deadline) << late.error().message();
    }
  });
  EXPECT_EQ(seen.started, seen.cancelled) << "nothing goes on for nobody";
}

TEST(CallQueueThreads, StreamsComeAcrossThreadsInOrder) {
  toy_service::record seen;
  on_threads(seen, 2, 2, {}, [](context& cx, const toys& u) -> task<void> {
    int last = 0;
    const auto in_order = [&](context&, int n) -> result<void> {
      EXPECT_EQ(n, last + 1);
      last = n;
      return {};
    };
    const auto all = co_await u(cx, count_to{1000}, in_order);
    EXPECT_TRUE(all);
    EXPECT_EQ(last, 1000);
    const auto refuse = [](context&, int n) -> result<void> {
      return n < 5 ? result<void>() : fail(errors::application{"enough", "five will do"});
    };
    const auto some = co_await u(cx, count_to{1'000'000}, refuse);
    EXPECT_EQ(some.error().message(), "application: enough: five will do");
  });
  EXPECT_EQ(seen.cancelled, 2);
}

}  // namespace
}  // namespace fairlead::testing
