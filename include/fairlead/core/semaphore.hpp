// SPDX-License-Identifier: BSL-1.0
// Counting permits that coroutines wait for.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/waiter.hpp>

#include <cstddef>
#include <mutex>
#include <utility>

namespace fairlead {

namespace detail {

/// Permits without ownership: the common part of semaphore, mutex and channel. First come, first
/// served; a freed permit goes straight to the first waiter.
class permit_count {
 public:
  /// `what` is a literal: what is waited for.
  explicit permit_count(std::size_t available, const char* what = "a permit") noexcept
      : available_(available), what_(what) {}
  permit_count(const permit_count&) = delete;
  permit_count& operator=(const permit_count&) = delete;

  /// *Errors*: `cancelled`, `deadline`; `unavailable` once closed and used up.
  [[nodiscard]] task<result<void>> acquire(context& cx);
  [[nodiscard]] bool try_acquire() noexcept;
  void release(std::size_t n = 1) noexcept;
  /// Every waiter ends; permits that are there can still be had.
  void close() noexcept;

  [[nodiscard]] std::size_t available() const noexcept;
  [[nodiscard]] std::size_t waiting() const noexcept;

 private:
  struct place;

  mutable std::mutex mutex_;
  waiter_queue waiters_;
  std::size_t available_;
  const char* what_;
  bool closed_ = false;
};

}  // namespace detail

/// Lets at most `permits` holders in at a time, in the order in which they came.
///
/// *Thread safety*: all members may be called from any thread; waiters resume on their own
/// executor.
///
/// *Example*:
/// ```cpp
/// auto permit = co_await gate.acquire(cx);
/// if (!permit) { co_return fail(permit.error()); }
/// ```
class semaphore {
 public:
  /// Gives its permit back when destroyed. Movable; an empty one holds nothing.
  class permit {
   public:
    permit() = default;
    permit(permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
    permit& operator=(permit&& other) noexcept {
      permit taken(std::move(other));
      std::swap(from_, taken.from_);
      return *this;
    }
    ~permit() {
      if (from_ != nullptr) {
        from_->release();
      }
    }
    [[nodiscard]] explicit operator bool() const noexcept { return from_ != nullptr; }

   private:
    friend class semaphore;
    explicit permit(detail::permit_count& from) noexcept : from_(&from) {}
    detail::permit_count* from_ = nullptr;
  };

  /// `what` is a literal that says what a permit stands for, to whoever looks who waits.
  explicit semaphore(std::size_t permits, const char* what = "a permit of a semaphore") noexcept
      : count_(permits, what) {}

  /// *Completes when* a permit is held. *Errors*: `cancelled`, `deadline`; then no permit is held.
  [[nodiscard]] task<result<permit>> acquire(context& cx);

  /// A permit if one is free and nobody waits; otherwise an empty one.
  [[nodiscard]] permit try_acquire() noexcept {
    return count_.try_acquire() ? permit(count_) : permit();
  }

  [[nodiscard]] std::size_t available() const noexcept { return count_.available(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return count_.waiting(); }

 private:
  detail::permit_count count_;
};

}  // namespace fairlead
