// SPDX-License-Identifier: BSL-1.0
// Real event loops: `run`, `runtime`, and a user's own io_context.
#include <fairlead/core/channel.hpp>
#include <fairlead/core/event.hpp>
#include <fairlead/core/run.hpp>
#include <fairlead/core/runtime.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/when_all.hpp>

#include <gtest/gtest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

TEST(Run, ReturnsWhatTheTaskGives) {
  const int n = run([](context&) -> task<int> { co_return 42; });
  EXPECT_EQ(n, 42);
  bool ran = false;
  run([&](context&) -> task<void> {
    ran = true;
    co_return;
  });
  EXPECT_TRUE(ran);
}

TEST(Run, AnExceptionOfTheTaskLeavesRun) {
  const auto throwing = [](context&) -> task<int> {
    throw std::logic_error("mine");
    co_return 1;
  };
  EXPECT_THROW(run(throwing), std::logic_error);
}

TEST(Run, RunMainTurnsResultsIntoExitStatus) {
  EXPECT_EQ(run_main("t", [](context&) -> task<result<void>> { co_return result<void>{}; }), 0);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run_main("t",
                     [](context&) -> task<result<void>> {
                       co_return fail(errors::connection_refused{"http://x/"});
                     }),
            1);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "t: connection_refused: nobody listens at http://x/\n");
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run_main("t",
                     [](context&) -> task<result<void>> {
                       throw std::invalid_argument("options: port must be below 65536");
                       co_return result<void>{};
                     }),
            1);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "t: options: port must be below 65536\n");
}

TEST(Run, ASignalCancelsTheRootContext) {
  const auto outcome = run([](context& cx) -> task<result<void>> {
    std::raise(SIGTERM);
    co_return co_await sleep_for(cx, 1h);
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), error_kind::cancelled);
}

TEST(Run, RealTimePasses) {
  const auto passed = run([](context& cx) -> task<duration> {
    const auto start = cx.now();
    (void)co_await sleep_for(cx, 5ms);
    co_return cx.now() - start;
  });
  EXPECT_GE(passed, 5ms);
}

// --- on a loop that belongs to the user
// --------------------------------------------------------------

TEST(OwnLoop, OurOperationsRunInPlainAsioCoroutines) {
  boost::asio::io_context loop(1);
  bool slept = false;
  boost::asio::co_spawn(
      loop,
      [&]() -> boost::asio::awaitable<void> {
        cancel_scope cx(environment::of(loop.get_executor()));
        slept = (co_await sleep_for(cx, 1ms)).has_value();
      },
      boost::asio::detached);
  loop.run();
  EXPECT_TRUE(slept);
}

TEST(OwnLoop, ADisarmedTimerDoesNotKeepTheLoopRunning) {
  boost::asio::io_context loop(1);
  auto& env = environment::of(loop.get_executor());
  event ready;
  boost::asio::co_spawn(
      loop,
      [&]() -> boost::asio::awaitable<void> {
        cancel_scope root(env);
        context cx = root.with_timeout(1h);
        ready.set();
        (void)co_await ready.wait(cx);
        ready.reset();
        boost::asio::post(loop, [&] { ready.set(); });
        (void)co_await ready.wait(cx);  // arms the hour, and disarms it
      },
      boost::asio::detached);
  const auto start = std::chrono::steady_clock::now();
  loop.run();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30min);
  EXPECT_EQ(env.timers().size(), 0U);
}

TEST(OwnLoop, ALoopThatOnlyWaitsForAnotherThreadKeepsRunning) {
  boost::asio::io_context loop(1);
  auto& env = environment::of(loop.get_executor());
  channel<int> numbers(1);
  int got = 0;
  boost::asio::co_spawn(
      loop,
      [&]() -> boost::asio::awaitable<void> {
        cancel_scope cx(env);
        const auto n = co_await numbers.receive(cx);
        got = n.value_or(-1);
      },
      boost::asio::detached);
  std::thread other([&] { numbers.try_send(7); });
  loop.run();
  other.join();
  EXPECT_EQ(got, 7);
}

