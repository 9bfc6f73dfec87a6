// SPDX-License-Identifier: BSL-1.0
// The receiving end of a subscription: a bounded queue, and the handlers that empty it.
#pragma once

#include <fairlead/port/broker.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace fairlead {

/// What those who implement a `message_broker` build subscriptions of: takes messages without ever
/// waiting, and calls a handler for each, at most so many at a time, in tasks of a scope. Messages
/// begin to be handled in the order in which they came.
///
/// *Thread safety*: none; on the executor of the scope.
class message_inbox {
 public:
  /// What became of a message.
  enum class fate : std::uint8_t {
    taken,    ///< it waits for its handler; older ones may have been dropped for it
    dropped,  ///< there was no room
    closed,   ///< no more is taken
  };

  /// What an inbox asks of its broker. Not called any more once the inbox is destroyed.
  class owner {
   public:
    owner() = default;
    owner(const owner&) = delete;
    owner& operator=(const owner&) = delete;
    virtual ~owner() = default;

    /// Publish this refusal now or never, without waiting.
    virtual void refuse(const broker_message& answer) = 0;
    /// The task of the inbox has ended, whatever ended it; called once.
    virtual void ended() noexcept = 0;
  };

  /// The options must have no problems, and `to` must outlive the inbox.
  message_inbox(task_scope& scope, subscription_options options, broker_handler handler, owner& to);
  message_inbox(const message_inbox&) = delete;
  message_inbox& operator=(const message_inbox&) = delete;
  /// Drops what waits, cancels what runs.
  ~message_inbox();

  /// Takes `m`, or not. Handlers start later, never within this call.
  fate offer(std::shared_ptr<const broker_message> m);

  /// Messages that wait or are handled.
  [[nodiscard]] std::size_t load() const noexcept;
  /// Whether `offer` would drop a message of so many bytes, or an older one for it.
  [[nodiscard]] bool full_for(std::size_t bytes) const noexcept;
  /// Whether handlers are about to be started for what waits, so that there will be room as soon as
  /// everybody else has run.
  [[nodiscard]] bool makes_room() const noexcept;
  [[nodiscard]] bool closed() const noexcept;
  [[nodiscard]] subscription_stats stats() const noexcept;

  /// Takes no more. What is here is handled.
  void close() noexcept;
  /// Takes no more, drops what waits, cancels what runs.
  void cut() noexcept;

  /// `close`, and waits until all is handled; after `grace` `cut`.
  ///
  /// *Completes when* nothing runs. *Errors*: as `subscription::drain`.
  [[nodiscard]] task<result<void>> drain(context& cx, duration grace);

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace fairlead
