// SPDX-License-Identifier: BSL-1.0
// A peer is down, and a hundred calls go there: how many requests does it get?
#include <fairlead/policy/retry.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace errors = fairlead::errors;
namespace policy = fairlead::policy;

template <class Stack>
int requests_of_100_calls(const Stack& stack) {
  int requests = 0;
  const auto down = [&](context&) -> result<int> {
    ++requests;
    return fairlead::fail(errors::unavailable{"stock", "down", std::nullopt});
  };
  fairlead::sim::world world;
  for (int call = 0; call < 100; ++call) {
    world.spawn("call", [&](context& cx) -> task<void> {
      const auto outcome = co_await stack.run(cx, down);
      static_cast<void>(outcome);
    });
  }
  world.run_until_idle();
  return requests;
}

int main() {
  const policy::retry three_times{{.max_attempts = 3}};
  std::cout << "no budget: " << requests_of_100_calls(policy::stack{three_times}) << " requests\n";

  // At most one retry at a time for every five calls in flight; one per peer, for all that call it.
  const policy::retry_budget budget{policy::in_flight_budget{.ratio = 0.2}};
  auto thrifty = three_times;
  thrifty.with_budget(budget);
  std::cout << budget.describe() << ": " << requests_of_100_calls(policy::stack{thrifty})
            << " requests\n";
}
