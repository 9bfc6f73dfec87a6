// SPDX-License-Identifier: BSL-1.0
// Everybody asks for the same page at the same time.
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/coalesce.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>
#include <memory>
#include <string>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace policy = fairlead::policy;

// What the operation uses belongs to it: the run may outlive the call that began it.
struct origin {
  int requests = 0;
  task<result<std::string>> page(context& cx) {
    ++requests;
    const auto loaded = co_await fairlead::sleep_for(cx, 200ms);
    if (!loaded) {
      co_return fairlead::fail(loaded.error());
    }
    co_return "news";
  }
};

int main() {
  const policy::stack shared{policy::coalesce{}};
  const auto server = std::make_shared<origin>();
  const auto fetch = policy::detachable([server](context& cx) { return server->page(cx); });

  fairlead::sim::world world({.order = fairlead::sim::ordering::arrival});
  for (const auto patience : {1000ms, 50ms, 1000ms, 1000ms}) {
    world.spawn("reader", [&, patience](context& cx) -> task<void> {
      context mine = cx.with_key("/front").with_timeout(patience);
      const auto page = co_await shared.run(mine, fetch);
      std::cout << world.elapsed() / 1ms << " ms: " << (page ? *page : page.error().message())
                << "\n";
    });
  }
  world.run_until_idle();
  std::cout << server->requests << " request for 4 readers\n";
}
