// SPDX-License-Identifier: BSL-1.0
// Sixteen event loops share one stack of everything: nothing is lost, nothing counts twice, and no
// more runs than may. Sanitizers are what makes these tests strict.
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/adaptive_limit.hpp>
#include <fairlead/policy/bulkhead.hpp>
#include <fairlead/policy/cache.hpp>
#include <fairlead/policy/coalesce.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/policy.hpp>
#include <fairlead/policy/rate_limit.hpp>
#include <fairlead/policy/shed.hpp>
#include <fairlead/policy/throttle.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

constexpr int threads = 16;
constexpr int beside = 4;  // coroutines per thread
constexpr int rounds = 60;

// Runs `f(context&, n)` `beside` times in a loop of each thread, n from 0.
template <class F>
void in_loops(F f) {
  std::barrier together(threads);
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      boost::asio::io_context loop(1);
      cancel_scope root(environment::of(loop.get_executor()));
      for (int i = 0; i < beside; ++i) {
        boost::asio::co_spawn(
            loop, [&, n = t * beside + i]() -> task<void> { return f(root, n); },
            boost::asio::detached);
      }
      together.arrive_and_wait();
      loop.run();
    });
  }
  for (auto& t : all) {
    t.join();
  }
}

struct presence {
  presence(std::atomic<int>& n, int most) noexcept : here(n) { EXPECT_LE(++here, most); }
  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;
  ~presence() { --here; }
  std::atomic<int>& here;
};

TEST(TogetherStress, NothingIsLostInAStackOfLimits) {
  constexpr int places = 5;
  const shed drops{{.limit = 10'000, .predict = false}};
  const throttle sends{{.k = 1e6}};
  const retry_budget budget{in_flight_budget{.ratio = 0.5, .min = 3}};
  const rate_limit pace{{.permits = 1'000'000, .burst = 3, .max_wait = 1h}};
  const circuit_breaker breaker{{.failure_rate = 1, .min_throughput = 1, .window = 1h}};
  breaker.metrics_only(std::chrono::steady_clock::now());
  const bulkhead seats{{.max = places, .queue = 10'000, .max_wait = 1h}};
  const adaptive_limit adapts{{.initial = 4, .min = 4, .max = 4, .queue = 10'000, .max_wait = 1h}};
  const auto s =
      stack{drops,
            sends,
            retry{{.max_attempts = 3, .backoff = {.kind = backoff_kind::constant, .delay = 0ms}}}
                .with_budget(budget),
            hedge{{.delay = duration::max()}}.with_budget(budget),
            pace,
            breaker,
            seats,
            adapts};
  std::atomic<int> here{0};
  std::atomic<std::uint64_t> started{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> answers{0};
  std::atomic<std::uint64_t> errors_seen{0};
  in_loops([&](context& cx, int n) -> task<void> {
    for (int i = 0; i < rounds; ++i) {
      const auto op = [&, n, i](context& inner) -> task<result<int>> {
        const presence mine(here, 4);
        const auto mark = started++;
        if ((n + i) % 3 == 0) {
          (void)co_await yield(inner);
        }
        if (mark % 5 == 0) {
          ++failed;
          co_return fail(errors::unavailable{"users", "down", std::nullopt});
        }
        co_return 1;
      };
      const auto safe = idempotent(op);
      auto got = co_await s.run(cx, safe);
      ++(got ? answers : errors_seen);
    }
  });
  const auto now = std::chrono::steady_clock::now();
  constexpr std::uint64_t calls = std::uint64_t{threads} * beside * rounds;
  EXPECT_EQ(answers + errors_seen, calls);
  EXPECT_EQ(started, answers + failed);
  EXPECT_EQ(here, 0);
  EXPECT_EQ(drops.metrics().in_flight, 0U);
  EXPECT_EQ(sends.metrics(now).requests, calls);
  EXPECT_EQ(sends.metrics(now).accepts, answers);
  EXPECT_EQ(budget.metrics(now).in_use, 0U);
  EXPECT_EQ(budget.metrics(now).in_flight, 0U);
  EXPECT_EQ(pace.metrics(now).waiting, 0U);
  EXPECT_EQ(breaker.metrics(now).recorded, started);
  EXPECT_EQ(breaker.metrics(now).failures, failed);
  EXPECT_EQ(seats.metrics().in_use, 0U);
  EXPECT_EQ(seats.metrics().waiting, 0U);
  EXPECT_EQ(adapts.metrics().in_use, 0U);
  EXPECT_EQ(adapts.metrics().waiting, 0U);
}

// A run belongs to the loop of its first caller; those who wait for it come from all loops, and
// some leave before it ends.
TEST(TogetherStress, RunsAreSharedBetweenLoops) {
  const coalesce shared;
  const cache kept{{.ttl = 200us, .stale_while_revalidate = 200us, .max_entries = 2}};
  const bulkhead seats{{.max = 3, .queue = 10'000, .max_wait = 1h}};
  const auto s = stack{kept, shared, seats};
  struct counts {
    std::atomic<int> here{0};
    std::atomic<std::uint64_t> started{0};
    std::atomic<std::uint64_t> ended{0};
  };
  auto runs = std::make_shared<counts>();
  std::atomic<std::uint64_t> answers{0};
  std::atomic<std::uint64_t> late{0};
  in_loops([&](context& cx, int n) -> task<void> {
    for (int i = 0; i < rounds; ++i) {
      const auto key = std::string(1, static_cast<char>('a' + (n + i) % 3));
      auto mine = cx.with_key(key);
      if ((n + i) % 4 == 0) {
        mine = mine.with_timeout(50us);
      }
      const auto op = detachable([runs](context& inner) -> task<result<std::string>> {
        const presence here(runs->here, 3);
        ++runs->started;
        auto slept = co_await sleep_for(inner, 100us);
        ++runs->ended;
        if (!slept) {
          co_return tl::unexpected<error>(slept.error());
        }
        co_return std::string("a value that is too long to lie in the string itself");
      });
      auto got = co_await s.run(mine, op);
      if (got) {
        ++answers;
        EXPECT_EQ(got->size(), 52U);
      } else {
        ++late;
        EXPECT_EQ(got.error().kind(), error_kind::deadline) << got.error().message();
      }
    }
  });
  constexpr std::uint64_t calls = std::uint64_t{threads} * beside * rounds;
  EXPECT_EQ(answers + late, calls);
  EXPECT_GE(answers, calls * 3 / 4);
  EXPECT_EQ(runs->started, runs->ended);
  EXPECT_EQ(runs->here, 0);
  EXPECT_EQ(shared.flights(), 0U);
  EXPECT_EQ(seats.metrics().in_use, 0U);
  EXPECT_EQ(seats.metrics().waiting, 0U);
  const auto m = kept.metrics();
  EXPECT_LE(m.entries, 2U);
  EXPECT_LE(m.hits + m.stale + m.misses, calls);
  EXPECT_GE(m.hits + m.stale + m.misses, answers) << "calls that begin too late ask nobody";
}

}  // namespace
}  // namespace fairlead::policy
