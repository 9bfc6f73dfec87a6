// SPDX-License-Identifier: BSL-1.0
// The seam between programs and whatever carries messages between them.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/port/broker_message.hpp>
#include <fairlead/port/subscription_options.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace fairlead {

/// Acts on one message, which lives until the task has ended. Its context has the deadline of the
/// subscription's `handler_timeout`. An exception that leaves it is counted and dropped.
using broker_handler = std::function<task<void>(context& cx, const broker_message& m)>;

/// What a subscription has done and is doing.
struct subscription_stats {
  std::size_t waiting = 0;        ///< messages for which no handler runs yet
  std::size_t waiting_bytes = 0;  ///< their bytes
  std::size_t running = 0;        ///< handlers that have not ended
  std::uint64_t handled = 0;      ///< handlers that have ended
  std::uint64_t failed = 0;       ///< of those, by an exception
  std::uint64_t dropped = 0;      ///< messages that found the inbox full, or were cut off in it
};

/// Somebody who gets messages. Destroying it ends that at once: what waits is dropped and counted,
/// handlers are cancelled; their tasks end in the scope that it was made with.
///
/// *Thread safety*: none; on the executor of that scope.
class subscription {
 public:
  subscription() = default;
  subscription(const subscription&) = delete;
  subscription& operator=(const subscription&) = delete;
  virtual ~subscription() = default;

  /// Ends in order: asks for no more messages, lets those that have come be handled, and after
  /// `grace` cuts off what is left.
  ///
  /// *Completes when* no handler runs any more. *Errors*: `timeout` with scope drain when something
  /// was cut off; `cancelled`, `deadline` when `cx` ended the grace period.
  [[nodiscard]] virtual task<result<void>> drain(context& cx, duration grace) = 0;

  [[nodiscard]] virtual subscription_stats stats() const noexcept = 0;
};

/// Carries messages from publishers to subscribers, at most once: a message that nobody takes, or
/// that is under way when something breaks, is gone, and nobody is told. Who has to know makes a
/// request of it.
///
/// A message goes to every subscription whose pattern matches its subject; but of those that share
/// a queue group, to one. The order of messages from one publisher to one subscription is kept.
///
/// Implementations: `local_broker` within a process, `nats_client`.
///
/// *Thread safety*: each implementation says its own.
class message_broker {
 public:
  message_broker() = default;
  message_broker(const message_broker&) = delete;
  message_broker& operator=(const message_broker&) = delete;
  virtual ~message_broker() = default;

  /// Sends `m`, which must live until the task has ended.
  ///
  /// *Completes when* it was handed over: to the inboxes, or to the connection. *Errors*: those of
  /// `check_message`; `too_large`; those of the way there, whose `sent` says whether the message
  /// may arrive all the same; `unavailable` once drained; `cancelled`, `deadline`.
  [[nodiscard]] virtual task<result<void>> publish(context& cx, const broker_message& m) = 0;

  /// Sends `m` with a `reply_to` of its own, and gives the first message that is published to that.
  /// `m` must live until the task has ended, and must not have a `reply_to`.
  ///
  /// *Completes when* the reply is there. *Errors*: `unavailable` (not sent) at once when nobody
  /// has subscribed to the subject; `timeout` after the broker's own limit, when `cx` has no
  /// earlier deadline; those of `publish`. When a connection breaks, the call ends at once, and
  /// `sent` is unknown unless not a byte had left.
  [[nodiscard]] virtual task<result<broker_message>> request(context& cx,
                                                             const broker_message& m) = 0;

  /// Calls `handler` for each message of the pattern in `options`, in tasks of `scope`, of which at
  /// most `max_concurrent` run at a time. Messages wait for their turn in a bounded inbox; what
  /// becomes of those that find it full is in `options`.
  ///
  /// *Completes when* the broker has it: whatever is published after that arrives. *Errors*:
  /// `invalid_argument` with everything that is wrong with the options; those of the way there;
  /// `application` when the broker does not permit it; `unavailable` once drained; `cancelled`,
  /// `deadline`. Then it has not subscribed.
  ///
  /// The scope can be joined once the subscription is drained or destroyed; cancelling it ends the
  /// subscription.
  [[nodiscard]] virtual task<result<std::unique_ptr<subscription>>> subscribe(
      context& cx, task_scope& scope, subscription_options options, broker_handler handler) = 0;

  /// Ends in order: drains the subscriptions, whose handlers can still publish answers; lets
  /// requests in progress end; after `grace` cuts off what is left. Everything that comes after it
  /// is `unavailable`.
  ///
  /// *Errors*: as `subscription::drain`.
  [[nodiscard]] virtual task<result<void>> drain(context& cx, duration grace) = 0;
};

/// Publishes `answer` to where `request` wants it. Both must live until the task has ended; the
/// subject of `answer` is set.
///
/// *Errors*: `invalid_argument` when `request` wants no answer; those of `publish`.
///
/// *Example*:
/// ```cpp
/// auto answer = broker_message().payload("pong");
/// auto sent = co_await respond(cx, broker, request, answer);
/// ```
[[nodiscard]] task<result<void>> respond(context& cx, message_broker& broker,
                                         const broker_message& request, broker_message& answer);

}  // namespace fairlead
