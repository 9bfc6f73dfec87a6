// SPDX-License-Identifier: BSL-1.0
// Looking at what coroutines wait for, in virtual time.
#include <fairlead/core/channel.hpp>
#include <fairlead/core/event.hpp>
#include <fairlead/core/mutex.hpp>
#include <fairlead/core/semaphore.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/waiter.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> seen_in(const environment& env) {
  std::vector<std::string> out;
  env.each_waiting([&](const waiting_task& t) { out.emplace_back(t.for_what); });
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Waiting, SaysWhatEachTaskWaitsFor) {
  sim::world world(3);
  world.run([&](context& cx) -> task<void> {
    semaphore gate(0);
    semaphore seats(0, "a seat");
    channel<int> empty(1);
    channel<int> full(1);
    EXPECT_TRUE(full.try_send(1));
    async_mutex mutex;
    const auto held = mutex.try_lock();
    event bell;
    task_scope scope(cx);
    scope.spawn([&](context& own) -> task<void> { (void)co_await gate.acquire(own); });
    scope.spawn([&](context& own) -> task<void> { (void)co_await seats.acquire(own); });
    scope.spawn([&](context& own) -> task<void> { (void)co_await empty.receive(own); });
    scope.spawn([&](context& own) -> task<void> { (void)co_await full.send(own, 2); });
    scope.spawn([&](context& own) -> task<void> { (void)co_await mutex.lock(own); });
    scope.spawn([&](context& own) -> task<void> { (void)co_await bell.wait(own); });
    scope.spawn([&](context& own) -> task<void> { (void)co_await sleep_for(own, 1h); });
    scope.spawn([&](context& own) -> task<void> {
      waiter w(own);
      (void)co_await w.wait();
    });
    scope.spawn([&](context& own) -> task<void> {
      task_scope inner(own);
      inner.spawn([&](context& deep) -> task<void> {
        waiter w(deep, "a ticket");
        (void)co_await w.wait();
      });
      (void)co_await inner.join();
    });
    const std::vector<std::string> all = {
        "a lock",       "a notification", "a permit of a semaphore", "a seat",
        "a ticket",     "an event",       "an item of a channel",    "room in a channel",
        "tasks to end", "time to pass"};
    EXPECT_EQ(seen_in(cx.env()), all);
    scope.cancel();
    EXPECT_TRUE(co_await scope.join());
    EXPECT_EQ(seen_in(cx.env()), std::vector<std::string>());
  });
}

TEST(Waiting, KnowsTheContextOfTheWait) {
  sim::world world(3);
  world.run([&](context& cx) -> task<void> {
    task_scope scope(cx);
    scope.spawn([&](context& own) -> task<void> {
      const received_call call{"get_user", {}, 1};
      auto called = own.with_received(call);
      auto limited = called.with_timeout(5s);
      waiter w(limited, "a ticket");
      (void)co_await w.wait();
    });
    int found = 0;
    cx.env().each_waiting([&](const waiting_task& t) {
      ++found;
      EXPECT_EQ(t.for_what, "a ticket");
      EXPECT_TRUE(t.about.empty());
      EXPECT_EQ(t.under->received()->operation, "get_user");
      EXPECT_EQ(t.under->remaining(cx.now()), 5s);
    });
    EXPECT_EQ(found, 1);
    EXPECT_TRUE(co_await scope.join());
  });
}

}  // namespace
}  // namespace fairlead
