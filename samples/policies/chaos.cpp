// SPDX-License-Identifier: BSL-1.0
// What becomes of callers when every tenth request fails and every tenth is slow?
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/chaos.hpp>
#include <fairlead/policy/retry.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/policy/timeout.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::task;
namespace errors = fairlead::errors;
namespace policy = fairlead::policy;

template <class Stack>
void rehearse(const char* what, const Stack& resilient) {
  const auto operation =
      policy::idempotent([](context& cx) { return fairlead::sleep_for(cx, 20ms); });
  int failed = 0;
  fairlead::duration longest{};
  fairlead::sim::world world(7);
  world.run([&](context& cx) -> task<void> {
    for (int call = 0; call < 1000; ++call) {
      const auto begin = cx.now();
      const auto outcome = co_await resilient.run(cx, operation);
      failed += outcome ? 0 : 1;
      longest = std::max(longest, cx.now() - begin);
    }
  });
  std::cout << what << ": " << failed << " of 1000 calls failed, the longest took " << longest / 1ms
            << " ms\n";
}

int main() {
  const auto chaos = policy::chaos_fault{{.rate = 0.1}, errors::connection_reset{"http://users"}} |
                     policy::chaos_latency{{.rate = 0.1}, 3s};
  rehearse("nothing", policy::stack{} | chaos);
  rehearse("retry", policy::retry{{.max_attempts = 3}} | chaos);
  rehearse(
      "retry and attempt timeout",
      policy::stack{policy::retry{{.max_attempts = 3}}, policy::attempt_timeout{100ms}} | chaos);
}
