// SPDX-License-Identifier: BSL-1.0
// A server with room for four, and more work than it can do: late for all, or in time for some?
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/bulkhead.hpp>
#include <fairlead/policy/shed.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>
#include <map>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::criticality;
using fairlead::task;
namespace policy = fairlead::policy;

// Twice what the server can do, for ten seconds; every caller waits 300 ms at most.
template <class Stack>
void overload(const char* what, const Stack& server) {
  const auto handle = [](context& cx) { return fairlead::sleep_for(cx, 100ms); };
  std::map<criticality, int> answered;
  fairlead::sim::world world({.order = fairlead::sim::ordering::arrival});
  for (int number = 0; number < 800; ++number) {
    const auto rank = number % 4 == 0 ? criticality::critical : criticality::sheddable;
    world.spawn("request", [&, number, rank](context& cx) -> task<void> {
      (void)co_await fairlead::sleep_for(cx, number * 12500us);
      context mine = cx.with_criticality(rank).with_timeout(300ms);
      const auto answer = co_await server.run(mine, handle);
      answered[rank] += answer ? 1 : 0;
    });
  }
  world.run_until_idle();
  std::cout << what << ": " << answered[criticality::critical] << " of 200 critical and "
            << answered[criticality::sheddable] << " of 600 other requests answered in time\n";
}

int main() {
  const policy::bulkhead_options workers{.max = 4, .queue = 100, .max_wait = 10s};
  overload("a queue", policy::stack{policy::bulkhead{workers}});
  overload("a queue behind shed",
           policy::stack{policy::shed{{.limit = 4}}, policy::bulkhead{workers}});
}
