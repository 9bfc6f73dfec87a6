// SPDX-License-Identifier: BSL-1.0
// What all servers do alike: accept connections up to a limit, run a session for each, end in
// order.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/listener.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace fairlead::net {

/// What surrounds the sessions of one `serve`.
struct session_surroundings {
  /// Cancelled when the server begins to drain: what a session waits under while it has nothing to
  /// finish.
  cancel_scope& until_drain;
  /// Takes tasks of a session that may outlive it for a moment; joined with the sessions.
  task_scope& beside;
};

/// Serves one connection to its end. An exception that leaves it ends this connection and no other.
using session = std::function<task<void>(context& cx, const session_surroundings& around,
                                         std::unique_ptr<stream> connection)>;

/// What an `accept_loop` has done and is doing.
struct accept_stats {
  std::size_t connections = 0;  ///< open now
  std::uint64_t accepted = 0;   ///< so far
  std::uint64_t dropped = 0;    ///< sessions that ended in an exception, mostly for want of memory
};

/// Accepts connections and runs a session for each, at most so many at a time. What a server is
/// made of; `http::server` and `framed_server` are.
///
/// - At the limit the system's backlog holds new connections until one has ended.
/// - When the process runs out of descriptors or memory it pauses for 100 ms, and goes on.
///
/// *Thread safety*: none; on the executor of the context it serves in.
class accept_loop {
 public:
  /// `name` appears in errors. `max_connections` of 0 counts as 1.
  accept_loop(std::string name, std::size_t max_connections);
  accept_loop(const accept_loop&) = delete;
  accept_loop& operator=(const accept_loop&) = delete;
  /// Every `serve` must have ended; the program ends with a message if not.
  ~accept_loop();

  /// Accepts from `from` until drained. Several listeners may be served at a time; the limit is for
  /// all of them.
  ///
  /// *Completes when* `drain` was called, and every connection of this listener has ended; or when
  /// `cx` is cancelled or out of time, after its connections were cancelled and joined.
  /// *Errors*: `unavailable` when it had been drained before; `cancelled`, `deadline`;
  /// `system_error` when the listener fails for good.
  /// *Cancellation*: of `cx`, or of the Asio coroutine that awaits; both give `cancelled`.
  [[nodiscard]] task<result<void>> serve(context& cx, std::unique_ptr<listener> from, session run);

  /// Ends in order: closes the listeners, cancels `until_drain`, lets sessions end, and cancels
  /// after `grace` what is left.
  ///
  /// *Completes when* everything has ended; every `serve` completes too.
  /// *Errors*: `timeout` with scope drain when something had to be cancelled; `cancelled` or
  /// `deadline` when `cx` ended the grace period. Everything has been joined then as well.
  /// `invalid_argument`, and nothing has happened, when `cx` is that of a session here or made from
  /// one: the session and the drain would wait for each other.
  [[nodiscard]] task<result<void>> drain(context& cx, duration grace);

  /// True from the moment `drain` is called.
  [[nodiscard]] bool draining() const noexcept;
  /// Whether `cx` is that of a session here, or was made from one.
  [[nodiscard]] bool runs(const context& cx) const noexcept;
  [[nodiscard]] accept_stats stats() const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::net
