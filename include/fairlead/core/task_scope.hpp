// SPDX-License-Identifier: BSL-1.0
// A place for tasks whose number is not known beforehand: nothing outlives the scope that started
// it.
#pragma once

#include <fairlead/core/spawn.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace fairlead {

/// What a task's failure means for the others.
enum class on_failure : std::uint8_t {
  cancel_others,  ///< the first error cancels the scope
  keep_going,     ///< errors are collected
};

/// Owns tasks. Every one is joined, and every failure surfaces in `join`.
///
/// Call `join` before the scope is destroyed; `with_scope` does it for you. A scope that is
/// destroyed with tasks in it ends the program with a message, for those tasks may refer to what is
/// being destroyed. Prefer `with_scope` in a coroutine that Asio itself may cancel
/// (`bind_cancellation_slot`), for there the await of `join` could throw before it begins; and in
/// one whose event loop may be destroyed with tasks in it, for Asio destroys those in no useful
/// order, and only what stands in a join is sure to outlive its tasks.
///
/// *Thread safety*: none; on the executor of the context.
class task_scope {
 public:
  explicit task_scope(const context& parent, on_failure policy = on_failure::cancel_others);
  task_scope(const task_scope&) = delete;
  task_scope& operator=(const task_scope&) = delete;
  ~task_scope();

  /// Starts `f`, which takes `context&` and gives a `task<void>` or `task<result<void>>`. It begins
  /// to run within this call. In a cancelled scope it starts cancelled. `f` is kept until the task
  /// has ended. When there is no memory to start it, that throws `std::bad_alloc`, and the scope is
  /// as it was.
  template <branch F>
    requires std::is_void_v<branch_result_t<F>> || std::same_as<branch_result_t<F>, result<void>>
  void spawn(F f) {
    group_.start(run(std::move(f), group_.scope(), this));
  }

  /// Starts a task that was made before, with all the memory it takes, to run under
  /// `shared_context()`. As above otherwise.
  void spawn(task<void> made) { group_.start(std::move(made)); }

  /// What the tasks run under; `spawn` gives each callable a copy. Valid as long as the scope.
  [[nodiscard]] const context& shared_context() noexcept { return group_.scope(); }

  /// Cancels all tasks; does not wait for them.
  void cancel() noexcept { group_.scope().cancel(); }

  /// How many tasks have not ended.
  [[nodiscard]] std::size_t running() const noexcept { return group_.running(); }

  /// *Completes when* all tasks have ended; tasks may be spawned meanwhile, also by tasks.
  /// *Errors*: the first that a task ended in. Tasks that end in `cancelled` after the scope was
  /// cancelled have not failed. An exception that left a task is rethrown. *Cancellation*: of the
  /// parent context cancels the tasks; the join itself always waits for them.
  [[nodiscard]] task<result<void>> join();

  /// Runs `body` as a task beside the others, which neither their failures nor `cancel` touch, then
  /// joins them. What `with_scope` is made of. An exception of `body` cancels the tasks, and is
  /// rethrown after the join. `cx` is the context that the scope was made of.
  [[nodiscard]] task<result<void>> run_and_join(context& cx, task<void> body);

  /// Every error, in the order in which it came; at most `max_kept_failures` are kept.
  [[nodiscard]] const std::vector<error>& failures() const noexcept { return failures_; }
  /// How many tasks failed, kept or not.
  [[nodiscard]] std::size_t failure_count() const noexcept { return failure_count_; }

  static constexpr std::size_t max_kept_failures = 100;

 private:
  template <class F>
  static task<void> run(F f, context cx, task_scope* self) {
    if constexpr (std::is_void_v<branch_result_t<F>>) {
      co_await f(cx);
    } else {
      const auto outcome = co_await f(cx);
      if (!outcome) {
        self->failed(outcome.error());
      }
    }
  }
  void failed(const error& e);

  detail::child_group group_;
  on_failure policy_;
  std::vector<error> failures_;
  std::size_t failure_count_ = 0;
};

/// Runs `f(task_scope&)`, a `task<result<T>>`, and joins what it spawned, however it ends. An error
/// of `f` cancels the tasks.
///
/// *Errors*: that of `f`, else the first of the tasks.
template <class F>
[[nodiscard]] std::invoke_result_t<F&, task_scope&> with_scope(context& cx, F f) {
  using outcome = typename std::invoke_result_t<F&, task_scope&>::value_type;
  std::optional<outcome> own;
  task_scope scope(cx);
  const auto body = [&]() -> task<void> {
    auto ended = co_await f(scope);
    own.emplace(std::move(ended));
    if (!*own) {
      scope.cancel();
    }
  };
  auto joined = co_await scope.run_and_join(cx, body());
  if (*own && !joined) {
    co_return fail(std::move(joined).error());
  }
  co_return std::move(*own);
}

}  // namespace fairlead
