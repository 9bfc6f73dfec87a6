// SPDX-License-Identifier: BSL-1.0
// Calls that share a run, in virtual time.
#include <fairlead/core/event.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/when_all.hpp>
#include <fairlead/policy/coalesce.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

struct counts {
  int started = 0;
  int cancelled = 0;
};

// Takes 50 ms and owns what it uses.
auto counted(std::shared_ptr<counts> n) {
  return policy::detachable([n](context& cx) -> task<result<std::string>> {
    ++n->started;
    auto slept = co_await sleep_for(cx, 50ms);
    if (!slept) {
      ++n->cancelled;
      co_return tl::unexpected<error>(slept.error());
    }
    co_return std::string("value");
  });
}

TEST(Coalesce, CallsWithTheSameKeyShareOneRun) {  // C01
  sim::world world(1);
  const policy::stack shared{policy::coalesce{}};
  auto n = std::make_shared<counts>();
  world.run([&](context& cx) -> task<void> {
    const auto ask = [&](context& c) -> task<result<std::string>> {
      context mine = c.with_key("k");
      const auto op = counted(n);
      auto got = co_await shared.run(mine, op);
      co_return got;
    };
    auto all = co_await when_all(cx, ask, ask, ask);
    EXPECT_TRUE(all);
    EXPECT_EQ(std::get<2>(*all), "value");
  });
  EXPECT_EQ(n->started, 1);
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(Coalesce, TheLastToLeaveCancelsTheRun) {  // C03
  sim::world world(1);
  const policy::coalesce handle;
  const policy::stack shared{handle};
  auto n = std::make_shared<counts>();
  world.run([&](context& cx) -> task<void> {
    cancel_scope part(cx);
    const auto ask = [&](context& c) -> task<result<std::string>> {
      context mine = c.with_key("k");
      const auto op = counted(n);
      auto got = co_await shared.run(mine, op);
      EXPECT_TRUE(!got && got.error().kind() == error_kind::cancelled);
      co_return got;
    };
    const auto give_up = [&](context& c) -> task<result<int>> {
      (void)co_await sleep_for(c, 10ms);
      EXPECT_EQ(handle.flights(), 1u);
      part.cancel();
      co_return 1;
    };
    auto both = [&](context&) -> task<result<int>> {
      (void)co_await when_all_settled(part, ask, ask);
      co_return 1;
    };
    (void)co_await when_all(cx, both, give_up);
    EXPECT_EQ(handle.flights(), 0u);
  });
  world.run_until_idle();
  EXPECT_EQ(n->started, 1);
  EXPECT_EQ(n->cancelled, 1);
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(Coalesce, AFollowersDeadlineEndsOnlyHisWait) {  // C05
  sim::world world(1);
  const policy::stack shared{policy::coalesce{}};
  auto n = std::make_shared<counts>();
  world.run([&](context& cx) -> task<void> {
    const auto leader = [&](context& c) -> task<result<std::string>> {
      context mine = c.with_key("k");
      const auto op = counted(n);
      auto got = co_await shared.run(mine, op);
      co_return got;
    };
    const auto follower = [&](context& c) -> task<result<int>> {
      const auto begin = c.now();
      context mine = c.with_key("k").with_timeout(20ms);
      const auto op = counted(n);
      auto got = co_await shared.run(mine, op);
      EXPECT_TRUE(!got && got.error().kind() == error_kind::deadline);
      EXPECT_EQ(c.now() - begin, 20ms);
      co_return 1;
    };
    auto both = co_await when_all(cx, leader, follower);
    EXPECT_TRUE(both);
  });
  EXPECT_EQ(n->started, 1);
  EXPECT_EQ(n->cancelled, 0);
}

TEST(Coalesce, TheFirstMayLeaveAndTheOthersGetTheValue) {
  sim::world world(1);
  const policy::stack shared{policy::coalesce{}};
  auto n = std::make_shared<counts>();
  world.run([&](context& cx) -> task<void> {
    const auto leader = [&](context& c) -> task<result<int>> {
      context mine = c.with_key("k").with_timeout(20ms);
      const auto op = counted(n);
      auto got = co_await shared.run(mine, op);
      EXPECT_FALSE(got);
      co_return 1;
    };
    const auto follower = [&](context& c) -> task<result<int>> {
      (void)co_await sleep_for(c, 1ms);
      context mine = c.with_key("k");
      const auto op = counted(n);
      auto got = co_await shared.run(mine, op);
      EXPECT_TRUE(got);
      co_return 1;
    };
    (void)co_await when_all(cx, leader, follower);
  });
  EXPECT_EQ(n->started, 1);
}

TEST(Coalesce, ACallThatWouldWaitForItselfIsRefused) {  // C07
  sim::world world(1);
  auto shared = std::make_shared<policy::stack<policy::coalesce>>(policy::coalesce{});
  world.run([&](context& cx) -> task<void> {
    const auto op = policy::detachable([shared](context& c) -> task<result<int>> {
      const auto again = [](context&) -> result<int> { return 1; };
      auto inner = co_await shared->run(c, again);
      co_return inner;
    });
    context mine = cx.with_key("k");
    auto got = co_await shared->run(mine, op);
    EXPECT_TRUE(!got && got.error().kind() == error_kind::invalid_argument)
        << (got ? "" : got.error().message());
  });
  world.run_until_idle();
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(Coalesce, AnOperationThatRefersToItsCallerIsRefused) {
  sim::world world(1);
  const policy::stack shared{policy::coalesce{}};
  world.run([&](context& cx) -> task<void> {
    int here = 1;
    const auto op = [&](context&) -> result<int> { return here; };
    context mine = cx.with_key("k");
    auto got = co_await shared.run(mine, op);
    EXPECT_TRUE(!got && got.error().kind() == error_kind::invalid_argument);
  });
}

}  // namespace
}  // namespace fairlead
