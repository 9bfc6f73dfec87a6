// SPDX-License-Identifier: BSL-1.0
// Tasks that were handed over: they outlive a call, and end with the event loop.
#include <fairlead/core/background.hpp>
#include <fairlead/core/event.hpp>
#include <fairlead/core/run.hpp>
#include <fairlead/core/runtime.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <stdexcept>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

TEST(Background, ATaskOutlivesTheCallThatStartedIt) {
  sim::world world(1);
  bool done = false;
  world.run([&](context& cx) -> task<void> {
    context soon = cx.with_timeout(1s);
    soon.env().background().spawn([&](context& own) -> task<void> {
      EXPECT_EQ(own.deadline(), no_deadline);
      const auto slept = co_await sleep_for(own, 1h);
      done = slept.has_value();
    });
    co_return;
  });
  EXPECT_FALSE(done);
  EXPECT_EQ(world.env().running_in_background(), 1u);
  world.run_until_idle();
  EXPECT_TRUE(done);
  EXPECT_EQ(world.env().running_in_background(), 0u);
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(Background, RunCancelsAndJoinsWhatIsLeft) {
  error_kind ended{};
  run([&](context& cx) -> task<void> {
    cx.env().background().spawn([&](context& own) -> task<void> {
      const auto slept = co_await sleep_for(own, 1h);
      ended = slept.error().kind();
    });
    co_return;
  });
  EXPECT_EQ(ended, error_kind::cancelled);
}

TEST(Background, ARuntimeCancelsAndJoinsWhatIsLeft) {
  runtime machine({.threads = 2, .handle_signals = false});
  std::atomic<int> cancelled{0};
  for (std::size_t i = 0; i < 2; ++i) {
    machine.start(i, [&](context& cx) -> task<void> {
      cx.env().background().spawn([&](context& own) -> task<void> {
        const auto slept = co_await sleep_for(own, 1h);
        cancelled += slept ? 0 : 1;
      });
      co_return;
    });
  }
  machine.run();
  EXPECT_EQ(cancelled, 2);
}

TEST(Background, AWorldCancelsWhatIsLeft) {
  error_kind ended{};
  {
    sim::world world(1);
    world.run([&](context& cx) -> task<void> {
      cx.env().background().spawn([&](context& own) -> task<void> {
        const auto slept = co_await sleep_for(own, 1h);
        ended = slept.error().kind();
      });
      co_return;
    });
  }
  EXPECT_EQ(ended, error_kind::cancelled);
}

TEST(Background, TasksAreDestroyedWithALoopThatIsNotRun) {
  struct grave {
    explicit grave(int& c) : count(c) {}
    ~grave() { ++count; }
    int& count;
  };
  int destroyed = 0;
  {
    boost::asio::io_context loop(1);
    auto& env = environment::of(loop.get_executor());
    env.background().spawn([&](context& own) -> task<void> {
      const grave g(destroyed);
      (void)co_await sleep_for(own, 1h);
    });
    loop.poll();
    EXPECT_EQ(env.running_in_background(), 1u);
  }
  EXPECT_EQ(destroyed, 1);
}

TEST(Background, AnExceptionHarmsNobody) {
  sim::world world(1);
  bool other = false;
  world.run([&](context& cx) -> task<void> {
    auto& handed = cx.env().background();
    handed.spawn([](context&) -> task<void> {
      throw std::runtime_error("nobody sees this");
      co_return;
    });
    handed.spawn([&](context& own) -> task<void> {
      const auto slept = co_await sleep_for(own, 1s);
      other = slept.has_value();
    });
    co_await handed.join();
  });
  EXPECT_TRUE(other);
}

}  // namespace
}  // namespace fairlead
