// SPDX-License-Identifier: BSL-1.0
// The one way in which fairlead suspends a coroutine: until it is notified, cancelled or out of
// time.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>

#include <atomic>
#include <cstdint>

namespace fairlead {

namespace detail {
class child_group;
}  // namespace detail

/// Why a wait ended.
enum class wake : std::uint8_t { notified, cancelled, deadline };

/// Tag for a wait that never gives up.
struct joining_t {};
inline constexpr joining_t joining{};

/// One suspension. Lives in the frame of the coroutine that waits; semaphores, channels, pools and
/// your own primitives hand it to whoever will notify it.
///
/// The first of notification, cancellation and deadline wins and the others have no effect. A
/// waiter that was notified has been given what it waited for, even if the context is cancelled
/// before the coroutine runs again: the owner of the resource decides what to do then.
///
/// *Thread safety*: `notify` may be called from any thread while the waiter lives and its `wait`
/// has not been resumed, that is, under the lock that guards the queue it stands in. The rest
/// belongs to the executor of its context.
class waiter {
 public:
  /// Ends with cancellation or deadline of `cx` too. `what` is a literal that says what is waited
  /// for, to whoever looks at the environment: "a ticket".
  explicit waiter(const context& cx, const char* what = "a notification") noexcept
      : cx_(&cx), env_(&cx.env()), what_(what) {}
  /// Ends only when notified: for joins, which never give up. When the awaiting Asio coroutine is
  /// cancelled, `on_abort` is cancelled instead, so that what is joined ends soon.
  waiter(joining_t /*tag*/, cancel_scope& on_abort, const char* what = "tasks to end") noexcept
      : env_(&on_abort.env()), what_(what), on_abort_(&on_abort) {}
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;
  /// Destroying it while it waits is fine (its coroutine is being destroyed), outside any queue.
  ~waiter() = default;

  /// Suspends until notified, cancelled or out of time; at once when one of them is so already. A
  /// notification beats a cancellation, and a cancellation a deadline, when both stand at that
  /// moment.
  ///
  /// *Cancellation*: of the context, and of the Asio coroutine that awaits; both end in
  /// `wake::cancelled`.
  [[nodiscard]] task<wake> wait();

  /// Wakes it. False when it had been woken, by whatever cause, before.
  bool notify() noexcept { return finish(state::notified); }

  /// True once it has been woken, by whatever cause.
  [[nodiscard]] bool woken() const noexcept {
    const auto s = state_.load(std::memory_order_acquire);
    return s != state::idle && s != state::waiting;
  }

 private:
  friend class waiter_queue;
  friend class detail::child_group;
  enum class state : std::uint8_t { idle, waiting, notified, cancelled, deadline };
  struct operation;

  bool finish(state reason) noexcept;
  // For the join of a group: closing the environment leaves its coroutine alone; `abandon`, when
  // all that is joined was destroyed with the event loop, destroys it.
  void outlive_environment() noexcept { held_ = true; }
  void abandon() noexcept;

  const context* cx_ = nullptr;
  environment* env_;
  const char* what_;
  cancel_scope* on_abort_ = nullptr;
  operation* operation_ = nullptr;
  std::atomic<state> state_{state::idle};
  waiter* next_ = nullptr;
  waiter* prev_ = nullptr;
  bool queued_ = false;
  bool held_ = false;
};

/// An intrusive FIFO of waiters. Guard it with the lock of the thing that owns it.
class waiter_queue {
 public:
  waiter_queue() = default;
  waiter_queue(const waiter_queue&) = delete;
  waiter_queue& operator=(const waiter_queue&) = delete;

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void push_back(waiter& w) noexcept;
  /// Nothing happens when `w` is not in this queue.
  void remove(waiter& w) noexcept;
  /// Takes waiters from the front until one can be notified; returns it, or nullptr when there was
  /// none.
  waiter* notify_one() noexcept;
  /// Notifies and removes all.
  void notify_all() noexcept;

 private:
  waiter* first_ = nullptr;
  waiter* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace fairlead
