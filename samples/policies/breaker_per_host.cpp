// SPDX-License-Identifier: BSL-1.0
// A breaker per host, of which only so many may be open: first one host fails, then the network.
#include <fairlead/policy/fleet_breaker.hpp>
#include <fairlead/policy/keyed.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace errors = fairlead::errors;
namespace policy = fairlead::policy;

int main() {
  const policy::breaker_fleet fleet{{.max_open_fraction = 0.3}};
  const policy::keyed<policy::fleet_breaker> per_host{
      {{.name = "search", .consecutive_failures = 3}, fleet}, {.max_keys = 1'000}};
  const policy::stack guarded{per_host};

  const auto call_all = [&](context& cx, bool network_is_down) -> task<void> {
    const auto request = [&](context& c) -> result<int> {
      if (network_is_down || c.key() == "host-3") {
        return fairlead::fail(errors::unreachable{c.key()});
      }
      return 1;
    };
    for (int round = 0; round < 5; ++round) {
      for (int host = 0; host < 10; ++host) {
        const auto name = "host-" + std::to_string(host);
        context mine = cx.with_key(name);
        (void)co_await guarded.run(mine, request);
      }
    }
    const auto [members, open, held] = fleet.counts();
    std::cout << (fleet.panicking() ? "panic, all hosts are tried: " : "") << "of " << members
              << " breakers " << open << " open, " << held << " held closed\n";
  };

  fairlead::sim::world world;
  world.run([&](context& cx) -> task<void> {
    co_await call_all(cx, false);
    co_await call_all(cx, true);
  });
}
