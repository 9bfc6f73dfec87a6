// SPDX-License-Identifier: BSL-1.0
// What is subscribed to, with whom, and how much of it at a time.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/port/broker_message.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead {

/// Which message is lost when one more comes and the inbox is full. Either is counted.
enum class full_inbox : std::uint8_t {
  drops_newest,  ///< the one that comes
  drops_oldest,  ///< those that have waited longest, for values that replace each other
};

/// What is answered to a request for which there is no room, so that who asks need not wait for the
/// end of his patience; nothing to leave him waiting. Its subject is set. Must not throw.
using message_refusal = std::function<std::optional<broker_message>(const broker_message& request)>;

/// Options of a subscription; setters can be chained. What is wrong is reported by `subscribe`, all
/// at once.
///
/// *Example*:
/// ```cpp
/// auto how = subscription_options("orders.*.created").queue_group("mailers").max_concurrent(4);
/// ```
class subscription_options {
 public:
  /// `pattern` as in subject.hpp.
  explicit subscription_options(std::string pattern) : pattern_(std::move(pattern)) {}

  /// Of all members of the group, across patterns, one gets each message. Default: none.
  subscription_options& queue_group(std::string name) {
    queue_group_ = std::move(name);
    return *this;
  }
  /// Handlers at a time, 1 to 65536; default 16. With 1, messages are handled in order.
  subscription_options& max_concurrent(std::size_t handlers) {
    max_concurrent_ = handlers;
    return *this;
  }
  /// Messages that may wait while all handlers are busy, at least 1; default 1024.
  subscription_options& max_waiting(std::size_t messages) {
    max_waiting_ = messages;
    return *this;
  }
  /// Bytes of them, at least 1; default 16 MiB. A single message that is larger comes in when
  /// nothing else waits.
  subscription_options& max_waiting_bytes(std::size_t bytes) {
    max_waiting_bytes_ = bytes;
    return *this;
  }
  /// Default: the newest.
  subscription_options& when_full(full_inbox what) {
    when_full_ = what;
    return *this;
  }
  /// Default: none.
  subscription_options& refusal(message_refusal answer) {
    refusal_ = std::move(answer);
    return *this;
  }
  /// How long a handler may take: the deadline of its context; default 30 s.
  subscription_options& handler_timeout(duration limit) {
    handler_timeout_ = limit;
    return *this;
  }

  [[nodiscard]] const std::string& pattern() const noexcept { return pattern_; }
  [[nodiscard]] const std::string& queue_group() const noexcept { return queue_group_; }
  [[nodiscard]] std::size_t max_concurrent() const noexcept { return max_concurrent_; }
  [[nodiscard]] std::size_t max_waiting() const noexcept { return max_waiting_; }
  [[nodiscard]] std::size_t max_waiting_bytes() const noexcept { return max_waiting_bytes_; }
  [[nodiscard]] full_inbox when_full() const noexcept { return when_full_; }
  [[nodiscard]] const message_refusal& refusal() const noexcept { return refusal_; }
  [[nodiscard]] duration handler_timeout() const noexcept { return handler_timeout_; }

  /// Everything that is wrong, one sentence each; empty when the options can be used.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  std::string pattern_;
  std::string queue_group_;
  std::size_t max_concurrent_ = 16;
  std::size_t max_waiting_ = 1024;
  std::size_t max_waiting_bytes_ = std::size_t{16} << 20U;
  full_inbox when_full_ = full_inbox::drops_newest;
  message_refusal refusal_;
  duration handler_timeout_ = std::chrono::seconds(30);
};

}  // namespace fairlead
