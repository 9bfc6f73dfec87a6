// SPDX-License-Identifier: BSL-1.0
// A program of somebody else: its own io_context, a coroutine of its own that awaits fairlead's, a
// value, a typed error and a deadline. Both consumer projects build it.
#include <fairlead/core/context.hpp>
#include <fairlead/core/environment.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/waiter.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

namespace {

using namespace std::chrono_literals;

fairlead::task<fairlead::result<int>> half_of(fairlead::context& cx, int n) {
  if (auto usable = cx.check(); !usable) {
    co_return fairlead::fail(usable.error());
  }
  if (n == 0) {
    co_return fairlead::fail(fairlead::errors::unavailable{"halves", "there are none of 0"});
  }
  if (n % 2 != 0) {
    co_return fairlead::fail(
        fairlead::errors::invalid_argument{.what = "n", .reason = "must be even"});
  }
  co_return n / 2;
}

// True when all of it went as documented.
fairlead::task<bool> use(fairlead::environment& env) {
  fairlead::cancel_scope cx(env);
  const auto good = co_await half_of(cx, 84);
  const auto bad = co_await half_of(cx, 7);

  auto quick = cx.with_timeout(1ms);
  fairlead::waiter nobody_notifies(quick);
  const auto woken = co_await nobody_notifies.wait();

  cx.cancel();
  const auto late = co_await half_of(cx, 84);
  if (!good || bad || late) {
    co_return false;
  }
  std::printf("%d\n%s\n%s\n", *good, bad.error().message().c_str(), late.error().message().c_str());
  co_return bad.error().is<fairlead::errors::invalid_argument>() &&
      woken == fairlead::wake::deadline&& late.error().is<fairlead::errors::cancelled>();
}

}  // namespace

int main() {
  boost::asio::io_context loop(1);
  auto& env = fairlead::environment::of(loop.get_executor());
  bool all_right = false;
  boost::asio::co_spawn(loop, use(env), [&](const std::exception_ptr& failure, bool outcome) {
    all_right = !failure && outcome;
  });
  loop.run();
  return all_right ? 0 : 1;
}
