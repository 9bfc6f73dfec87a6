// SPDX-License-Identifier: BSL-1.0
#include <fairlead/sim/world.hpp>

#include <fairlead/core/sleep.hpp>

#include <gtest/gtest.h>

#include "support/sim_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <set>
#include <thread>

namespace fairlead::sim {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::run_in_world;

TEST(World, TimeIsVirtual) {
  world w;
  const auto real = std::chrono::steady_clock::now();
  w.run([&](context& cx) -> task<void> {
    auto slept = co_await sleep_for(cx, 24h);
    EXPECT_TRUE(slept);
    EXPECT_EQ(cx.now(), w.now());
  });
  EXPECT_EQ(w.elapsed(), 24h);
  EXPECT_LT(std::chrono::steady_clock::now() - real, 1s);
}

TEST(World, CivilTimeMovesAlong) {
  world_options o;
  o.begin = std::chrono::system_clock::time_point(100s);
  world w(o);
  EXPECT_EQ(w.env().time().wall_now(), o.begin);
  w.advance(90s);
  EXPECT_EQ(w.env().time().wall_now(), o.begin + 90s);
}

TEST(World, RunReturnsWhatTheTaskGives) {
  world w;
  const auto number = w.run([](context&) -> task<int> { co_return 42; });
  EXPECT_EQ(number, 42);
  const auto failed = w.run([](context& cx) -> task<result<int>> {
    auto brief = cx.with_timeout(1s);
    auto slept = co_await sleep_for(brief, 1h);
    co_return fail(std::move(slept).error());
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), error_kind::deadline);
  EXPECT_EQ(w.elapsed(), 1s);
}

TEST(World, ExceptionsComeOut) {
  world w;
  EXPECT_THROW(w.run([](context&) -> task<void> {
    throw std::invalid_argument("no");
    co_return;
  }),
               std::invalid_argument);
  w.spawn("late", [](context& cx) -> task<void> {
    co_await sleep_for(cx, 1s);
    throw std::invalid_argument("no");
  });
  w.run_ready();
  EXPECT_THROW(w.advance(1s), std::invalid_argument);
}

TEST(World, AdvanceStopsWhereItIsTold) {
  world w;
  std::vector<int> log;
  w.spawn("ticks", [&](context& cx) -> task<void> {
    for (int i = 1; i <= 5; ++i) {
      co_await sleep_for(cx, 1s);
      log.push_back(i);
    }
  });
  w.run_ready();
  w.advance(999ms);
  EXPECT_TRUE(log.empty());
  w.advance(1ms);
  EXPECT_EQ(log.size(), 1U);
  w.advance(2500ms);
  EXPECT_EQ(log.size(), 3U);
  EXPECT_EQ(w.elapsed(), 3500ms);
  w.run_until_idle();
  EXPECT_EQ(log.size(), 5U);
  EXPECT_EQ(w.elapsed(), 5s);
  EXPECT_TRUE(w.leftovers().empty());
}

// The order in which ten tasks that are ready together run.
std::vector<int> order_with(std::uint64_t seed, ordering order) {
  world_options o;
  o.seed = seed;
  o.order = order;
  world w(o);
  std::vector<int> log;
  for (int i = 0; i < 10; ++i) {
    w.spawn(std::to_string(i), [&log, i](context&) -> task<void> {
      log.push_back(i);
      co_return;
    });
  }
  w.run_until_idle();
  return log;
}

TEST(World, TheSeedDecidesTheOrderOfWhatIsReady) {
  std::set<std::vector<int>> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto order = order_with(seed, ordering::shuffled);
    EXPECT_EQ(order.size(), 10U);
    EXPECT_EQ(order, order_with(seed, ordering::shuffled));
    seen.insert(order);
  }
  EXPECT_GT(seen.size(), 15U);
  EXPECT_EQ(order_with(7, ordering::arrival), (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(World, RandomNumbersComeFromTheSeed) {
  world a(1), b(1), c(2);
  EXPECT_EQ(a.env().random()(), b.env().random()());
  EXPECT_NE(a.env().random()(), c.env().random()());
}

TEST(World, SaysWhatNeverHappens) {
  world w;
  try {
    w.run([](context& cx) -> task<void> {
      waiter forever(cx);
      co_await forever.wait();
    });
    FAIL() << "must throw";
  } catch (const stalled& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find("never happens"), std::string::npos) << text;
    EXPECT_NE(text.find("task run"), std::string::npos) << text;
    EXPECT_NE(text.find("step 1 of 1"), std::string::npos) << text;
  }
  EXPECT_TRUE(w.leftovers().empty()) << "it was cancelled, and ended";
}

TEST(World, DetectsALivelock) {
  world_options o;
  o.step_limit = 1000;
  world w(o);
  w.spawn("busy", [](context& cx) -> task<void> {
    while (co_await yield(cx)) {
    }
  });
  try {
    w.run_until_idle();
    FAIL() << "must throw";
  } catch (const stalled& e) {
    EXPECT_NE(std::string(e.what()).find("does not come to rest"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("task busy"), std::string::npos);
  }
}

TEST(World, NamesWhatIsLeftBehind) {
  world w;
  w.spawn("server", [](context& cx) -> task<void> { co_await sleep_for(cx, 1h); });
  w.run_ready();
  const auto left = w.leftovers();
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0], "task server");
  EXPECT_EQ(left[1], "1 timers armed");
  w.cancel();
  w.run_ready();
  EXPECT_TRUE(w.leftovers().empty());
}

TEST(World, NoticesCoroutinesOfOthers) {
  world w;
  waiter* parked = nullptr;
  boost::asio::co_spawn(
      w.env().executor(),
      [&]() -> task<void> {
        waiter here(w.root());
        parked = &here;
        co_await here.wait();
      },
      boost::asio::detached);
  w.run_ready();
  ASSERT_EQ(w.leftovers().size(), 1U);
  parked->notify();
  w.run_ready();
  EXPECT_TRUE(w.leftovers().empty());
}

// Says when it is destroyed.
struct guard {
  explicit guard(int& n) : count(n) {}
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;
  ~guard() { ++count; }
  int& count;
};

TEST(World, ItsEndDestroysWhatIsSuspended) {
  int destroyed = 0;
  {
    world w;
    w.spawn("sleeps", [&](context& cx) -> task<void> {
      const guard g(destroyed);
      co_await sleep_for(cx, 1h);
    });
    w.spawn("deaf", [&](context& cx) -> task<void> {
      const guard g(destroyed);
      cancel_scope apart(cx.env());  // not below the root
      waiter never(apart);
      co_await never.wait();
    });
    w.spawn("posted", [&](context& cx) -> task<void> {
      const guard g(destroyed);
      for (;;) {
        co_await boost::asio::post(cx.executor(), boost::asio::use_awaitable);
      }
    });
    for (int i = 0; i < 20; ++i) {
      w.step();
    }
  }
  EXPECT_EQ(destroyed, 3);
}

TEST(World, PostDispatchAndDeferBehaveAsOnAnIoContext) {
  world_options o;
  o.order = ordering::arrival;
  world w(o);
  std::vector<int> log;
  const auto ex = w.env().executor();
  boost::asio::dispatch(ex, [&] { log.push_back(1); });
  EXPECT_TRUE(log.empty()) << "nothing runs outside of the world's steps";
  boost::asio::post(ex, [&] {
    boost::asio::post(ex, [&] { log.push_back(4); });
    boost::asio::defer(ex, [&] { log.push_back(5); });
    boost::asio::dispatch(ex, [&] { log.push_back(2); });
    log.push_back(3);
  });
  w.run_until_idle();
  EXPECT_EQ(log, (std::vector{1, 2, 3, 4, 5}));
  EXPECT_TRUE(w.leftovers().empty());
}

TEST(World, ExecutorsKeepTheirProperties) {
  namespace execution = boost::asio::execution;
  world w;
  const boost::asio::any_io_executor ex = w.env().executor();
  EXPECT_EQ(boost::asio::query(ex, execution::blocking), execution::blocking.possibly);
  const auto never = boost::asio::require(ex, execution::blocking.never);
  EXPECT_EQ(boost::asio::query(never, execution::blocking), execution::blocking.never);
  EXPECT_NE(ex, never);
  EXPECT_EQ(ex, boost::asio::any_io_executor(w.env().executor()));
  {
    const auto tracked = boost::asio::prefer(ex, execution::outstanding_work.tracked);
    EXPECT_EQ(w.leftovers().size(), 1U);
  }
  EXPECT_TRUE(w.leftovers().empty());
  EXPECT_EQ(&boost::asio::query(ex, execution::context),
            &boost::asio::query(never, execution::context));
}

TEST(World, IsFoundThroughItsExecutor) {
  world w;
  EXPECT_EQ(&environment::of(w.env().executor()), &w.env());
}

TEST(World, RefusesOtherThreads) {
  world w;
  bool refused = false;
  std::thread other([&] {
    try {
      boost::asio::post(w.env().executor(), [] {});
    } catch (const std::logic_error&) {
      refused = true;
    }
  });
  other.join();
  EXPECT_TRUE(refused);
}

TEST(World, TraceIsTextAndDigest) {
  world w;
  w.note("hello\nworld");
  w.advance(1500ms);
  w.note("bye");
  EXPECT_EQ(w.log().text(), "+0.000000000 #1 hello world\n+1.500000000 #2 bye\n");
  EXPECT_EQ(w.log().tail(1), "+1.500000000 #2 bye\n");
  EXPECT_EQ(w.log().size(), 2U);
}

TEST(World, TraceKeepsTheLastLinesAndDigestsAll) {
  world_options o;
  o.kept_trace_lines = 2;
  world few(o), many;
  for (int i = 0; i < 5; ++i) {
    few.note(std::to_string(i));
    many.note(std::to_string(i));
  }
  EXPECT_EQ(few.log().text(), "+0.000000000 #4 3\n+0.000000000 #5 4\n");
  EXPECT_EQ(few.log().digest(), many.log().digest());
  many.note("more");
  EXPECT_NE(few.log().digest(), many.log().digest());
}

TEST(World, FixtureRunsBothForms) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto slept = co_await sleep_for(cx, 1h);
    EXPECT_TRUE(slept);
  });
  run_in_world(2, [](world& w, context& cx) -> task<void> {
    EXPECT_EQ(&cx.env(), &w.env());
    co_return;
  });
}

}  // namespace
}  // namespace fairlead::sim
