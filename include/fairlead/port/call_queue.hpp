// SPDX-License-Identifier: BSL-1.0
// Calls that wait to be run by another event loop, on another thread or on the same.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/waiter.hpp>
#include <fairlead/observe/trace_context.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

namespace fairlead {

/// The knobs of a `call_queue`.
struct call_queue_options {
  /// Calls that may wait for their turn, at least 1; default 1000. The next one fails with
  /// `pool_exhausted`.
  std::size_t max_waiting = 1000;
  /// Calls that one `serve` works on at a time, at least 1; default 256.
  std::size_t max_concurrent = 256;
};

/// What a queue has done and is doing.
struct call_queue_stats {
  std::size_t waiting = 0;      ///< calls that wait for their turn
  std::size_t running = 0;      ///< calls that are worked on
  std::uint64_t completed = 0;  ///< calls that were worked on so far
  std::uint64_t refused = 0;    ///< calls for which there was no room
};

namespace detail {

struct queue_server;

/// A call, in the frame of its caller, who stays until it has ended.
struct queued_job {
  using run_function = task<void> (*)(queued_job& self, context& cx);

  queued_job(run_function f, received_call call) noexcept : run(f), about(call) {}
  queued_job(const queued_job&) = delete;
  queued_job& operator=(const queued_job&) = delete;
  virtual ~queued_job() = default;

  /// Called once, on whatever thread, when nothing more happens to it there.
  virtual void ended() noexcept {}

  enum class state : std::uint8_t { outside, waiting, running, done };

  run_function run;                    // does the work, under the context of the other side
  received_call about;                 // what is said of this call
  const context* caller = nullptr;     // whose facts travel; not its environment
  std::optional<trace_context> trace;  // of the caller, for another thread
  std::exception_ptr thrown;           // by the service

  // Guarded by the queue.
  state at = state::outside;
  bool started = false;
  bool dropped = false;  // nobody has worked on it, or its event loop was taken down
  bool given_up = false;
  bool listed = false;             // as given up, with its server
  queue_server* server = nullptr;  // that runs it
  cancel_scope* work = nullptr;    // while it runs
  waiter* who = nullptr;           // waits for its end
  queued_job* next = nullptr;
  queued_job* prev = nullptr;
};

}  // namespace detail

/// A bounded queue of calls between event loops: callers of `queued` ports put calls in, on any
/// thread, and whoever runs `serve` works on them. Several threads may serve one queue; each call
/// is run by one. Nothing is copied or serialized: a call waits in the frame of its caller.
///
/// First come, first served. A caller's time runs while its call waits; a call that is given up
/// before its turn is not run. Before the first `serve` calls wait; when the last has ended, those
/// that wait fail with `unavailable`, and so do new ones until somebody serves again.
///
/// *Thread safety*: all members may be called from any thread. It must outlive its ports' calls and
/// every `serve`.
///
/// *Example*:
/// ```cpp
/// call_queue to_disk;
/// std::jthread worker([&] { run([&](context& cx) { return to_disk.serve(cx); }); });
/// const auto files = queued<file_port>(to_disk, file_service());
/// auto text = co_await files.call<read_file>(cx, "a.txt");  // runs over there
/// to_disk.close();
/// ```
class call_queue {
 public:
  /// Throws `std::invalid_argument` naming everything that is wrong with the options.
  explicit call_queue(call_queue_options options = {});
  call_queue(const call_queue&) = delete;
  call_queue& operator=(const call_queue&) = delete;
  /// No call may be in it, and nobody may serve it.
  ~call_queue();

  /// Works on calls, on the executor of `cx`.
  ///
  /// *Completes when* the queue is closed and no call is left, or `cx` has ended: then what it
  /// works on is cancelled, and joined. *Errors*: `cancelled`, `deadline`.
  [[nodiscard]] task<result<void>> serve(context& cx);

  /// Takes no more calls (`unavailable`); those that are here are worked on. Idempotent.
  void close() noexcept;

  [[nodiscard]] call_queue_stats stats() const;

  /// For adapters. Puts a call in. *Errors*: `cancelled`, `deadline`; `pool_exhausted`,
  /// `unavailable`, not sent.
  [[nodiscard]] result<void> enter(const context& cx, detail::queued_job& job);
  /// For adapters. *Completes when* the call has ended. When `cx` ends before, the call is given
  /// up: taken out while it waits, cancelled and joined while it runs. *Errors*: why it was not
  /// run, or not to its end; what it came to otherwise is in the job. Rethrows what it threw.
  [[nodiscard]] task<result<void>> join(context& cx, detail::queued_job& job);
  /// For adapters. The caller wants no more of it: join it soon.
  void give_up(detail::queued_job& job) noexcept;
  /// For adapters. The frame of the caller goes. A call that runs meanwhile ends the program with a
  /// message, for it works on what is in that frame.
  void withdraw(detail::queued_job& job) noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

namespace detail {

/// A call's place in a queue, from `enter` to the end of its caller's frame. Keeps the caller's
/// event loop running, which waits for another thread.
class queued_stake {
 public:
  queued_stake(call_queue& queue, const context& cx, queued_job& job);
  queued_stake(const queued_stake&) = delete;
  queued_stake& operator=(const queued_stake&) = delete;
  ~queued_stake() { queue_.withdraw(job_); }

 private:
  call_queue& queue_;
  queued_job& job_;
  boost::asio::any_io_executor kept_;
};

/// `e`, which the call came to over there, as its caller must read it: an end that the caller did
/// not ask for is not the caller's.
void belongs_to_the_caller(const context& cx, error& e);

}  // namespace detail

}  // namespace fairlead
