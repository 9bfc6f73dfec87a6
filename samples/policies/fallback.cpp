// SPDX-License-Identifier: BSL-1.0
// Something better than an error, where there is something better.
#include <fairlead/policy/fallback.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>
#include <string>

using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace errors = fairlead::errors;
namespace policy = fairlead::policy;

int main() {
  const auto old_price = [](const fairlead::error& why) {
    std::cout << "  (" << why.message() << ")\n";
    return std::string("9.50, as of yesterday");
  };
  const policy::stack answered{policy::fallback{old_price}};

  // Only for what may be well again tomorrow: an unknown article has no price to fall back to.
  const auto passing = [](const fairlead::error& e) {
    return policy::default_verdict(e) == policy::verdict::failure;
  };
  const policy::stack choosy{policy::fallback{passing, old_price}};

  const auto down = [](context&) -> result<std::string> {
    return fairlead::fail(errors::unavailable{"prices", "restarting", std::nullopt});
  };
  const auto unknown = [](context&) -> result<std::string> {
    return fairlead::fail(errors::application{"no_such_article", "there is no article 77"});
  };

  const auto show = [](const result<std::string>& price) {
    std::cout << (price ? *price : "error: " + price.error().message()) << "\n";
  };
  fairlead::sim::world world;
  world.run([&](context& cx) -> task<void> {
    const auto first = co_await answered.run(cx, down);
    show(first);
    const auto second = co_await choosy.run(cx, down);
    show(second);
    const auto third = co_await choosy.run(cx, unknown);
    show(third);
  });
}
