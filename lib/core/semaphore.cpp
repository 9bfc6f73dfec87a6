// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/semaphore.hpp>

namespace fairlead {

namespace detail {

namespace {
errors::unavailable closed_error() noexcept {
  return {"queue", "closed", std::nullopt};
}
}  // namespace

// A place in the queue. However the coroutine ends, it leaves the queue, and a permit that it was
// given but did not take goes to the next.
struct permit_count::place : waiter {
  place(permit_count& o, const context& cx) noexcept : waiter(cx, o.what_), owner(o) {}
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() {
    bool pass_on = false;
    {
      const std::lock_guard lock(owner.mutex_);
      owner.waiters_.remove(*this);
      pass_on = granted;
    }
    if (pass_on) {
      owner.release();
    }
  }
  // False when the waiter was not woken by a permit. The lock orders this after `release`.
  bool take() noexcept {
    const std::lock_guard lock(owner.mutex_);
    return std::exchange(granted, false);
  }

  permit_count& owner;
  bool granted = false;  // guarded by the owner's mutex
};

task<result<void>> permit_count::acquire(context& cx) {
  if (const auto ok = cx.check(); !ok) {
    co_return ok;
  }
  if (try_acquire()) {
    co_return result<void>{};
  }
  place mine(*this, cx);
  {
    const std::lock_guard lock(mutex_);
    if (available_ > 0 && waiters_.empty()) {
      --available_;
      co_return result<void>{};
    }
    if (closed_) {
      co_return fail(closed_error());
    }
    waiters_.push_back(mine);
  }
  const auto woken = co_await mine.wait();
  if (woken == wake::cancelled || cx.cancelled()) {
    co_return fail(errors::cancelled{});
  }
  if (woken == wake::deadline) {
    co_return fail(errors::deadline{});
  }
  if (!mine.take()) {
    co_return fail(closed_error());
  }
  co_return result<void>{};
}

bool permit_count::try_acquire() noexcept {
  const std::lock_guard lock(mutex_);
  if (available_ == 0 || !waiters_.empty()) {
    return false;
  }
  --available_;
  return true;
}

void permit_count::release(std::size_t n) noexcept {
  const std::lock_guard lock(mutex_);
  for (; n > 0; --n) {
    if (auto* next = waiters_.notify_one(); next != nullptr) {
      static_cast<place*>(next)->granted = true;
    } else {
      ++available_;
    }
  }
}

void permit_count::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  waiters_.notify_all();
}

std::size_t permit_count::available() const noexcept {
  const std::lock_guard lock(mutex_);
  return available_;
}

std::size_t permit_count::waiting() const noexcept {
  const std::lock_guard lock(mutex_);
  return waiters_.size();
}

}  // namespace detail

task<result<semaphore::permit>> semaphore::acquire(context& cx) {
  const auto held = co_await count_.acquire(cx);
  if (!held) {
    co_return fail(held.error());
  }
  co_return permit(count_);
}

}  // namespace fairlead
