// SPDX-License-Identifier: BSL-1.0
// Permits, locks and channels, in virtual time.
#include <fairlead/core/channel.hpp>
#include <fairlead/core/mutex.hpp>
#include <fairlead/core/semaphore.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

TEST(Semaphore, LetsInAsManyAsThereArePermits) {
  sim::world world(5);
  semaphore gate(2);
  int inside = 0;
  int most = 0;
  for (int i = 0; i < 10; ++i) {
    world.spawn("guest", [&](context& cx) -> task<void> {
      const auto permit = co_await gate.acquire(cx);
      EXPECT_TRUE(permit.has_value());
      most = std::max(most, ++inside);
      (void)co_await sleep_for(cx, 1ms);
      --inside;
    });
  }
  world.run_until_idle();
  EXPECT_EQ(most, 2);
  EXPECT_EQ(gate.available(), 2U);
  EXPECT_EQ(world.elapsed(), 5ms);
}

TEST(Semaphore, ServesInTheOrderOfArrival) {
  sim::world world(sim::world_options{.seed = 1, .order = sim::ordering::arrival});
  semaphore gate(1);
  std::string order;
  for (const char name : {'a', 'b', 'c', 'd'}) {
    world.spawn("guest", [&, name](context& cx) -> task<void> {
      const auto permit = co_await gate.acquire(cx);
      order += name;
      (void)co_await sleep_for(cx, 1ms);
    });
  }
  world.run_until_idle();
  EXPECT_EQ(order, "abcd");
}

TEST(Semaphore, AWaiterThatGivesUpLeavesNoTrace) {
  sim::world world(1);
  semaphore gate(1);
  world.run([&](context& cx) -> task<void> {
    auto held = gate.try_acquire();
    EXPECT_TRUE(held);
    EXPECT_FALSE(gate.try_acquire());
    context quick = cx.with_timeout(10ms);
    const auto refused = co_await gate.acquire(quick);
    EXPECT_TRUE(!refused && refused.error().is<errors::deadline>());
    EXPECT_EQ(gate.waiting(), 0U);
    held = {};
    EXPECT_EQ(gate.available(), 1U);
  });
}

TEST(Semaphore, APermitHandedToOneWhoIsCancelledInTheSameInstantGoesToTheNext) {
  sim::world world(sim::world_options{.seed = 1, .order = sim::ordering::arrival});
  semaphore gate(1);
  auto held = gate.try_acquire();
  std::string log;
  cancel_scope b_scope(world.root());
  world.spawn("b", [&](context&) -> task<void> {
    const auto permit = co_await gate.acquire(b_scope);
    log += permit ? "b got it " : "b cancelled ";
  });
  world.spawn("c", [&](context& cx) -> task<void> {
    const auto permit = co_await gate.acquire(cx);
    log += permit ? "c got it" : "c failed";
  });
  world.run_until_idle();
  held = {};  // handed to b, which has not run yet
  b_scope.cancel();
  world.run_until_idle();
  EXPECT_EQ(log, "b cancelled c got it");
  EXPECT_EQ(gate.available(), 1U);
}

// Random acquire, hold, cancel and time-out: in the end every permit is back, and never were there
// more holders than permits.
TEST(Semaphore, NeverLosesOrInventsAPermit) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    sim::world world(seed);
    semaphore gate(3);
    int inside = 0;
    for (int i = 0; i < 40; ++i) {
      world.spawn("guest", [&](context& cx) -> task<void> {
        auto& random = cx.env().random();
        (void)co_await sleep_for(cx, std::chrono::milliseconds(random.below(10)));
        cancel_scope scope(cx);
        context limited = scope.with_timeout(std::chrono::milliseconds(1 + random.below(20)));
        if (random.below(4) == 0) {
          scope.cancel();
        }
        const auto permit = co_await gate.acquire(limited);
        if (permit) {
          EXPECT_LE(++inside, 3);
          (void)co_await sleep_for(cx, std::chrono::milliseconds(random.below(5)));
          --inside;
        }
      });
    }
    world.run_until_idle();
    ASSERT_EQ(gate.available(), 3U) << "seed " << seed;
    ASSERT_EQ(gate.waiting(), 0U) << "seed " << seed;
  }
}

TEST(AsyncMutex, KeepsStateConsistentAcrossAwaits) {
  sim::world world(7);
  async_mutex mutex;
  int shared = 0;
  for (int i = 0; i < 20; ++i) {
    world.spawn("writer", [&](context& cx) -> task<void> {
      const auto lock = co_await mutex.lock(cx);
      const int before = shared;
      (void)co_await sleep_for(cx, 1ms);
      shared = before + 1;
    });
  }
  world.run_until_idle();
  EXPECT_EQ(shared, 20);
  EXPECT_TRUE(mutex.try_lock());
}

// --- channel
// -----------------------------------------------------------------------------------------

TEST(Channel, DeliversInOrderAndBoundsWhatIsInside) {
  sim::world world(9);
  channel<std::unique_ptr<int>> numbers(3);
  std::vector<int> got;
  std::size_t most = 0;
  world.spawn("sender", [&](context& cx) -> task<void> {
    for (int i = 0; i < 50; ++i) {
      auto value = std::make_unique<int>(i);
      EXPECT_TRUE(co_await numbers.send(cx, std::move(value)));
      most = std::max(most, numbers.size());
    }
    numbers.close();
  });
  world.spawn("receiver", [&](context& cx) -> task<void> {
    for (;;) {
      auto n = co_await numbers.receive(cx);
      if (!n) {
        EXPECT_EQ(n.error().kind(), error_kind::unavailable);
        break;
      }
      got.push_back(**n);
      (void)co_await sleep_for(cx, 1ms);
    }
  });
  world.run_until_idle();
  ASSERT_EQ(got.size(), 50U);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
  }
  EXPECT_LE(most, 3U);
}

TEST(Channel, ClosingEndsSendersAtOnceAndReceiversWhenItIsEmpty) {
  sim::world world(2);
  channel<int> one(1);
  EXPECT_TRUE(one.try_send(1));
  EXPECT_FALSE(one.try_send(2)) << "it is full";
  std::string log;
  world.spawn("sender", [&](context& cx) -> task<void> {
    const auto sent = co_await one.send(cx, 3);
    log += sent ? "sent" : to_string(sent.error().kind());
  });
  world.run_until_idle();
  one.close();
  one.close();
  world.run_until_idle();
  EXPECT_EQ(log, "unavailable");
  EXPECT_FALSE(one.try_send(4));
  world.run([&](context& cx) -> task<void> {
    const auto left = co_await one.receive(cx);
    EXPECT_EQ(left.value_or(-1), 1);
    const auto none = co_await one.receive(cx);
    EXPECT_FALSE(none);
  });
}

TEST(Channel, AReceiverThatGivesUpDoesNotSwallowAValue) {
  sim::world world(sim::world_options{.seed = 1, .order = sim::ordering::arrival});
  channel<int> numbers(1);
  cancel_scope scope(world.root());
  bool first = true;
  int second = 0;
  world.spawn("first", [&](context&) -> task<void> {
    first = (co_await numbers.receive(scope)).has_value();
  });
  world.spawn("second", [&](context& cx) -> task<void> {
    second = (co_await numbers.receive(cx)).value_or(-1);
  });
  world.run_until_idle();
  numbers.try_send(7);  // goes to the first, which has not run yet
  scope.cancel();
  world.run_until_idle();
  EXPECT_FALSE(first);
  EXPECT_EQ(second, 7);
}

}  // namespace
}  // namespace fairlead
