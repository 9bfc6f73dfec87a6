// SPDX-License-Identifier: BSL-1.0
// Event loops on threads, for servers.
#pragma once

#include <fairlead/core/environment.hpp>
#include <fairlead/core/spawn.hpp>

#include <cstddef>
#include <functional>
#include <memory>

namespace fairlead {

/// How a `runtime` is made.
struct runtime_options {
  /// Event loops, each on a thread of its own; 0 takes one per core. The first runs in the thread
  /// that calls `run`.
  std::size_t threads = 1;
  /// SIGINT and SIGTERM ask for a graceful stop; the second signal ends the process the usual way.
  bool handle_signals = true;
  /// After a stop was asked for, tasks may finish for this long before they are cancelled. 10 s by
  /// default, well within the 30 s that Kubernetes grants.
  duration grace = std::chrono::seconds(10);
};

/// One event loop per thread; nothing is shared between them, so nothing needs a strand.
///
/// Tasks are started on a loop before or while it runs. `run` returns when every task has ended, by
/// itself or since a stop was asked for: first `stopping` turns true and the tasks that wait for it
/// (servers) drain; after the grace period the rest are cancelled and joined.
///
/// *Thread safety*: all members may be called from any thread, `run` once.
///
/// *Example*:
/// ```cpp
/// fairlead::runtime machine({.threads = 2});
/// for (std::size_t i = 0; i < machine.size(); ++i) {
///   machine.start(i, [&](fairlead::context& cx) { return serve(cx, options); });
/// }
/// machine.run();
/// ```
class runtime {
 public:
  explicit runtime(runtime_options options = {});
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;
  ~runtime();

  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] environment& loop(std::size_t i) noexcept;

  /// Starts a task on loop `i`: `f` takes `context&` and gives a `task<void>`. From outside the
  /// tasks, keep one alive that waits for `stopping`, for with the last task the loops end: then
  /// this throws `std::logic_error`, and nothing was started.
  template <branch F>
    requires std::is_void_v<branch_result_t<F>>
  void start(std::size_t i, F f) {
    start_erased(i, std::function<task<void>(context&)>(std::move(f)));
  }

  /// *Completes when* a stop has been asked for: what a server awaits before it drains.
  /// *Errors*: `cancelled`, `deadline`.
  [[nodiscard]] task<result<void>> stopping(context& cx);

  /// Asks for a graceful stop. Idempotent; also from a signal's thread, not from a signal handler.
  void stop() noexcept;

  /// Runs the loops until every task has ended. Rethrows the first exception that left a task,
  /// after the others were cancelled and joined.
  void run();

 private:
  void start_erased(std::size_t i, std::function<task<void>(context&)> f);

  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace fairlead
