// SPDX-License-Identifier: BSL-1.0
// Tasks that were handed over by name: they outlive the call that started them, not their event
// loop.
#pragma once

#include <fairlead/core/spawn.hpp>

#include <cstddef>
#include <utility>

namespace fairlead {

/// The tasks of an environment that belong to no scope: losers of hedged calls that would not stop
/// in time, a value fetched for several callers of whom the first went away, refreshes of a cache.
///
/// Their contexts have no deadline but the one they are given, and are cancelled with the
/// environment: `run`, `runtime` and `sim::world` cancel and join what is left here when their own
/// tasks have ended. On an `io_context` of yours the tasks are destroyed with the loop; call
/// `cancel` and await `join` before, if that matters.
///
/// *Thread safety*: none; on the executor of the environment.
class background {
 public:
  explicit background(environment& env) : group_(env) {}
  background(const background&) = delete;
  background& operator=(const background&) = delete;
  /// Starts `f`, which takes `context&` and gives a `task<void>`. It begins to run within this
  /// call. An exception that leaves it is dropped, since nobody waits for it.
  template <branch F>
    requires std::is_void_v<branch_result_t<F>>
  void spawn(F f) {
    group_.start(run(std::move(f), root()));
  }

  /// How many have not ended.
  [[nodiscard]] std::size_t running() const noexcept { return group_.running(); }
  /// Cancels all, also those that are started later.
  void cancel() noexcept { group_.scope().cancel(); }
  /// *Completes when* nothing runs here. Not cancellable.
  [[nodiscard]] task<void> join() { return group_.join(); }
  /// The context that tasks run under: no deadline, cancelled by `cancel`.
  [[nodiscard]] context& root() noexcept { return group_.scope(); }

 private:
  template <class F>
  static task<void> run(F f, context cx) {
    try {
      co_await f(cx);
    } catch (...) {  // nobody waits for it
    }
  }

  detail::child_group group_;
};

}  // namespace fairlead
