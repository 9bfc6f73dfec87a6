// SPDX-License-Identifier: BSL-1.0
// Named stacks that are loaded again while they are used.
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/when_all.hpp>
#include <fairlead/policy/registry.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <string>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

constexpr auto with_retry = R"({"stacks": {"users": {"policies": [
  {"type": "retry", "max_attempts": 2, "backoff": {"kind": "constant", "delay_ms": 1000}, "jitter": "none"},
  {"type": "circuit_breaker", "name": "b", "trip": {"kind": "consecutive", "failures": 5}}]}}})";
constexpr auto with_timeout = R"({"stacks": {"users": {"policies": [
  {"type": "timeout", "ms": 100},
  {"type": "circuit_breaker", "name": "b", "trip": {"kind": "consecutive", "failures": 5}}]}}})";

policy::circuit_breaker breaker_of(const policy::registry& stacks) {
  return std::get<policy::circuit_breaker>(stacks.find("users")->current()->find("b")->state);
}

TEST(Registry, CallsRunUnderTheStackThatIsLoaded) {
  sim::world world(1);
  policy::registry stacks;
  ASSERT_TRUE(stacks.load(with_retry));
  world.run([&](context& cx) -> task<void> {
    const auto users = stacks.find("users");
    int runs = 0;
    const auto op = [&](context&) -> result<int> {
      ++runs;
      return fail(errors::unavailable{"x", "down", std::nullopt});
    };
    (void)co_await users->run(cx, op);
    EXPECT_EQ(runs, 2);
    EXPECT_TRUE(stacks.load(with_timeout));
    (void)co_await users->run(cx, op);
    EXPECT_EQ(runs, 3);
  });
}

TEST(Registry, CallsInFlightFinishAsTheyBegan) {  // X11
  sim::world world(1);
  policy::registry stacks;
  ASSERT_TRUE(stacks.load(with_retry));
  world.run([&](context& cx) -> task<void> {
    const auto users = stacks.find("users");
    int runs = 0;
    const auto call = [&](context& c) -> task<result<int>> {
      const auto op = [&](context& own) -> task<result<int>> {
        ++runs;
        (void)co_await sleep_for(own, 500ms);
        co_return fail(errors::unavailable{"x", "down", std::nullopt});
      };
      auto got = co_await users->run(c, op);
      co_return got;
    };
    const auto reload = [&](context& c) -> task<result<int>> {
      (void)co_await sleep_for(c, 100ms);
      EXPECT_TRUE(stacks.load(with_timeout));
      co_return 1;
    };
    (void)co_await when_all_settled(cx, call, reload);
    EXPECT_EQ(runs, 2) << "the retry that it began under";
  });
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(Registry, APolicyThatHasNotChangedKeepsItsState) {
  policy::registry stacks;
  ASSERT_TRUE(stacks.load(with_retry));
  const auto before = breaker_of(stacks);
  before.isolate();
  ASSERT_TRUE(stacks.load(with_timeout));
  EXPECT_EQ(breaker_of(stacks).identity(), before.identity());
  std::string other = with_timeout;
  other.replace(other.find("\"failures\": 5"), 13, "\"failures\": 6");
  ASSERT_TRUE(stacks.load(other));
  EXPECT_NE(breaker_of(stacks).identity(), before.identity());
}

TEST(Registry, AWrongDocumentChangesNothing) {
  policy::registry stacks;
  ASSERT_TRUE(stacks.load(with_retry));
  const auto before = stacks.find("users")->current();
  const auto loaded = stacks.load(
      R"({"stacks": {"users": {"policies": [{"type": "retry", "max_attempts": 0}]}, "other": {}}})");
  ASSERT_FALSE(loaded);
  const auto text = loaded.error().message();
  EXPECT_NE(text.find("/stacks/users/policies/0/max_attempts"), std::string::npos) << text;
  EXPECT_NE(text.find("/stacks/other/policies"), std::string::npos) << text;
  EXPECT_EQ(stacks.find("users")->current(), before);
  EXPECT_FALSE(stacks.load("not JSON"));
}

TEST(Registry, StacksShareTheBudgetsAtTheTop) {  // G13
  policy::registry stacks;
  ASSERT_TRUE(stacks.load(R"({"budgets": {"all": {"kind": "token", "tokens": 4}}, "stacks": {
    "a": {"policies": [{"type": "retry", "budget": "all"}]},
    "b": {"policies": [{"type": "retry", "budget": "all"}]}}})"));
  sim::world world(1);
  world.run([&](context& cx) -> task<void> {
    const auto op = [&](context&) -> result<int> {
      return fail(errors::unavailable{"x", "down", std::nullopt});
    };
    const auto a = stacks.find("a");
    const auto b = stacks.find("b");
    auto first = co_await a->run(cx, op);
    EXPECT_EQ(first.error().attempts(), 2u) << first.error().message();
    auto second = co_await b->run(cx, op);
    EXPECT_EQ(second.error().attempts(), 1u) << "the other stack has spent the tokens";
    EXPECT_EQ(second.error().suppressed_by(), retry_stop::budget);
  });
}

TEST(Registry, AnUnknownNameIsToldWithThoseThatThereAre) {
  policy::registry stacks;
  ASSERT_TRUE(stacks.load(with_retry));
  const auto nobody = stacks.find("user");
  ASSERT_FALSE(nobody);
  EXPECT_NE(nobody.error().message().find("users"), std::string::npos);
}

}  // namespace
}  // namespace fairlead
