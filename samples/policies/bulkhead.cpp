// SPDX-License-Identifier: BSL-1.0
// One kind of work becomes slow; it must not take all of the program with it.
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/bulkhead.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace policy = fairlead::policy;

int main() {
  const policy::bulkhead places{{.name = "reports", .max = 3, .queue = 2, .max_wait = 500ms}};
  const policy::stack guarded{places};
  const auto report = [](context& cx) { return fairlead::sleep_for(cx, 700ms); };

  fairlead::sim::world world({.order = fairlead::sim::ordering::arrival});
  for (int number = 1; number <= 7; ++number) {
    world.spawn("call", [&, number](context& cx) -> task<void> {
      (void)co_await fairlead::sleep_for(cx, number * 100ms);
      const auto begin = cx.now();
      const auto done = co_await guarded.run(cx, report);
      std::cout << "call " << number << " after " << (cx.now() - begin) / 1ms
                << " ms: " << (done ? "done" : done.error().message()) << "\n";
    });
  }
  world.advance(750ms);
  const auto now = places.metrics();
  std::cout << "at 750 ms: " << now.in_use << " inside, " << now.waiting << " waiting\n";
  world.run_until_idle();
}