TEST(OwnLoop, AsioCancellationEndsOurOperations) {
  boost::asio::io_context loop(1);
  auto& env = environment::of(loop.get_executor());
  boost::asio::cancellation_signal signal;
  std::optional<result<void>> ended;
  boost::asio::co_spawn(
      loop,
      [&]() -> boost::asio::awaitable<void> {
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        cancel_scope cx(env);
        ended = co_await sleep_for(cx, 1h);
      },
      boost::asio::bind_cancellation_slot(signal.slot(), boost::asio::detached));
  loop.poll();
  signal.emit(boost::asio::cancellation_type::terminal);
  loop.run();
  ASSERT_TRUE(ended && !*ended);
  EXPECT_EQ(ended->error().kind(), error_kind::cancelled);
}

TEST(OwnLoop, AsioCancellationJoinsWhatRunsSideBySide) {
  boost::asio::io_context loop(1);
  auto& env = environment::of(loop.get_executor());
  boost::asio::cancellation_signal signal;
  int joined = 0;
  const auto sleeper = [&](context& cx) -> task<result<int>> {
    const auto slept = co_await sleep_for(cx, 1h);
    ++joined;
    co_return fail(slept.error());
  };
  bool thrown = false;
  boost::asio::co_spawn(
      loop,
      [&]() -> boost::asio::awaitable<void> {
        cancel_scope cx(env);
        (void)co_await when_all(cx, sleeper, sleeper);
        (void)co_await sleep_for(cx, 1h);  // throws here, as Asio's own operations do
      },
      boost::asio::bind_cancellation_slot(signal.slot(),
                                          [&](std::exception_ptr e) { thrown = e != nullptr; }));
  loop.poll();
  signal.emit(boost::asio::cancellation_type::terminal);
  loop.run();
  EXPECT_EQ(joined, 2);
  EXPECT_TRUE(thrown);
}

TEST(OwnLoop, AsioCancellationJoinsAScope) {
  boost::asio::io_context loop(1);
  auto& env = environment::of(loop.get_executor());
  boost::asio::cancellation_signal signal;
  bool joined = false;
  bool thrown = false;
  boost::asio::co_spawn(
      loop,
      [&]() -> boost::asio::awaitable<void> {
        cancel_scope cx(env);
        const auto sleeper = [&](context& c) -> task<void> {
          (void)co_await sleep_for(c, 1h);
          joined = true;
        };
        const auto body = [&](task_scope& scope) -> task<result<void>> {
          scope.spawn(sleeper);
          return sleep_for(cx, 1h);
        };
        (void)co_await with_scope(cx, body);
        (void)co_await sleep_for(cx, 1h);  // throws here, as Asio's own operations do
      },
      boost::asio::bind_cancellation_slot(signal.slot(),
                                          [&](std::exception_ptr e) { thrown = e != nullptr; }));
  loop.poll();
  signal.emit(boost::asio::cancellation_type::terminal);
  loop.run();
  EXPECT_TRUE(joined);
  EXPECT_TRUE(thrown);
}

TEST(OwnLoop, AStrandGetsAnEnvironmentOfItsOwn) {
  boost::asio::io_context loop;
  auto strand = boost::asio::make_strand(loop);
  environment env(strand);
  bool slept = false;
  boost::asio::co_spawn(
      strand,
      [&]() -> boost::asio::awaitable<void> {
        cancel_scope cx(env);
        slept = (co_await sleep_for(cx, 1ms)).has_value();
      },
      boost::asio::detached);
  std::thread a([&] { loop.run(); });
  std::thread b([&] { loop.run(); });
  a.join();
  b.join();
  EXPECT_TRUE(slept);
}

// --- runtime
// -----------------------------------------------------------------------------------------

TEST(Runtime, EveryLoopHasAThreadOfItsOwn) {
  runtime machine({.threads = 3, .handle_signals = false});
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for (std::size_t i = 0; i < machine.size(); ++i) {
    machine.start(i, [&](context&) -> task<void> {
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
      co_return;
    });
  }
  machine.run();
  EXPECT_EQ(threads.size(), 3U);
}

TEST(Runtime, ATaskThatComesTooLateIsRefusedAndNotLost) {
  runtime machine({.threads = 1, .handle_signals = false});
  machine.start(0, [](context&) -> task<void> { co_return; });
  machine.run();
  bool ran = false;
  const auto late = [&](context&) -> task<void> {
    ran = true;
    co_return;
  };
  EXPECT_THROW(machine.start(0, late), std::logic_error);
  EXPECT_FALSE(ran);
}

