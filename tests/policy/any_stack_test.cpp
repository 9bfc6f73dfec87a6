// SPDX-License-Identifier: BSL-1.0
// Stacks that are put together at run time do what the others do.
#include "policy/scripted_operation.hpp"

#include <fairlead/policy/any_stack.hpp>
#include <fairlead/policy/coalesce.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using testing::fail_softly;
using testing::scripted_operation;
using testing::succeed;

TEST(AnyStack, WithNothingInItRunsTheOperation) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    const policy::any_stack nothing;
    const auto answer = [](context&) -> result<int> { return 42; };
    auto got = co_await nothing.run(cx, answer);
    EXPECT_EQ(got.value(), 42);
  });
}

TEST(AnyStack, BehavesAsTheStackItWasMadeOf) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    const policy::circuit_breaker breaker;
    const policy::any_stack any{
        policy::stack{policy::total_timeout{3s},
                      policy::retry{{.max_attempts = 3, .backoff = policy::constant(100ms)}},
                      breaker, policy::attempt_timeout{800ms}}};
    scripted_operation op({fail_softly(), testing::hang(), succeed(7, 20ms)});
    context mine = cx.with_idempotency(idempotency::idempotent);
    const auto call = [&](context& c) { return op(c); };
    auto got = co_await any.run(mine, call);
    EXPECT_EQ(got.value(), 7);
    EXPECT_EQ(op.calls.size(), 3u);
    EXPECT_EQ(op.calls[2].attempt, 3u);
  });
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(AnyStack, HedgesAndShares) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    const policy::any_stack any{
        policy::stack{policy::coalesce{}, policy::hedge{{.delay = 100ms}}, policy::retry{}}};
    auto runs = std::make_shared<int>(0);
    const auto op = policy::detachable([runs](context& c) -> task<result<int>> {
      const int n = ++*runs;
      auto slept = co_await sleep_for(c, n == 1 ? 1h : 20ms);
      if (!slept) {
        co_return tl::unexpected<error>(slept.error());
      }
      co_return n;
    });
    context mine = cx.with_idempotency(idempotency::idempotent).with_key("k");
    const auto begin = cx.now();
    auto got = co_await any.run(mine, op);
    EXPECT_EQ(got.value(), 2);
    EXPECT_EQ(cx.now() - begin, 120ms);
  });
  world.run_until_idle();
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(AnyStack, AResultThatCannotBeCopiedIsNotShared) {
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    const policy::any_stack any{policy::stack{policy::coalesce{}}};
    const auto op = [](context&) -> result<std::unique_ptr<int>> {
      return std::make_unique<int>(1);
    };
    auto got = co_await any.run(cx, op);
    EXPECT_TRUE(!got && got.error().kind() == error_kind::invalid_argument);
    const policy::any_stack plain{policy::stack{policy::retry{}}};
    auto moved = co_await plain.run(cx, op);
    EXPECT_EQ(**moved, 1);
  });
}

TEST(AnyStack, TheSamePolicyTwiceIsRefused) {
  const policy::circuit_breaker one{{.name = "b"}};
  std::vector<policy::any_layer> twice{policy::any_layer(one), policy::any_layer(one)};
  EXPECT_THROW(policy::any_stack{twice}, std::invalid_argument);
  const auto made = policy::any_stack::make(twice);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("position 1 and position 2"), std::string::npos)
      << made.error().message();
}

TEST(AnyStack, DescribesItself) {
  const policy::any_stack any{policy::stack{policy::total_timeout{3s}, policy::retry{}}};
  EXPECT_EQ(any.describe(), (policy::stack{policy::total_timeout{3s}, policy::retry{}}.describe()));
}

}  // namespace
}  // namespace fairlead
