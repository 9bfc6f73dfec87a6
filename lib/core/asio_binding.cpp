// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/asio_binding.hpp>

namespace fairlead {

void asio_binding::start() {
  if (cx_->cancelled()) {
    abort();
    return;
  }
  cx_->cancel_tree().add(node_);
  cx_->env().timers().arm(timer_, cx_->deadline());
}

void asio_binding::stop() noexcept {
  node_.unlink();
  if (timer_.linked()) {
    cx_->env().timers().disarm(timer_);
  }
}

void asio_binding::abort() noexcept {
  stop();
  signal_.emit(boost::asio::cancellation_type::terminal);
}

}  // namespace fairlead
