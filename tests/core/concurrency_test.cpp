// SPDX-License-Identifier: BSL-1.0
// Joins, races and scopes, in virtual time.
#include <fairlead/core/foreign.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/when_all.hpp>
#include <fairlead/core/when_any.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

task<result<int>> value_after(context& cx, duration wait, int value) {
  const auto slept = co_await sleep_for(cx, wait);
  if (!slept) {
    co_return fail(slept.error());
  }
  co_return value;
}

task<result<int>> failure_after(context& cx, duration wait, std::string_view code) {
  const auto slept = co_await sleep_for(cx, wait);
  if (!slept) {
    co_return fail(slept.error());
  }
  co_return fail(errors::application{code, ""});
}

TEST(WhenAll, RunsSideBySideAndKeepsTheOrder) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    const auto both = co_await when_all(
        cx, [](context& c) { return value_after(c, 20ms, 1); },
        [](context&) -> task<result<std::unique_ptr<int>>> { co_return std::make_unique<int>(2); },
        [](context& c) -> task<result<void>> { return sleep_for(c, 5ms); });
    EXPECT_TRUE(both.has_value());
    EXPECT_EQ(std::get<0>(*both), 1);
    EXPECT_EQ(*std::get<1>(*both), 2);
  });
  EXPECT_EQ(world.elapsed(), 20ms);
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(WhenAll, TheFirstErrorCancelsAndJoinsTheRest) {
  sim::world world(1);
  bool ended = false;
  world.run([&](context& cx) -> task<void> {
    const auto all = co_await when_all(
        cx, [](context& c) { return failure_after(c, 3ms, "first"); },
        [&](context& c) -> task<result<int>> {
          const auto slept = co_await sleep_for(c, 1h);
          EXPECT_TRUE(!slept && slept.error().is<errors::cancelled>());
          cancel_scope clean_up(c.env());
          (void)co_await sleep_for(clean_up, 4ms);
          ended = true;
          co_return 1;
        },
        [](context& c) { return failure_after(c, 1h, "never"); });
    EXPECT_TRUE(ended) << "the rest is joined, its clean-up included";
    EXPECT_FALSE(all);
    EXPECT_EQ(all.error().get<errors::application>()->code, "first");
  });
  EXPECT_EQ(world.elapsed(), 7ms);
}

TEST(WhenAll, CancellingTheCallerReachesEveryBranch) {
  sim::world world(1);
  cancel_scope scope(world.root());
  int cancelled = 0;
  world.spawn("caller", [&](context&) -> task<void> {
    const auto count = [&](context& c) -> task<result<void>> {
      const auto slept = co_await sleep_for(c, 1h);
      cancelled += !slept && slept.error().is<errors::cancelled>() ? 1 : 0;
      co_return slept;
    };
    const auto all = co_await when_all(scope, count, count, count);
    EXPECT_TRUE(!all && all.error().is<errors::cancelled>());
  });
  world.run_ready();
  scope.cancel();
  world.run_until_idle();
  EXPECT_EQ(cancelled, 3);
  EXPECT_EQ(world.elapsed(), 0ns);
}

TEST(WhenAll, TakesANumberKnownAtRunTime) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    auto one = [](int i) {
      return [i](context& c) { return value_after(c, std::chrono::milliseconds(10 - i), i); };
    };
    std::vector<decltype(one(0))> branches;
    for (int i = 0; i < 5; ++i) {
      branches.push_back(one(i));
    }
    const auto values = co_await when_all(cx, std::move(branches));
    EXPECT_EQ(values.value(), (std::vector{0, 1, 2, 3, 4}));
    std::vector<decltype(one(0))> none;
    const auto empty = co_await when_all(cx, std::move(none));
    EXPECT_TRUE(empty && empty->empty());
  });
}

TEST(WhenAll, AnExceptionCancelsTheOthersAndIsRethrownAfterTheJoin) {
  sim::world world(1);
  bool joined = false;
  world.run([&](context& cx) -> task<void> {
    bool caught = false;
    try {
      (void)co_await when_all(
          cx,
          [](context&) -> task<result<int>> {
            throw std::logic_error("a bug");
            co_return 1;
          },
          [&](context& c) -> task<result<int>> {
            (void)co_await sleep_for(c, 1h);
            joined = true;
            co_return 1;
          });
    } catch (const std::logic_error&) {
      caught = true;
    }
    EXPECT_TRUE(caught);
  });
  EXPECT_TRUE(joined);
}

