// SPDX-License-Identifier: BSL-1.0
#include "detail/listener.hpp"

#include <algorithm>

namespace fairlead::sim::detail {

sim_listener::sim_listener(std::shared_ptr<fabric> f, machine_id m, net::endpoint local,
                           const net::listen_options& options)
    : fabric_(std::move(f)),
      local_(std::move(local)),
      backlog_(static_cast<std::size_t>(std::max(options.backlog, 0)) + 1),  // as Linux counts
      shared_(options.share_port) {
  fabric_->add(m, *this);
}

task<result<std::unique_ptr<net::stream>>> sim_listener::accept(context& cx) {
  if (cx.cancelled()) {
    co_return fail(errors::cancelled{});
  }
  while (queue_.empty()) {
    if (stopped_) {
      const auto name = local_.to_string();
      co_return fail(errors::unavailable{name, "the listener is closed", std::nullopt});
    }
    auto ready = co_await acceptor_.wait(cx);
    if (!ready) {
      co_return fail(std::move(ready).error());
    }
  }
  auto next = std::move(queue_.front());
  queue_.pop_front();
  fabric_->note("accept " + local_.to_string() + " from " + next->peer());
  co_return next;
}

bool sim_listener::offer(std::unique_ptr<net::stream>& s) {
  if (queue_.size() >= backlog_) {
    return false;
  }
  queue_.push_back(std::move(s));
  acceptor_.notify();
  return true;
}

void sim_listener::stop() noexcept {
  if (!stopped_) {
    stopped_ = true;
    fabric_->remove(*this);
    queue_.clear();
    acceptor_.notify();
  }
}

}  // namespace fairlead::sim::detail
