// SPDX-License-Identifier: BSL-1.0
// A broker inside the process: no server, no sockets, and the same manners as one.
#pragma once

#include <fairlead/port/broker.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace fairlead {

/// The knobs of a `local_broker`.
struct local_broker_options {
  /// Payload and headers of a message, in bytes; default 64 MiB. Beyond it `too_large`.
  std::size_t max_message = std::size_t{64} << 20U;
  /// Requests that may be unanswered at a time, 1 to 1,000,000; default 65,536. The next one fails
  /// with `pool_exhausted`.
  std::size_t max_requests = 65'536;
  /// How long a request may take, when its context has no earlier deadline; default 30 s.
  duration request_timeout = std::chrono::seconds(30);
};

/// What a `local_broker` has done and is doing.
struct local_broker_stats {
  std::size_t subscriptions = 0;
  std::size_t requests = 0;     ///< that are unanswered
  std::uint64_t published = 0;  ///< messages, requests and answers included
  std::uint64_t delivered = 0;  ///< messages that an inbox or a request took
  std::uint64_t unheard = 0;    ///< messages that nobody has subscribed to
  std::uint64_t late = 0;       ///< answers to requests that had ended
};

/// The embedded broker: what a program starts with, and tests run on. Messages are copied once, and
/// shared by all who get them; nothing is encoded.
///
/// In a queue group the member gets a message that has the fewest to do; one whose inbox is full
/// only when all are. When an inbox is full, the publisher first lets everybody else run, so that
/// only those messages are dropped for which handlers are really too slow. A request that every
/// inbox dropped ends at once with `unavailable`, not sent.
///
/// *Thread safety*: none: it belongs to one executor, on which all its publishers and subscribers
/// run. For another thread's, a port that is called through its executor is the way.
///
/// *Example*:
/// ```cpp
/// local_broker broker;
/// auto how = subscription_options("greet.*").queue_group("greeters");
/// auto greeter = co_await broker.subscribe(cx, scope, how, greet);
/// auto question = broker_message("greet.ann");
/// auto answer = co_await broker.request(cx, question);  // result<broker_message>
/// ```
class local_broker final : public message_broker {
 public:
  /// Throws `std::invalid_argument` naming everything that is wrong with the options.
  explicit local_broker(local_broker_options options = {});
  local_broker(const local_broker&) = delete;
  local_broker& operator=(const local_broker&) = delete;
  /// Requests in progress end with `unavailable`; subscriptions get no more messages.
  ~local_broker() override;

  [[nodiscard]] task<result<void>> publish(context& cx, const broker_message& m) override;
  [[nodiscard]] task<result<broker_message>> request(context& cx, const broker_message& m) override;
  [[nodiscard]] task<result<std::unique_ptr<subscription>>> subscribe(
      context& cx, task_scope& scope, subscription_options options,
      broker_handler handler) override;
  [[nodiscard]] task<result<void>> drain(context& cx, duration grace) override;

  [[nodiscard]] local_broker_stats stats() const noexcept;

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace fairlead