TEST(WhenAllSettled, GivesEveryResultInItsPlace) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    const auto [a, b, c] = co_await when_all_settled(
        cx, [](context& x) { return failure_after(x, 1ms, "a"); },
        [](context& x) { return value_after(x, 9ms, 2); },
        [](context& x) { return failure_after(x, 5ms, "c"); });
    EXPECT_EQ(a.error().get<errors::application>()->code, "a");
    EXPECT_EQ(b.value(), 2);
    EXPECT_EQ(c.error().get<errors::application>()->code, "c");
  });
  EXPECT_EQ(world.elapsed(), 9ms);
}

TEST(WhenAnyOk, TakesTheFirstValueAndJoinsTheLosers) {
  sim::world world(1);
  bool loser_ended = false;
  world.run([&](context& cx) -> task<void> {
    const auto first = co_await when_any_ok(
        cx, [](context& c) { return failure_after(c, 1ms, "early failure"); },
        [](context& c) { return value_after(c, 5ms, 42); },
        [&](context& c) -> task<result<int>> {
          auto late = co_await value_after(c, 1h, 43);
          loser_ended = true;
          co_return late;
        });
    EXPECT_EQ(first.value(), 42);
  });
  EXPECT_TRUE(loser_ended);
  EXPECT_EQ(world.elapsed(), 5ms);
}

TEST(WhenAnyOk, FailsWithTheLastErrorWhenAllFail) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    const auto none = co_await when_any_ok(
        cx, [](context& c) { return failure_after(c, 9ms, "last"); },
        [](context& c) { return failure_after(c, 1ms, "first"); });
    EXPECT_EQ(none.error().get<errors::application>()->code, "last");
    using one = task<result<int>> (*)(context&);
    const auto empty = co_await when_any_ok(cx, std::vector<one>());
    EXPECT_EQ(empty.error().kind(), error_kind::invalid_argument);
  });
}

// --- scopes
// ------------------------------------------------------------------------------------------

TEST(TaskScope, EveryFailureSurfaces) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    task_scope scope(cx, on_failure::keep_going);
    for (int i = 3; i > 0; --i) {
      scope.spawn([i](context& c) -> task<result<void>> {
        const auto failed =
            co_await failure_after(c, std::chrono::milliseconds(i), std::to_string(i));
        co_return fail(failed.error());
      });
    }
    const auto joined = co_await scope.join();
    EXPECT_EQ(joined.error().get<errors::application>()->code, "1") << "the first in time";
    EXPECT_EQ(scope.failures().size(), 3U);
    EXPECT_EQ(scope.running(), 0U);
  });
}

TEST(TaskScope, AFailureCancelsTheOthersByDefault) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    task_scope scope(cx);
    scope.spawn([](context& c) -> task<result<void>> { return sleep_for(c, 1h); });
    scope.spawn([](context& c) -> task<result<void>> {
      const auto failed = co_await failure_after(c, 1ms, "x");
      co_return fail(failed.error());
    });
    const auto joined = co_await scope.join();
    EXPECT_EQ(joined.error().get<errors::application>()->code, "x");
    EXPECT_EQ(scope.failure_count(), 1U) << "being cancelled is not a failure";
  });
  EXPECT_EQ(world.elapsed(), 1ms);
}

TEST(TaskScope, TasksMaySpawnTasks) {
  sim::world world(1);
  int leaves = 0;
  world.run([&](context& cx) -> task<void> {
    task_scope scope(cx);
    scope.spawn([&](context& c) -> task<void> {
      (void)co_await sleep_for(c, 1ms);
      for (int i = 0; i < 3; ++i) {
        scope.spawn([&](context& inner) -> task<void> {
          (void)co_await sleep_for(inner, 1ms);
          ++leaves;
        });
      }
    });
    EXPECT_TRUE(co_await scope.join());
  });
  EXPECT_EQ(leaves, 3);
}

TEST(TaskScope, ATaskMayBeMadeBeforeItIsSpawned) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    task_scope scope(cx, on_failure::keep_going);
    bool cancelled = false;
    const auto body = [&](context own) -> task<void> {
      const auto slept = co_await sleep_for(own, 1h);
      cancelled = !slept && own.cancelled();
    };
    auto made = body(scope.shared_context());
    scope.spawn([&made](context&) { return std::move(made); });
    EXPECT_EQ(scope.running(), 1u);
    scope.cancel();
    const auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    EXPECT_TRUE(cancelled);
  });
}

TEST(Cancellation, KnowsWhatItWasMadeBelow) {
  cancellation root;
  cancellation child(root);
  cancellation grandchild(child);
  cancellation sibling(root);
  EXPECT_TRUE(root.is_within(root));
  EXPECT_TRUE(grandchild.is_within(root));
  EXPECT_TRUE(grandchild.is_within(child));
  EXPECT_FALSE(grandchild.is_within(sibling));
  EXPECT_FALSE(root.is_within(child));
  root.cancel();
  EXPECT_TRUE(grandchild.is_within(root)) << "also after a cancellation";
}

