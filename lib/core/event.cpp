// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/event.hpp>

namespace fairlead {

void event::set() noexcept {
  const std::lock_guard lock(mutex_);
  set_ = true;
  waiters_.notify_all();
}

void event::reset() noexcept {
  const std::lock_guard lock(mutex_);
  set_ = false;
}

bool event::is_set() const noexcept {
  const std::lock_guard lock(mutex_);
  return set_;
}

// Stands in the queue while it lives.
struct event::place : waiter {
  place(event& o, const context& cx) noexcept : waiter(cx, "an event"), owner(o) {}
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() {
    const std::lock_guard lock(owner.mutex_);
    owner.waiters_.remove(*this);
  }
  event& owner;
};

task<result<void>> event::wait(context& cx) {
  place mine(*this, cx);
  {
    const std::lock_guard lock(mutex_);
    if (set_) {
      co_return result<void>{};
    }
    waiters_.push_back(mine);
  }
  const auto woken = co_await mine.wait();
  if (woken == wake::cancelled) {
    co_return fail(errors::cancelled{});
  }
  if (woken == wake::deadline) {
    co_return fail(errors::deadline{});
  }
  co_return result<void>{};
}

}  // namespace fairlead
