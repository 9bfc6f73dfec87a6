// SPDX-License-Identifier: BSL-1.0
// A peer refuses most of what it gets. The client learns to leave it alone, and when to come back.
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/policy/throttle.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace errors = fairlead::errors;
namespace policy = fairlead::policy;

int main() {
  const policy::throttle gentle{{.name = "search", .window = 30s}};
  const policy::stack throttled{gentle};

  fairlead::sim::world world;
  world.run([&](context& cx) -> task<void> {
    for (const double accepted : {1.0, 0.1, 0.0, 1.0}) {
      int sent = 0;
      const auto search = [&](context&) -> result<void> {
        if (++sent % 10 >= accepted * 10) {
          return fairlead::fail(errors::unavailable{"search", "overloaded", std::nullopt});
        }
        return {};
      };
      for (int call = 0; call < 1000; ++call) {
        (void)co_await throttled.run(cx, search);
        (void)co_await fairlead::sleep_for(cx, 100ms);
      }
      const auto now = gentle.metrics(cx.now());
      std::cout << "accepts " << accepted * 100 << " %: " << sent
                << " of 1000 calls sent; in the end " << static_cast<int>(now.probability * 100)
                << " % are held back\n";
    }
  });
}
