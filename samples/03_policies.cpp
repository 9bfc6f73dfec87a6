// SPDX-License-Identifier: BSL-1.0
// A peer that fails, a stack of policies around it, and what they did. In virtual time: the minutes
// of waiting that happen here take no time at all.
#include <fairlead/core/sleep.hpp>
#include <fairlead/observe/recorder.hpp>
#include <fairlead/policy/policy.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace errors = fairlead::errors;
namespace policy = fairlead::policy;

int main() {
  fairlead::sim::world world(42);
  fairlead::observe::recorder seen;
  const policy::circuit_breaker breaker{
      {.name = "backend", .consecutive_failures = 5, .break_for = 30s}};
  const auto resilient =
      policy::stack{policy::fallback{[](const fairlead::error&) { return -1; }},
                    policy::total_timeout{10s}, policy::retry{{.max_attempts = 3}}, breaker,
                    policy::attempt_timeout{1s}}
          .observed_by(seen, "prices");
  std::cout << resilient.describe() << "\n\n";

  // The backend is down in its second minute.
  const auto start = world.now();
  const auto backend = [start](context& cx) -> task<result<int>> {
    const auto second = (cx.now() - start) / 1s;
    const auto worked = co_await fairlead::sleep_for(cx, 20ms);
    if (!worked) {
      co_return fairlead::fail(worked.error());
    }
    if (second >= 60 && second < 120) {
      co_return fairlead::fail(errors::unavailable{"backend", "down", std::nullopt});
    }
    co_return 100;
  };

  world.run([&](context& cx) -> task<void> {
    int served = 0;
    int stale = 0;
    for (int i = 0; i < 60; ++i) {
      const auto price = co_await resilient.run(cx, backend);
      (price.value_or(-1) > 0 ? served : stale) += 1;
      (void)co_await fairlead::sleep_for(cx, 3s);
    }
    std::cout << served << " prices from the backend, " << stale << " from the fallback\n";
  });
  for (const auto& c : seen.counts()) {
    std::cout << to_string(c.policy) << ": " << to_string(c.action) << " " << c.times << " times\n";
  }
  for (const auto& t : seen.transitions()) {
    std::cout << "after " << (t.at - start) / 1s << " s: " << t.from << " -> " << t.to << "\n";
  }
}
