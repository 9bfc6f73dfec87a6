// SPDX-License-Identifier: BSL-1.0
// A cache in virtual time.
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/cache.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

// Gives 1, 2, 3, ... after 10 ms each, or what `fails` says.
struct source {
  int runs = 0;
  std::optional<error> fails;
};
auto fetch(std::shared_ptr<source> from) {
  return policy::detachable([from](context& cx) -> task<result<int>> {
    const int n = ++from->runs;
    auto slept = co_await sleep_for(cx, 10ms);
    if (!slept) {
      co_return tl::unexpected<error>(slept.error());
    }
    if (from->fails) {
      co_return tl::unexpected<error>(*from->fails);
    }
    co_return n;
  });
}

// Runs `f(ask, wait)` with a cache made of `options`.
template <class F>
void with_cache(const policy::cache_options& options, std::shared_ptr<source> from, F f) {
  sim::world world(1);
  const policy::stack cached{policy::cache(options)};
  world.run([&](context& cx) -> task<void> {
    const auto ask = [&]() -> task<result<int>> {
      context mine = cx.with_key("k");
      const auto op = fetch(from);
      auto got = co_await cached.run(mine, op);
      co_return got;
    };
    co_await f(cx, ask);
  });
  world.run_until_idle();
  EXPECT_TRUE(world.leftovers().empty());
}

TEST(Cache, AFreshValueIsNotFetchedAgain) {
  auto from = std::make_shared<source>();
  with_cache({.ttl = 100ms}, from, [&](context& cx, auto ask) -> task<void> {
    auto first = co_await ask();
    (void)co_await sleep_for(cx, 99ms);
    auto second = co_await ask();
    EXPECT_EQ(first.value(), 1);
    EXPECT_EQ(second.value(), 1);
    (void)co_await sleep_for(cx, 1ms);
    auto third = co_await ask();
    EXPECT_EQ(third.value(), 2);
  });
}

TEST(Cache, AnOldValueIsGivenWhileOneRunFetchesAnother) {  // C09
  auto from = std::make_shared<source>();
  with_cache({.ttl = 100ms, .stale_while_revalidate = 50ms}, from,
             [&](context& cx, auto ask) -> task<void> {
               (void)co_await ask();
               (void)co_await sleep_for(cx, 120ms);
               const auto before = cx.now();
               auto stale = co_await ask();
               auto again = co_await ask();
               EXPECT_EQ(cx.now(), before);
               EXPECT_EQ(stale.value(), 1);
               EXPECT_EQ(again.value(), 1);
               EXPECT_EQ(from->runs, 2);
               (void)co_await sleep_for(cx, 20ms);
               auto fresh = co_await ask();
               EXPECT_EQ(fresh.value(), 2);
               EXPECT_EQ(from->runs, 2);
             });
}

TEST(Cache, AnOldValueStandsInForAFailure) {
  auto from = std::make_shared<source>();
  with_cache({.ttl = 100ms, .stale_if_error = 1s}, from, [&](context& cx, auto ask) -> task<void> {
    (void)co_await ask();
    from->fails = errors::unavailable{"x", "down", std::nullopt};
    (void)co_await sleep_for(cx, 500ms);
    auto old = co_await ask();
    EXPECT_EQ(old.value_or(-1), 1);
    (void)co_await sleep_for(cx, 1s);
    auto failed = co_await ask();
    EXPECT_FALSE(failed);
  });
}

// An operation that must not outlive its call is run by the call that finds the value old. When it
// fails, the old value stands in for it all the same.
TEST(Cache, AnOldValueStandsInForAFailureBeforeItExpiresToo) {
  sim::world world(1);
  const policy::cache kept{
      {.ttl = 100ms, .stale_while_revalidate = 200ms, .stale_if_error = 150ms}};
  const policy::stack cached{kept};
  world.run([&](context& cx) -> task<void> {
    int runs = 0;
    const auto ask = [&]() -> task<result<int>> {
      context mine = cx.with_key("k");
      const auto op = [&](context&) -> result<int> {
        if (++runs > 1) {
          return fail(errors::unavailable{"x", "down", std::nullopt});
        }
        return runs;
      };
      auto got = co_await cached.run(mine, op);
      co_return got;
    };
    (void)co_await ask();
    (void)co_await sleep_for(cx, 120ms);
    auto old = co_await ask();
    EXPECT_EQ(old.value_or(-1), 1);
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(kept.metrics().misses, 2U) << "calls that went inside";
    EXPECT_EQ(kept.metrics().stale, 1U);
    (void)co_await sleep_for(cx, 130ms);
    auto failed = co_await ask();
    EXPECT_FALSE(failed) << "the old value may stand in no longer";
    EXPECT_EQ(runs, 3);
  });
}

TEST(Cache, ARefusalIsRememberedOnlyWhenAsked) {  // C11
  auto from = std::make_shared<source>();
  from->fails = errors::http_error{"http://x/", 404, "", "", std::nullopt};
  with_cache({.ttl = 100ms}, from, [&](context&, auto ask) -> task<void> {
    (void)co_await ask();
    (void)co_await ask();
    EXPECT_EQ(from->runs, 2);
  });
  from->runs = 0;
  with_cache({.ttl = 100ms, .negative_ttl = 20ms}, from, [&](context& cx, auto ask) -> task<void> {
    (void)co_await ask();
    auto again = co_await ask();
    EXPECT_FALSE(again);
    EXPECT_EQ(from->runs, 1);
    (void)co_await sleep_for(cx, 20ms);
    (void)co_await ask();
    EXPECT_EQ(from->runs, 2);
  });
}

}  // namespace
}  // namespace fairlead
