// SPDX-License-Identifier: BSL-1.0
// What a piece of fairlead code runs in: an executor with its clock, timers and random source.
#pragma once

#include <fairlead/core/clock.hpp>
#include <fairlead/core/config.hpp>
#include <fairlead/core/random.hpp>
#include <fairlead/core/timer_queue.hpp>
#include <fairlead/core/waiting.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace fairlead {

class background;

/// An executor and the seams that belong to it. One per event loop; it must outlive everything that
/// was started in it.
///
/// The executor must never run two handlers at the same time: an `io_context` that one thread runs,
/// or a strand. `run` and `runtime` make their own environments; on an `io_context` of yours call
/// `environment::of`, on a strand construct one.
///
/// *Thread safety*: use it from handlers of its executor only; `executor()` and `time()` from any
/// thread.
///
/// *Example*:
/// ```cpp
/// boost::asio::io_context loop(1);
/// auto& env = fairlead::environment::of(loop.get_executor());
/// ```
class environment {
 public:
  /// Real time on `executor`, which must belong to an Asio `io_context` or a strand of one.
  explicit environment(boost::asio::any_io_executor executor);

  /// Other seams, as simulations use them. Keeps the references.
  environment(boost::asio::any_io_executor executor, clock& time, alarm& wake, std::uint64_t seed);

  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;
  /// Destroys the coroutines that still wait in it.
  ~environment();

  /// The environment that belongs to the execution context of `executor`; made at the first call,
  /// lives as long as that context. For contexts that are run by one thread.
  [[nodiscard]] static environment& of(const boost::asio::any_io_executor& executor);

  /// Makes this the environment that `of` finds for the context of its executor, before anybody has
  /// asked. It must live as long as it can be asked for. For simulations, which bring their own
  /// seams.
  void provide();

  /// Destroys the coroutines that wait in it, as the destructor does; `closing` from now on. For
  /// owners of an event loop that is going away while handlers are still queued in it.
  void close() noexcept;

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  [[nodiscard]] clock& time() const noexcept { return clock_; }
  [[nodiscard]] time_point now() const noexcept { return clock_.now(); }
  [[nodiscard]] timer_queue& timers() noexcept { return timers_; }
  [[nodiscard]] random_source& random() noexcept { return random_; }
  /// Fills `into` with bytes that nobody can foresee, from the system: for keys, nonces and masks.
  /// In simulations they are drawn from `random`, and so the same in every run.
  void unpredictable(std::span<std::byte> into);
  /// The tasks that outlive the calls which started them; see background.hpp.
  [[nodiscard]] fairlead::background& background();
  /// How many of them have not ended.
  [[nodiscard]] std::size_t running_in_background() const noexcept;
  /// Cancels them.
  void cancel_background() noexcept;
  /// Calls `f` for every coroutine that waits in it at this moment, the latest first: what a
  /// program that does not go on is asked. `f` must not wait, nor wake anybody.
  void each_waiting(const std::function<void(const waiting_task&)>& f) const;
  /// Shows a wait of one's own there, until it is unlinked.
  void show(waiting_link& l) noexcept { l.link(shown_); }
  /// True once the event loop is being taken down: coroutines are destroyed where they stand.
  [[nodiscard]] bool closing() const noexcept { return closing_; }

 private:
  friend class waiter;

  class service;
  struct parts;

  // Of suspended coroutines that nothing but this list owns; dropped with the environment.
  void park(waiting_link& l) noexcept;
  void unpark(waiting_link& l) noexcept;

  boost::asio::any_io_executor executor_;
  clock& clock_;
  std::unique_ptr<parts> parts_;
  timer_queue timers_;
  random_source random_;
  waiting_link* parked_ = nullptr;
  waiting_link* shown_ = nullptr;
  bool closing_ = false;
  bool simulated_ = false;
};

}  // namespace fairlead
