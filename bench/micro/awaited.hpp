// SPDX-License-Identifier: BSL-1.0
// What the benchmarks of awaited calls have in common: a loop, a warmed thread, allocations per
// call.
#pragma once

#include "support/count_allocations.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/core/environment.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>

namespace bench {

/// The operation that everything is put around: ready at once.
inline fairlead::task<fairlead::result<int>> ready(fairlead::context& /*cx*/) {
  co_return 1;
}

/// Awaits `call(cx)` once per iteration, inside one coroutine, on a warmed thread.
template <class Call>
void awaited(benchmark::State& state, Call call) {
  boost::asio::io_context loop(1);
  fairlead::cancel_scope root(fairlead::environment::of(loop.get_executor()));
  std::uint64_t allocated = 0;
  auto body = [&]() -> fairlead::task<void> {
    for (int i = 0; i < 100; ++i) {
      auto warm = co_await call(root);
      benchmark::DoNotOptimize(warm);
    }
    const auto before = fairlead::testing::allocations();
    for (auto _ : state) {
      auto outcome = co_await call(root);
      benchmark::DoNotOptimize(outcome);
    }
    allocated = fairlead::testing::allocations() - before;
  };
  boost::asio::co_spawn(loop, body, boost::asio::detached);
  loop.run();
  state.counters["allocs"] =
      benchmark::Counter(static_cast<double>(allocated), benchmark::Counter::kAvgIterations);
}

}  // namespace bench