TEST(Runtime, WhatIsStartedWhileTheLastTaskEndsRunsOrIsRefused) {
  for (int round = 0; round < 200; ++round) {
    runtime machine({.threads = 2, .handle_signals = false});
    std::atomic<int> ran{0};
    std::atomic<bool> go{false};
    machine.start(0, [&](context&) -> task<void> {
      go = true;
      co_return;
    });
    int accepted = 0;
    std::thread other([&] {
      while (!go) {
      }
      try {
        machine.start(1, [&](context&) -> task<void> {
          ++ran;
          co_return;
        });
        ++accepted;
      } catch (const std::logic_error&) {
      }
    });
    machine.run();
    other.join();
    EXPECT_EQ(ran, accepted);
  }
}

TEST(Runtime, WithoutTasksThereIsNothingToRun) {
  runtime machine({.threads = 2, .handle_signals = false});
  machine.run();
}

TEST(Runtime, ValuesTravelBetweenLoops) {
  runtime machine({.threads = 2, .handle_signals = false});
  channel<int> numbers(2);
  int sum = 0;
  machine.start(0, [&](context& cx) -> task<void> {
    for (int i = 1; i <= 1000; ++i) {
      (void)co_await numbers.send(cx, i);
    }
    numbers.close();
  });
  machine.start(1, [&](context& cx) -> task<void> {
    for (;;) {
      const auto n = co_await numbers.receive(cx);
      if (!n) {
        break;
      }
      sum += *n;
    }
  });
  machine.run();
  EXPECT_EQ(sum, 500'500);
}

TEST(Runtime, AStopLetsTasksDrain) {
  runtime machine({.threads = 2, .handle_signals = false, .grace = 1h});
  std::atomic<int> drained{0};
  for (std::size_t i = 0; i < 2; ++i) {
    machine.start(i, [&](context& cx) -> task<void> {
      const auto asked = co_await machine.stopping(cx);
      if (asked && !cx.cancelled()) {
        ++drained;
      }
    });
  }
  machine.start(0, [&](context& cx) -> task<void> {
    (void)co_await yield(cx);
    machine.stop();
  });
  machine.run();
  EXPECT_EQ(drained, 2);
}

TEST(Runtime, WhatDoesNotDrainIsCancelledAfterTheGracePeriod) {
  runtime machine({.threads = 2, .handle_signals = false, .grace = 1ms});
  std::atomic<int> cancelled{0};
  for (std::size_t i = 0; i < 2; ++i) {
    machine.start(i, [&](context& cx) -> task<void> {
      const auto slept = co_await sleep_for(cx, 1h);
      cancelled += !slept && slept.error().is<errors::cancelled>() ? 1 : 0;
    });
  }
  machine.stop();
  machine.run();
  EXPECT_EQ(cancelled, 2);
}

TEST(Runtime, AnExceptionStopsTheOthersAndLeavesRun) {
  runtime machine({.threads = 2, .handle_signals = false});
  bool cancelled = false;
  machine.start(
      1, [&](context& cx) -> task<void> { cancelled = !(co_await sleep_for(cx, 1h)).has_value(); });
  machine.start(0, [](context&) -> task<void> {
    throw std::runtime_error("mine");
    co_return;
  });
  EXPECT_THROW(machine.run(), std::runtime_error);
  EXPECT_TRUE(cancelled);
}

TEST(Runtime, EndsHoweverSoonItsTasksEnd) {
  for (int i = 0; i < 200; ++i) {
    runtime machine({.threads = 4, .handle_signals = false});
    machine.start(static_cast<std::size_t>(i % 4), [](context&) -> task<void> { co_return; });
    machine.run();
  }
}

TEST(Runtime, SignalsAskForAStop) {
  runtime machine({.threads = 2});
  bool asked = false;
  machine.start(
      1, [&](context& cx) -> task<void> { asked = (co_await machine.stopping(cx)).has_value(); });
  machine.start(0, [](context& cx) -> task<void> {
    (void)co_await yield(cx);
    std::raise(SIGTERM);
  });
  machine.run();
  EXPECT_TRUE(asked);
}

}  // namespace
}  // namespace fairlead
