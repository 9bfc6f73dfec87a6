// SPDX-License-Identifier: BSL-1.0
// What policies cost around a ready operation, beside the operation alone and beside one coroutine
// per policy. Every line also counts allocations per call.
#include "naive_policies.hpp"

#include "support/count_allocations.hpp"

#include <fairlead/policy/policy.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>

namespace {

using namespace fairlead;
using namespace std::chrono_literals;

task<result<int>> ready(context& /*cx*/) {
  co_return 1;
}

// Awaits `call(cx)` once per iteration, inside one coroutine, on a warmed thread.
template <class Call>
void awaited(benchmark::State& state, Call call) {
  boost::asio::io_context loop(1);
  cancel_scope root(environment::of(loop.get_executor()));
  std::uint64_t allocated = 0;
  auto body = [&]() -> task<void> {
    for (int i = 0; i < 100; ++i) {
      auto warm = co_await call(root);
      benchmark::DoNotOptimize(warm);
    }
    const auto before = testing::allocations();
    for (auto _ : state) {
      auto outcome = co_await call(root);
      benchmark::DoNotOptimize(outcome);
    }
    allocated = testing::allocations() - before;
  };
  boost::asio::co_spawn(loop, body, boost::asio::detached);
  loop.run();
  state.counters["allocs"] =
      benchmark::Counter(static_cast<double>(allocated), benchmark::Counter::kAvgIterations);
}

void bare_operation(benchmark::State& state) {
  awaited(state, [](context& cx) { return ready(cx); });
}
BENCHMARK(bare_operation);

void wrapped_once(benchmark::State& state) {
  awaited(state, [](context& cx) -> task<result<int>> {
    auto outcome = co_await ready(cx);
    co_return outcome;
  });
}
BENCHMARK(wrapped_once);

void stack_of_none(benchmark::State& state) {
  const auto s = policy::stack{};
  awaited(state, [&](context& cx) { return s.run(cx, &ready); });
}
BENCHMARK(stack_of_none);

void stack_of_one_timeout(benchmark::State& state) {
  const auto s = policy::stack{policy::total_timeout{3s}};
  awaited(state, [&](context& cx) { return s.run(cx, &ready); });
}
BENCHMARK(stack_of_one_timeout);

void stack_of_five(benchmark::State& state) {
  policy::circuit_breaker breaker;
  const auto s =
      policy::stack{policy::fallback{[] { return 0; }}, policy::total_timeout{3s},
                    policy::retry{{.max_attempts = 3}}, breaker, policy::attempt_timeout{800ms}};
  awaited(state, [&](context& cx) { return s.run(cx, &ready); });
}
BENCHMARK(stack_of_five);

void stack_of_five_time_window(benchmark::State& state) {
  policy::circuit_breaker breaker{{.failure_rate = 0.5, .window = 10s}};
  const auto s =
      policy::stack{policy::fallback{[] { return 0; }}, policy::total_timeout{3s},
                    policy::retry{{.max_attempts = 3}}, breaker, policy::attempt_timeout{800ms}};
  awaited(state, [&](context& cx) { return s.run(cx, &ready); });
}
BENCHMARK(stack_of_five_time_window);

void stack_of_five_open(benchmark::State& state) {
  policy::circuit_breaker breaker;
  breaker.open_until(time_point::max());
  const auto s =
      policy::stack{policy::fallback{[] { return 0; }}, policy::total_timeout{3s},
                    policy::retry{{.max_attempts = 3}}, breaker, policy::attempt_timeout{800ms}};
  awaited(state, [&](context& cx) { return s.run(cx, &ready); });
}
BENCHMARK(stack_of_five_open);

void five_nested_coroutines(benchmark::State& state) {
  policy::circuit_breaker breaker;
  awaited(state, [&](context& cx) {
    return naive::with_fallback(
        cx, [] { return 0; },
        [&](context& a) {
          return naive::with_timeout(a, 3s, [&](context& b) {
            return naive::with_retry(b, 3, [&](context& c) {
              return naive::with_breaker(c, breaker, [&](context& d) {
                return naive::with_timeout(d, 800ms, [](context& e) { return ready(e); });
              });
            });
          });
        });
  });
}
BENCHMARK(five_nested_coroutines);

void breaker_closed(benchmark::State& state) {
  const policy::circuit_breaker breaker;
  const time_point now{1h};
  for (auto _ : state) {
    auto p = breaker.admit(now);
    p->complete(policy::verdict::success, now);
  }
}
BENCHMARK(breaker_closed);

void breaker_closed_time_window(benchmark::State& state) {
  const policy::circuit_breaker breaker{{.failure_rate = 0.5, .window = 10s}};
  const time_point now{1h};
  for (auto _ : state) {
    auto p = breaker.admit(now);
    p->complete(policy::verdict::success, now);
  }
}
BENCHMARK(breaker_closed_time_window);

void breaker_open(benchmark::State& state, const char* name) {
  const policy::circuit_breaker breaker{{.name = name}};
  const time_point now{1h};
  breaker.open_until(now + 1h, now);
  const auto before = testing::allocations();
  for (auto _ : state) {
    auto p = breaker.admit(now);
    benchmark::DoNotOptimize(p);
  }
  state.counters["allocs"] = benchmark::Counter(
      static_cast<double>(testing::allocations() - before), benchmark::Counter::kAvgIterations);
}
BENCHMARK_CAPTURE(breaker_open, unnamed, "");
BENCHMARK_CAPTURE(breaker_open, named, "payments");

void shared_breaker(benchmark::State& state, const policy::circuit_breaker& breaker) {
  const time_point now{1h};
  for (auto _ : state) {
    auto p = breaker.admit(now);
    p->complete(policy::verdict::success, now);
  }
}
const policy::circuit_breaker shared_by_run;
const policy::circuit_breaker shared_by_window{{.failure_rate = 0.5, .window = 10s}};
BENCHMARK_CAPTURE(shared_breaker, consecutive, shared_by_run)
    ->Threads(1)
    ->Threads(2)
    ->Threads(16)
    ->UseRealTime();
BENCHMARK_CAPTURE(shared_breaker, time_window, shared_by_window)
    ->Threads(1)
    ->Threads(2)
    ->Threads(16)
    ->UseRealTime();

void clock_read(benchmark::State& state) {
  const auto& time = system_clock();
  for (auto _ : state) {
    benchmark::DoNotOptimize(time.now());
  }
}
BENCHMARK(clock_read);

}  // namespace

BENCHMARK_MAIN();
