// SPDX-License-Identifier: BSL-1.0
// Eight hosts behind one name, one of them broken: a balancer that leaves it out.
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/outlier.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>
#include <vector>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::task;
namespace policy = fairlead::policy;

int main() {
  const policy::outlier_detector detector{{.interval = 10s, .ejection = 30s}};
  std::vector<policy::outlier_detector::endpoint> hosts;
  for (int host = 0; host < 8; ++host) {
    hosts.push_back(detector.add());
  }

  fairlead::sim::world world;
  world.run([&](context& cx) -> task<void> {
    std::size_t turn = 0;
    for (int half_minute = 1; half_minute <= 4; ++half_minute) {
      const bool broken = half_minute <= 2;
      int failures = 0;
      for (int request = 0; request < 3000; ++request) {
        do {  // round robin among those that may be used
          turn = (turn + 1) % hosts.size();
        } while (!hosts[turn].usable(cx.now()));
        const bool failed = broken && turn == 3;
        failures += failed ? 1 : 0;
        hosts[turn].record(failed ? policy::verdict::failure : policy::verdict::success, cx.now());
        (void)co_await fairlead::sleep_for(cx, 10ms);
      }
      std::cout << half_minute * 30 << " s: " << failures << " of 3000 failed, "
                << detector.metrics(cx.now()).ejected << " ejected\n";
    }
  });
}
