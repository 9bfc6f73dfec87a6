// SPDX-License-Identifier: BSL-1.0
// A peer goes away for a minute: the breaker opens, and closes again without a caller's help.
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/policy/circuit_breaker.hpp>
#include <fairlead/policy/keep_probing.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace errors = fairlead::errors;
namespace policy = fairlead::policy;

int main() {
  fairlead::sim::world world;
  const auto peer = [&](context&) -> task<result<int>> {
    if (world.elapsed() >= 10s && world.elapsed() < 70s) {
      co_return fairlead::fail(errors::connection_refused{"http://stock:80"});
    }
    co_return 7;
  };

  const policy::circuit_breaker breaker{
      {.name = "stock", .consecutive_failures = 3, .break_for = 20s}};
  breaker.on_transition([&](const policy::breaker_change& change) {
    std::cout << world.elapsed() / 1s << " s: " << to_string(change.from) << " -> "
              << to_string(change.to) << "\n";
  });
  const policy::stack guarded{breaker};

  world.run([&](context& cx) -> task<void> {
    fairlead::task_scope prober(cx);
    prober.spawn([&](context& c) { return policy::keep_probing(c, breaker, peer); });

    int answers = 0;
    int failures = 0;
    int refusals = 0;
    for (int call = 0; call < 100; ++call) {
      const auto stock = co_await guarded.run(cx, peer);
      const bool refused = !stock && stock.error().kind() == fairlead::error_kind::circuit_open;
      (stock ? answers : refused ? refusals : failures) += 1;
      (void)co_await fairlead::sleep_for(cx, 1s);
    }
    std::cout << answers << " answers, " << failures << " failures, " << refusals
              << " refused at once\n";
    prober.cancel();
    (void)co_await prober.join();
  });
}
