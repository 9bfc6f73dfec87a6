// SPDX-License-Identifier: BSL-1.0
// Fresh values, old values while a new one is fetched, and old values instead of an error.
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/cache.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>
#include <memory>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace errors = fairlead::errors;
namespace policy = fairlead::policy;

int main() {
  const policy::cache remembered{{.ttl = 10s, .stale_while_revalidate = 5s, .stale_if_error = 60s}};
  const policy::stack cached{remembered};

  struct source {
    int version = 0;
    bool down = false;
  };
  const auto rates = std::make_shared<source>();
  const auto fetch = policy::detachable([rates](context&) -> result<int> {
    if (rates->down) {
      return fairlead::fail(errors::unavailable{"rates", "down", std::nullopt});
    }
    return ++rates->version;
  });

  fairlead::sim::world world;
  world.run([&](context& cx) -> task<void> {
    context mine = cx.with_key("EUR/USD");
    for (const auto wait : {0s, 8s, 4s, 1s, 40s, 60s}) {
      (void)co_await fairlead::sleep_for(cx, wait);
      rates->down = world.elapsed() > 20s;
      const auto rate = co_await cached.run(mine, fetch);
      std::cout << world.elapsed() / 1s
                << " s: " << (rate ? "version " + std::to_string(*rate) : rate.error().message())
                << "\n";
    }
  });
  const auto seen = remembered.metrics();
  std::cout << seen.hits << " fresh, " << seen.stale << " stale, " << seen.misses
            << " went inside\n";
}