TEST(WithScope, JoinsHoweverItsBodyEnds) {
  sim::world world(1);
  bool joined = false;
  world.run([&](context& cx) -> task<void> {
    const auto outcome = co_await with_scope(cx, [&](task_scope& scope) -> task<result<int>> {
      scope.spawn([&](context& c) -> task<void> {
        (void)co_await sleep_for(c, 1h);
        joined = true;
      });
      co_return fail(errors::application{"body", ""});
    });
    EXPECT_TRUE(joined);
    EXPECT_EQ(outcome.error().get<errors::application>()->code, "body");
  });
  EXPECT_EQ(world.elapsed(), 0ns);
}

TEST(WithScope, AnAsioCancellationReachesTheTasksAlsoAfterTheBodyHasEnded) {
  for (const duration body_takes : {duration(0), duration(1s), duration(10s)}) {
    sim::world world(1);
    world.run([&](context& cx) -> task<void> {
      boost::asio::cancellation_signal stop;
      bool ended = false;
      const auto owner = [&]() -> task<void> {
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        const auto body = [&](task_scope& scope) -> task<result<void>> {
          scope.spawn([&](context& c) -> task<void> { (void)co_await sleep_for(c, 1h); });
          (void)co_await sleep_for(cx, body_takes);
          co_return result<void>{};
        };
        (void)co_await with_scope(cx, body);
        ended = true;
      };
      boost::asio::co_spawn(
          cx.executor(), owner,
          boost::asio::bind_cancellation_slot(stop.slot(), [](const std::exception_ptr&) {}));
      (void)co_await sleep_for(cx, 5s);
      EXPECT_FALSE(ended);
      stop.emit(boost::asio::cancellation_type::terminal);
      (void)co_await sleep_for(cx, 1s);
      EXPECT_TRUE(ended) << "a body of " << body_takes.count() << " ns";
    });
    EXPECT_EQ(world.elapsed(), 6s);
  }
}

TEST(TaskScopeDeathTest, ForgettingToJoinEndsTheProgramWithAMessage) {
  EXPECT_DEATH(
      {
        sim::world world(1);
        world.run([&](context& cx) -> task<void> {
          task_scope scope(cx);
          scope.spawn([](context& c) -> task<result<void>> { return sleep_for(c, 1h); });
          co_return;
        });
      },
      "destroyed with 1 tasks in it");
}

// --- coroutines that know nothing of contexts
// ---------------------------------------------------------

TEST(Under, GivesTheValueOrTheTypedError) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    const auto value = co_await under(cx, []() -> task<int> { co_return 7; }());
    EXPECT_EQ(value.value(), 7);
    const auto failed = co_await under(cx, []() -> task<int> {
      throw boost::system::system_error(boost::asio::error::host_not_found);
      co_return 1;
    }());
    EXPECT_EQ(failed.error().kind(), error_kind::system_error);
    bool caught = false;
    try {
      (void)co_await under(cx, []() -> task<void> {
        throw std::logic_error("a bug");
        co_return;
      }());
    } catch (const std::logic_error&) {
      caught = true;
    }
    EXPECT_TRUE(caught);
  });
}

TEST(Under, CancelsAndJoinsAtTheDeadline) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    bool ended = false;
    // Follows a context of its own that has no deadline; only Asio's cancellation can reach it.
    const auto foreign = [&](environment& env) -> task<int> {
      cancel_scope own(env);
      (void)co_await sleep_for(own, 1h);
      ended = true;
      co_return 1;
    };
    context limited = cx.with_timeout(5ms);
    const auto outcome = co_await under(limited, foreign(cx.env()));
    EXPECT_TRUE(ended);
    EXPECT_EQ(outcome.value_or(0), 1) << "a value that came all the same is not thrown away";
  });
  EXPECT_EQ(world.elapsed(), 5ms);
}

TEST(Under, EndsACoroutineThatCountsOnAsioToThrow) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    int turns = 0;
    const auto never_ends = [&](environment& env) -> task<int> {
      for (;;) {
        cancel_scope own(env);
        (void)co_await sleep_for(own, 1ms);  // swallows every error
        ++turns;
      }
    };
    context limited = cx.with_timeout(10ms);
    const auto outcome = co_await under(limited, never_ends(cx.env()));
    EXPECT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), error_kind::deadline);
    EXPECT_LE(turns, 11);
  });
}

}  // namespace
}  // namespace fairlead
