// SPDX-License-Identifier: BSL-1.0
// Ten calls at once to a peer that allows five per second, and a bigger one.
#include <fairlead/policy/rate_limit.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace policy = fairlead::policy;

int main() {
  const policy::rate_limit quota{
      {.name = "quota", .permits = 5, .period = 1s, .burst = 3, .max_wait = 1s}};
  const policy::stack limited{quota};

  fairlead::sim::world world({.order = fairlead::sim::ordering::arrival});
  const auto request = [&](context& cx) -> result<void> {
    std::cout << "  a request of cost " << cx.cost() << " at " << world.elapsed() / 1ms << " ms\n";
    return {};
  };
  for (int number = 1; number <= 10; ++number) {
    world.spawn("call", [&](context& cx) -> task<void> {
      const auto sent = co_await limited.run(cx, request);
      if (!sent) {
        std::cout << "  " << sent.error().message() << "\n";
      }
    });
  }
  std::cout << "ten at once:\n";
  world.run_until_idle();

  std::cout << "one that counts for three:\n";
  world.run([&](context& cx) -> task<void> {
    context big = cx.with_cost(3);
    (void)co_await limited.run(big, request);
  });
}
