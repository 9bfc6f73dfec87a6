// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/sleep.hpp>

#include <fairlead/core/waiter.hpp>

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

namespace fairlead {

task<result<void>> sleep_until(context& cx, time_point when) {
  const auto until = cx.with_deadline(when);
  waiter w(until, "time to pass");
  const auto woken = co_await w.wait();
  if (woken == wake::cancelled) {
    co_return fail(errors::cancelled{});
  }
  if (when > cx.deadline()) {
    co_return fail(errors::deadline{});
  }
  co_return result<void>{};
}

task<result<void>> sleep_for(context& cx, duration length) {
  return sleep_until(cx, saturating_add(cx.now(), length));
}

task<result<void>> yield(context& cx) {
  co_await boost::asio::post(cx.executor(), boost::asio::deferred);
  co_return cx.check();
}

}  // namespace fairlead
