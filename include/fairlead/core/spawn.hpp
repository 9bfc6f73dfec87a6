// SPDX-License-Identifier: BSL-1.0
// Starting coroutines beside the current one, in groups that are joined.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/waiter.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace fairlead {

/// What calling `F` with a `context&` and awaiting it gives.
template <class F>
using branch_result_t = typename std::invoke_result_t<F&, context&>::value_type;

/// A callable that can be started as a task of its own: takes `context&`, gives a `task<T>`.
template <class F>
concept branch = requires(F f, context& cx) {
  { f(cx) } -> std::same_as<task<typename std::invoke_result_t<F&, context&>::value_type>>;
};

namespace detail {

/// Coroutines that run beside the one that owns the group, under one cancellation. The owner must
/// join before it ends; what still runs when a group is destroyed belongs to an event loop that is
/// going away. When a loop is destroyed with tasks in it, an owner that stands in `join` is
/// destroyed after the last of its children, for they may refer to what it holds.
class child_group {
 public:
  explicit child_group(const context& parent);
  /// Below no context.
  explicit child_group(environment& env);
  child_group(const child_group&) = delete;
  child_group& operator=(const child_group&) = delete;
  ~child_group();

  /// The context under which children run.
  [[nodiscard]] cancel_scope& scope() noexcept { return scope_; }
  [[nodiscard]] std::size_t running() const noexcept { return running_; }

  /// Starts `body`; it begins to run within this call.
  void start(task<void> body);

  /// Completes when nothing runs any more. Is not cancellable: cancels the children instead when
  /// the awaiting Asio coroutine is cancelled. Rethrows the first exception that left a child.
  [[nodiscard]] task<void> join();

  /// As `join`, of the children of `other` too, in one wait: there is no moment at which the loop
  /// could be destroyed, and the owner before them. Once no child runs here, a cancellation of this
  /// group is passed on to `other`.
  [[nodiscard]] task<void> join_holding(child_group& other);

  /// For those who drive the event loop: `f(arg)` is called whenever the last child has ended.
  void when_idle(void (*f)(void* arg), void* arg) noexcept {
    on_idle_ = f;
    idle_arg_ = arg;
  }
  /// The first exception that left a child, once.
  [[nodiscard]] std::exception_ptr take_exception() noexcept {
    return std::exchange(thrown_, nullptr);
  }

 private:
  struct child;
  struct completion;
  [[nodiscard]] bool all_ended() const noexcept {
    return running_ == 0 && (held_ == nullptr || held_->running_ == 0);
  }
  void on_done(std::exception_ptr thrown) noexcept;
  void notify_joiner() noexcept;
  void pass_on_cancellation() noexcept;
  void on_abandoned() noexcept;

  cancel_scope scope_;
  std::size_t running_ = 0;
  child* children_ = nullptr;
  waiter* joiner_ = nullptr;
  child_group* held_ = nullptr;    // whose children our joiner must outlive as well
  child_group* holder_ = nullptr;  // the other end of held_
  std::exception_ptr thrown_;
  void (*on_idle_)(void* arg) = nullptr;
  void* idle_arg_ = nullptr;
};

/// Runs `f` with its own copy of `cx` and keeps what it gives.
template <class F, class R, class Then>
task<void> run_branch(F f, context cx, std::optional<R>* out, Then then) {
  auto outcome = co_await f(cx);
  out->emplace(std::move(outcome));
  then(**out);
}

}  // namespace detail
}  // namespace fairlead
