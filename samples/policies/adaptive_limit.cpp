// SPDX-License-Identifier: BSL-1.0
// Forty clients and a peer that can do ten things at a time: the limit finds out how many to send.
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/adaptive_limit.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <algorithm>
#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace policy = fairlead::policy;

int main() {
  const policy::adaptive_limit limit{{.name = "search", .window = 200ms}};
  const policy::stack guarded{limit};

  // A request takes 20 ms, and longer when there are more of them than workers.
  int workers = 40;
  int inside = 0;
  int done = 0;
  const auto search = [&](context& cx) -> task<result<void>> {
    ++inside;
    const auto took = 20ms * std::max(inside, workers) / workers;
    const auto waited = co_await fairlead::sleep_for(cx, took);
    --inside;
    done += waited ? 1 : 0;
    co_return waited;
  };

  fairlead::sim::world world;
  for (int client = 0; client < 40; ++client) {
    world.spawn("client", [&](context& cx) -> task<void> {
      for (;;) {
        (void)co_await guarded.run(cx, search);
        const auto paused = co_await fairlead::sleep_for(cx, 5ms);
        if (!paused) {
          co_return;
        }
      }
    });
  }
  for (const int capacity : {40, 10, 40}) {
    workers = capacity;
    done = 0;
    world.advance(10s);
    std::cout << capacity << " workers: the limit is " << limit.metrics().limit << ", " << done / 10
              << " answers per second\n";
  }
}
