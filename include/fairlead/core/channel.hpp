// SPDX-License-Identifier: BSL-1.0
// A bounded queue between coroutines.
#pragma once

#include <fairlead/core/semaphore.hpp>

#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace fairlead {

/// Values go in at one end and come out at the other, in order; a full channel makes senders wait,
/// an empty one receivers. Both are served first come, first served.
///
/// After `close`, sends fail, what is inside can still be received, then receives fail.
///
/// *Thread safety*: all members may be called from any thread; waiters resume on their own
/// executor.
template <class T>
class channel {
 public:
  /// Holds at most `capacity` values; 0 is taken as 1.
  explicit channel(std::size_t capacity)
      : free_(capacity == 0 ? 1 : capacity, "room in a channel"),
        filled_(0, "an item of a channel") {}

  /// *Completes when* `value` is in the channel. *Errors*: `cancelled`, `deadline`; `unavailable`
  /// when closed. Then `value` is not in the channel.
  [[nodiscard]] task<result<void>> send(context& cx, T value) {
    const auto place = co_await free_.acquire(cx);
    if (!place) {
      co_return fail(place.error());
    }
    if (!put(std::move(value))) {
      co_return fail(closed_error());
    }
    co_return result<void>{};
  }

  /// *Completes when* there is a value. *Errors*: `cancelled`, `deadline`; `unavailable` when
  /// closed and empty.
  [[nodiscard]] task<result<T>> receive(context& cx) {
    const auto there = co_await filled_.acquire(cx);
    if (!there) {
      co_return fail(there.error());
    }
    co_return take();
  }

  /// False when full or closed; then `value` is lost.
  bool try_send(T value) { return free_.try_acquire() && put(std::move(value)); }

  /// A value if one is there for us.
  [[nodiscard]] std::optional<T> try_receive() {
    return filled_.try_acquire() ? std::optional<T>(take()) : std::nullopt;
  }

  /// Idempotent. Waiting senders and receivers end.
  void close() noexcept {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    free_.close();
    filled_.close();
  }

  /// How many values are inside now.
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }

 private:
  static errors::unavailable closed_error() noexcept { return {"channel", "closed", std::nullopt}; }

  bool put(T&& value) {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      return false;
    }
    values_.push_back(std::move(value));
    filled_.release();  // under the lock: a close in between must not hide the value
    return true;
  }

  T take() {
    std::unique_lock lock(mutex_);
    T value = std::move(values_.front());
    values_.pop_front();
    lock.unlock();
    free_.release();
    return value;
  }

  mutable std::mutex mutex_;
  std::deque<T> values_;
  detail::permit_count free_;
  detail::permit_count filled_;
  bool closed_ = false;
};

}  // namespace fairlead
