// SPDX-License-Identifier: BSL-1.0
// What policies cost around a ready operation, beside the operation alone and beside one coroutine
// per policy. Every line also counts allocations per call.
#include "awaited.hpp"
#include "naive_policies.hpp"

#include <fairlead/observe/metrics.hpp>
#include <fairlead/policy/adaptive_limit.hpp>
#include <fairlead/policy/any_stack.hpp>
#include <fairlead/policy/cache.hpp>
#include <fairlead/policy/coalesce.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/keyed.hpp>
#include <fairlead/policy/policy.hpp>
#include <fairlead/policy/retry_budget.hpp>
#include <fairlead/policy/shed.hpp>
#include <fairlead/policy/throttle.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>

namespace {

using namespace fairlead;
using namespace std::chrono_literals;
using bench::awaited;
using bench::ready;

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

// Every call gives an attempt and an execution to look up and to count.
void stack_of_five_measured(benchmark::State& state) {
  policy::circuit_breaker breaker;
  observe::metrics measured;
  const auto s =
      policy::stack{policy::fallback{[] { return 0; }}, policy::total_timeout{3s},
                    policy::retry{{.max_attempts = 3}}, breaker, policy::attempt_timeout{800ms}}
          .observed_by(measured, "users");
  awaited(state, [&](context& cx) { return s.run(cx, &ready); });
}
BENCHMARK(stack_of_five_measured);

void one_event_counted(benchmark::State& state) {
  static observe::metrics measured;
  for (auto _ : state) {
    measured.on_event({.policy = observe::policy_kind::retry,
                       .action = observe::policy_action::retry,
                       .stack = "users",
                       .name = "retry"});
  }
}
BENCHMARK(one_event_counted);
BENCHMARK(one_event_counted)->Threads(2);

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

void rate_limit_take(benchmark::State& state, policy::rate_algorithm algorithm,
                     std::uint32_t permits) {
  const policy::rate_limit limit{{.algorithm = algorithm, .permits = permits, .period = 1ms}};
  time_point now{1h};
  for (auto _ : state) {
    auto taken = limit.take(now);
    benchmark::DoNotOptimize(taken);
    now += 1ms;
  }
}
BENCHMARK_CAPTURE(rate_limit_take, gcra, policy::rate_algorithm::gcra, 100);
BENCHMARK_CAPTURE(rate_limit_take, gcra_uneven, policy::rate_algorithm::gcra, 300);
BENCHMARK_CAPTURE(rate_limit_take, smooth, policy::rate_algorithm::smooth, 100);
BENCHMARK_CAPTURE(rate_limit_take, sliding_log, policy::rate_algorithm::sliding_log, 100);
BENCHMARK_CAPTURE(rate_limit_take, sliding_counter, policy::rate_algorithm::sliding_counter, 100);

void bulkhead_in_and_out(benchmark::State& state) {
  const policy::bulkhead places{{.max = 100, .queue = 10, .max_wait = 1s}};
  for (auto _ : state) {
    auto place = places.try_acquire();
    benchmark::DoNotOptimize(place);
  }
}
BENCHMARK(bulkhead_in_and_out);

void bulkhead_full(benchmark::State& state) {
  const policy::bulkhead places{{.name = "payments", .max = 1}};
  const auto held = places.try_acquire();
  for (auto _ : state) {
    auto place = places.try_acquire();
    benchmark::DoNotOptimize(place);
  }
}
BENCHMARK(bulkhead_full);

void keyed_lookup(benchmark::State& state) {
  const policy::keyed<policy::rate_limit> per_user{{.permits = 100}};
  const time_point now{1h};
  for (auto _ : state) {
    auto limit = per_user.at("somebody", now);
    benchmark::DoNotOptimize(limit);
  }
}
BENCHMARK(keyed_lookup);

void stack_of_limits(benchmark::State& state) {
  const auto s = policy::stack{
      policy::rate_limit{{.permits = 1'000'000'000, .period = 1s}},
      policy::bulkhead{{.max = 100, .queue = 10, .max_wait = 1s}},
  };
  awaited(state, [&](context& cx) { return s.run(cx, &ready); });
}
BENCHMARK(stack_of_limits);

void stack_of_five_any(benchmark::State& state) {
  const policy::any_stack s{policy::stack{
      policy::total_timeout{3s}, policy::retry{{.max_attempts = 3}}, policy::circuit_breaker{},
      policy::bulkhead{{.max = 100}}, policy::attempt_timeout{800ms}}};
  awaited(state, [&](context& cx) { return s.run(cx, &ready); });
}
BENCHMARK(stack_of_five_any);

// One policy around the ready operation; what it costs is the difference to `stack_of_none`.
template <class Layer>
void stack_of(benchmark::State& state, const Layer& layer) {
  const auto s = policy::stack{layer};
  awaited(state, [&](context& cx) { return s.run(cx, &ready); });
}
BENCHMARK_CAPTURE(stack_of, total_timeout, policy::total_timeout{3s});
BENCHMARK_CAPTURE(stack_of, retry, policy::retry{{.max_attempts = 3}});
BENCHMARK_CAPTURE(stack_of, retry_with_budget,
                  policy::retry{{.max_attempts = 3}}.with_budget(policy::retry_budget{}));
BENCHMARK_CAPTURE(stack_of, circuit_breaker, policy::circuit_breaker{});
BENCHMARK_CAPTURE(stack_of, bulkhead, policy::bulkhead{{.max = 100}});
BENCHMARK_CAPTURE(stack_of, rate_limit, policy::rate_limit{{.permits = 1'000'000'000}});
BENCHMARK_CAPTURE(stack_of, adaptive_limit, policy::adaptive_limit{});
BENCHMARK_CAPTURE(stack_of, throttle, policy::throttle{});
BENCHMARK_CAPTURE(stack_of, shed, policy::shed{{.limit = 100}});

// These run the operation in a coroutine of its own.
void branching(benchmark::State& state, const auto& layer) {
  const auto s = policy::stack{layer};
  const auto op = policy::detachable([](context& cx) { return ready(cx); });
  awaited(state, [&](context& cx) -> task<result<int>> {
    auto keyed = cx.with_key("k").with_idempotency(idempotency::idempotent);
    auto outcome = co_await s.run(keyed, op);
    co_return outcome;
  });
}
void stack_of_hedge(benchmark::State& state) {
  branching(state, policy::hedge{});
}
void stack_of_coalesce(benchmark::State& state) {
  branching(state, policy::coalesce{});
}
void stack_of_cache_hit(benchmark::State& state) {
  branching(state, policy::cache{{.ttl = 1h}});
}
BENCHMARK(stack_of_hedge);
BENCHMARK(stack_of_coalesce);
BENCHMARK(stack_of_cache_hit);

void clock_read(benchmark::State& state) {
  const auto& time = system_clock();
  for (auto _ : state) {
    benchmark::DoNotOptimize(time.now());
  }
}
BENCHMARK(clock_read);

}  // namespace

BENCHMARK_MAIN();
