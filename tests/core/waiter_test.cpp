// SPDX-License-Identifier: BSL-1.0
// Suspension: who wins, and that nothing stays behind. In virtual time.
#include <fairlead/core/event.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/waiter.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

TEST(Sleep, EndsAtItsInstant) {
  sim::world world(1);
  const auto passed = world.run([](context& cx) -> task<duration> {
    const auto start = cx.now();
    const auto slept = co_await sleep_for(cx, 1500us);
    EXPECT_TRUE(slept);
    co_return cx.now() - start;
  });
  EXPECT_EQ(passed, 1500us);
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(Sleep, EndsAtTheDeadlineOfTheContext) {
  sim::world world(1);
  world.run([](context& cx) -> task<void> {
    const auto start = cx.now();
    context limited = cx.with_timeout(10ms);
    const auto slept = co_await sleep_for(limited, 1h);
    EXPECT_EQ(cx.now() - start, 10ms);
    EXPECT_TRUE(!slept && slept.error().is<errors::deadline>());
  });
}

TEST(Sleep, AnExpiredDeadlineEndsItAtOnce) {
  sim::world world(1);
  world.run([](context& cx) -> task<void> {
    const auto start = cx.now();
    context late = cx.with_deadline(start);
    const auto slept = co_await sleep_for(late, 1h);
    EXPECT_EQ(cx.now(), start);
    EXPECT_TRUE(!slept && slept.error().is<errors::deadline>());
  });
}

TEST(Sleep, CancellingTheScopeEndsItAndOnlyIt) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    cancel_scope part(cx);
    const auto start = cx.now();
    world.spawn("canceller", [&](context& own) -> task<void> {
      (void)co_await sleep_for(own, 5ms);
      part.cancel();
    });
    const auto slept = co_await sleep_for(part, 1h);
    EXPECT_EQ(cx.now() - start, 5ms);
    EXPECT_TRUE(!slept && slept.error().is<errors::cancelled>());
    EXPECT_FALSE(cx.cancelled());
    const auto again = co_await sleep_for(part, 1h);
    EXPECT_EQ(cx.now() - start, 5ms) << "a cancelled scope stays cancelled";
    EXPECT_FALSE(again);
    EXPECT_TRUE(co_await sleep_for(cx, 1ms)) << "the parent is not touched";
  });
}

TEST(Sleep, ACancellationOfTheParentReachesEveryLevel) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    cancel_scope outer(cx);
    cancel_scope middle(outer);
    cancel_scope leaf(middle);
    world.spawn("canceller", [&](context& own) -> task<void> {
      (void)co_await sleep_for(own, 1ms);
      outer.cancel();
    });
    const auto slept = co_await sleep_for(leaf, 1h);
    EXPECT_TRUE(!slept && slept.error().is<errors::cancelled>());
    EXPECT_TRUE(middle.cancelled());
  });
}

TEST(Deadline, OfAChildIsNeverLaterThanThatOfItsParent) {
  sim::world world(1);
  context& cx = world.root();
  const auto now = cx.now();
  const context outer = cx.with_deadline(now + 10ms);
  EXPECT_EQ(outer.with_timeout(1h).deadline(), now + 10ms);
  EXPECT_EQ(outer.with_timeout(1ms).deadline(), now + 1ms);
  EXPECT_EQ(cx.with_timeout(duration::max()).deadline(), no_deadline) << "no overflow";
  EXPECT_EQ(outer.remaining(now + 4ms), 6ms);
  EXPECT_EQ(cx.remaining(now), duration::max());
}

// --- who wins
// ----------------------------------------------------------------------------------------

// One waiter, woken in several ways at the same instant; the order is the order of the calls.
wake race(const std::vector<wake>& order) {
  sim::world world(sim::world_options{.seed = 1, .order = sim::ordering::arrival});
  return world.run([&](context& cx) -> task<wake> {
    cancel_scope scope(cx);
    context limited = scope.with_timeout(5ms);
    waiter w(limited);
    world.spawn("others", [&](context& own) -> task<void> {
      (void)co_await sleep_for(own,
                               5ms);  // armed after the waiter's own timer, so it runs after it
      for (const auto which : order) {
        if (which == wake::notified) {
          w.notify();
        } else if (which == wake::cancelled) {
          scope.cancel();
        }
      }
    });
    const auto woken = co_await w.wait();
    co_return woken;
  });
}

TEST(Waiter, ACancelInTheSameInstantBeatsTheDeadline) {
  EXPECT_EQ(race({wake::cancelled}), wake::cancelled);
  EXPECT_EQ(race({}), wake::deadline);
}

TEST(Waiter, ANotificationIsNotTakenBack) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    cancel_scope scope(cx);
    waiter w(scope);
    world.spawn("both", [&](context&) -> task<void> {
      EXPECT_TRUE(w.notify());
      EXPECT_FALSE(w.notify()) << "only the first counts";
      scope.cancel();
      co_return;
    });
    EXPECT_EQ(co_await w.wait(), wake::notified);
  });
}

TEST(Waiter, ANotificationBeforeTheWaitIsKept) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    waiter w(cx);
    w.notify();
    EXPECT_TRUE(w.woken());
    EXPECT_EQ(co_await w.wait(), wake::notified);
  });
}

TEST(Waiter, OfACancelScopeEndsWithIt) {
  sim::world world(1);
  cancel_scope scope(world.root());
  std::optional<wake> woken;
  world.spawn("waiting", [&](context&) -> task<void> {
    waiter w(scope);
    woken = co_await w.wait();
  });
  world.run_ready();
  scope.cancel();
  world.run_until_idle();
  EXPECT_EQ(woken, wake::cancelled);
}

TEST(Event, WakesEverybodyUntilReset) {
  sim::world world(3);
  event door;
  int through = 0;
  for (int i = 0; i < 3; ++i) {
    world.spawn("guest", [&](context& cx) -> task<void> {
      const auto ok = co_await door.wait(cx);
      through += ok ? 1 : 0;
    });
  }
  world.run_until_idle();
  EXPECT_EQ(through, 0);
  door.set();
  world.run_until_idle();
  EXPECT_EQ(through, 3);
  world.run([&](context& cx) -> task<void> { EXPECT_TRUE(co_await door.wait(cx)); });
  door.reset();
  world.run([&](context& cx) -> task<void> {
    context quick = cx.with_timeout(1ms);
    const auto ok = co_await door.wait(quick);
    EXPECT_TRUE(!ok && ok.error().is<errors::deadline>());
  });
  EXPECT_TRUE(world.leftovers().empty());
}

}  // namespace
}  // namespace fairlead
