// SPDX-License-Identifier: BSL-1.0
#include "echo_behaviour.hpp"

#include <fairlead/core/sleep.hpp>

namespace fairlead::cli {

task<result<void>> echo_behaviour::begin(context& cx) {
  const auto n = ++requests_;
  if (delay_ > duration::zero()) {
    const auto waited = co_await sleep_for(cx, delay_);
    if (!waited) {
      co_return waited;
    }
  }
  if (fail_every_ != 0 && n % fail_every_ == 0) {
    const auto text = "request " + std::to_string(n) + " was told to fail";
    co_return fail(errors::application{"service_error", text});
  }
  co_return result<void>();
}

}  // namespace fairlead::cli
