// SPDX-License-Identifier: BSL-1.0
// One connection of a protocol whose requests have other than exactly one reply.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>

#include <functional>
#include <memory>
#include <string_view>

namespace fairlead::net {

/// Where a session puts its messages.
///
/// *Thread safety*: none; any number of `send`s may wait at a time, and each message goes out
/// whole.
class message_sender {
 public:
  message_sender() = default;
  message_sender(const message_sender&) = delete;
  message_sender& operator=(const message_sender&) = delete;

  /// Completes when the message, which must live until then, was written: a client that does not
  /// read holds it up, for `write_timeout` at most.
  ///
  /// *Errors*: those of the framer, and nothing has happened; `connection_closed` when the client
  /// is gone; `cancelled`, `deadline` before its turn. Once it is being written it is not broken
  /// off.
  [[nodiscard]] virtual task<result<void>> send(context& cx, std::string_view message) = 0;

 protected:
  ~message_sender() = default;
};

/// What a `framed_server` says to one client. Made for each connection, and destroyed after the
/// last `handle` has ended.
///
/// *Thread safety*: called on the executor of the server.
class message_session {
 public:
  message_session() = default;
  message_session(const message_session&) = delete;
  message_session& operator=(const message_session&) = delete;
  virtual ~message_session() = default;

  /// Looks at every message as soon as it has been read, before it waits for its turn. True when
  /// nothing else is to be done with it: word of something that is in progress, such as that it is
  /// given up.
  [[nodiscard]] virtual bool settle(std::string_view /*message*/) { return false; }

  /// The client says no more: what waits for word of it waits in vain. What is in progress may go
  /// on, since the client may still read.
  virtual void heard_all() noexcept {}

  /// Works on one message, and sends any number of them; several at a time. The message lives until
  /// it has ended. `cx` is cancelled when the connection breaks, and has no deadline: how long a
  /// message may take, the session says. An error, or an exception, closes the connection.
  [[nodiscard]] virtual task<result<void>> handle(context& cx, std::string_view message,
                                                  message_sender& out) = 0;
};

/// Makes the session of a connection from `peer`.
using open_session = std::function<std::unique_ptr<message_session>(std::string_view peer)>;

}  // namespace fairlead::net
