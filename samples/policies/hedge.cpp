// SPDX-License-Identifier: BSL-1.0
// One request in twenty takes long: a second one, sent late, takes its place.
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <algorithm>
#include <iostream>
#include <vector>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace policy = fairlead::policy;

template <class Stack>
void measure(const char* what, const Stack& stack) {
  int requests = 0;
  const auto search = policy::idempotent([&](context& cx) {
    const int number = ++requests;
    return fairlead::sleep_for(cx, number % 20 == 0 ? 900ms : 20ms + number % 7 * 5ms);
  });
  std::vector<long> took;
  fairlead::sim::world world;
  world.run([&](context& cx) -> task<void> {
    for (int call = 0; call < 1000; ++call) {
      const auto begin = cx.now();
      (void)co_await stack.run(cx, search);
      took.push_back((cx.now() - begin) / 1ms);
    }
  });
  std::sort(took.begin(), took.end());
  std::cout << what << ": median " << took[500] << " ms, 99 % within " << took[990] << " ms, "
            << requests << " requests for 1000 calls\n";
}

int main() {
  measure("plain", policy::stack{});
  measure("hedged after 60 ms", policy::stack{policy::hedge{{.delay = 60ms}}});
  measure("hedged after the 95th percentile", policy::stack{policy::hedge{{.quantile = 0.95}}});
}
