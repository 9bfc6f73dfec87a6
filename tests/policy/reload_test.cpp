// SPDX-License-Identifier: BSL-1.0
// Configurations that are read anew while calls are in flight.
#include "policy/scripted_operation.hpp"

#include <fairlead/policy/from_json.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using policy::breaker_state;
using policy::configuration;
using policy::from_json;
using testing::fail_softly;
using testing::scripted_operation;
using testing::succeed;

constexpr auto three_attempts = R"({
  "budgets": {"g": {"kind": "in_flight", "ratio": 0, "min": 1}},
  "policies": [
    {"type": "retry", "max_attempts": 3, "backoff": {"kind": "constant", "delay_ms": 100},
     "jitter": "none", "budget": "g"},
    {"type": "circuit_breaker", "name": "b", "trip": {"kind": "consecutive", "failures": 5}},
    {"type": "bulkhead", "max": 5}]})";

// The bulkhead is another one, the breaker is the same, and nothing is tried again.
constexpr auto one_attempt = R"({
  "policies": [
    {"type": "circuit_breaker", "name": "b", "trip": {"kind": "consecutive", "failures": 5}},
    {"type": "bulkhead", "max": 1}]})";

configuration read(std::string_view text, const configuration* before = nullptr) {
  policy::config_options options;
  options.carry_over = before;
  auto made = from_json(text, options);
  EXPECT_TRUE(made) << (made ? "" : made.error().message());
  return std::move(*made);
}

const policy::circuit_breaker& breaker_of(const configuration& c) {
  return std::get<policy::circuit_breaker>(c.find("b")->state);
}

TEST(Reload, X11CallsInFlightEndOnTheOldOneAndNewOnesBeginOnTheNew) {
  sim::world world(1);
  auto config = read(three_attempts);
  scripted_operation before({fail_softly(), fail_softly(), succeed(7)});
  scripted_operation after({fail_softly()});
  world.spawn("old", [&](context& cx) -> task<void> {
    const auto stack = config.stack;
    context mine = cx.with_idempotency(idempotency::idempotent);
    const auto call = [&](context& c) { return before(c); };
    auto got = co_await stack.run(mine, call);
    EXPECT_TRUE(got);
  });
  world.advance(150ms);  // two attempts are over, and the third is waited for
  config = read(one_attempt, &config);
  world.spawn("new", [&](context& cx) -> task<void> {
    context mine = cx.with_idempotency(idempotency::idempotent);
    const auto call = [&](context& c) { return after(c); };
    auto got = co_await config.stack.run(mine, call);
    EXPECT_FALSE(got);
  });
  world.run_ready();
  EXPECT_EQ(after.calls.size(), 1u);
  // One breaker has seen both: two failures by the old stack, and one by the new one.
  EXPECT_EQ(breaker_of(config).metrics(world.now()).failures, 3u);
  world.advance(1s);
  EXPECT_EQ(before.calls.size(), 3u);
  EXPECT_EQ(breaker_of(config).metrics(world.now()).recorded, 4u);
  EXPECT_EQ(breaker_of(config).metrics(world.now()).failures, 0u);
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(Reload, WhatHasOtherOptionsBeginsAnew) {
  const auto old = read(three_attempts);
  breaker_of(old).isolate(time_point{});
  const auto same = read(one_attempt, &old);
  EXPECT_EQ(breaker_of(same).identity(), breaker_of(old).identity());
  EXPECT_NE(std::get<policy::bulkhead>(same.find("bulkhead")->state).identity(),
            std::get<policy::bulkhead>(old.find("bulkhead")->state).identity());
  const auto other =
      read(R"({"policies": [{"type": "circuit_breaker", "name": "b", "break_ms": 5}]})", &old);
  EXPECT_EQ(breaker_of(other).state_at(time_point{}), breaker_state::closed);
  const auto renamed = read(R"({"policies": [{"type": "bulkhead", "name": "b", "max": 5}]})", &old);
  EXPECT_TRUE(std::holds_alternative<policy::bulkhead>(renamed.find("b")->state));
}

TEST(Reload, WithoutTheOldOneNothingIsKept) {
  const auto one = read(three_attempts);
  const auto other = read(three_attempts);
  EXPECT_NE(breaker_of(one).identity(), breaker_of(other).identity());
}

TEST(Reload, ABudgetGoesOnWithWhatIsReserved) {
  const auto old = read(three_attempts);
  auto held = old.budgets.at(0).budget.metrics(time_point{});
  EXPECT_EQ(held.in_use, 0u);
  const auto same = read(three_attempts, &old);
  EXPECT_EQ(same.budgets.at(0).budget.identity(), old.budgets.at(0).budget.identity());
  const auto other = read(R"({"budgets": {"g": {"kind": "token"}}, "policies": []})", &old);
  EXPECT_NE(other.budgets.at(0).budget.identity(), old.budgets.at(0).budget.identity());
}

TEST(Reload, WhatIsWrongChangesNothing) {
  const auto old = read(three_attempts);
  breaker_of(old).isolate(time_point{});
  policy::config_options options;
  options.carry_over = &old;
  const auto refused = from_json(
      R"({"policies": [{"type": "circuit_breaker", "name": "b", "break_ms": -5},
                       {"type": "bulkhead"}]})",
      options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), error_kind::serialization_error);
  const auto text = refused.error().message();
  EXPECT_NE(text.find("/policies/0/break_ms"), std::string::npos) << text;
  EXPECT_NE(text.find("/policies/1/max"), std::string::npos) << text;
  EXPECT_EQ(breaker_of(old).state_at(time_point{}), breaker_state::isolated);
}

TEST(FromJson, WhatIsNotJsonIsAnError) {
  const auto refused = from_json("{\"policies\": [}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), error_kind::serialization_error);
  EXPECT_FALSE(from_json("[]"));
  EXPECT_FALSE(from_json(std::string(100000, '[')));
}

}  // namespace
}  // namespace fairlead
