// SPDX-License-Identifier: BSL-1.0
// A client of NATS servers.
#pragma once

#include <fairlead/port/broker.hpp>
#include <fairlead/port/nats_options.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace fairlead {

/// What a client has done and is doing.
struct nats_client_stats {
  bool connected = false;
  std::size_t subscriptions = 0;
  std::size_t requests = 0;       ///< that are unanswered
  std::size_t waiting = 0;        ///< calls that wait to be written, or for a connection
  std::uint64_t connections = 0;  ///< made so far
  std::uint64_t published = 0;    ///< messages written, requests included
  std::uint64_t received = 0;     ///< messages that came
  std::uint64_t late = 0;         ///< answers to requests that had ended
  std::uint64_t unclaimed = 0;    ///< messages for subscriptions that had ended
  std::uint64_t oversized = 0;    ///< messages beyond `max_message`
  std::uint64_t malformed = 0;    ///< messages whose headers could not be read
  std::uint64_t refused = 0;      ///< publications and subscriptions that are not permitted
  std::uint64_t bytes_out = 0;    ///< on all connections
};

/// Speaks with a NATS server (2.2 or later, for headers and for knowing at once that nobody
/// answers) over one connection. JetStream is not spoken.
///
/// **Connecting.** When the first call needs it, and again whenever it breaks, as long as there are
/// subscriptions or calls that wait: the other servers at once, then with growing pauses. What was
/// subscribed to is subscribed to again. Calls wait meanwhile, `patience` long, bounded in number
/// and bytes; in a pause that outlasts their patience they fail at once, `unavailable` with the
/// reason as its cause. When none of the servers lets us in, or is to be trusted, all that waits
/// ends with that.
///
/// **When the connection breaks**, every call on it ends at once: requests and half-written
/// messages with the reason and `sent` unknown; those of which not a byte was written wait for the
/// next connection. Nothing is sent twice. Messages for our subscriptions that were under way are
/// gone, as are those that come while there is no connection.
///
/// **What is lost elsewhere**: a message that was published and written may be lost with the
/// server; `flush` says what it has taken. A subscription that cannot keep up drops messages in its
/// own inbox, and holds up neither the others nor the connection.
///
/// A server that announces its end (lame duck mode) is left for another one, if there is one: no
/// new messages are asked of it, those that have come and the answers to requests are waited for, 5
/// s at most.
///
/// Its task runs in the scope it was made with, which can be joined once the client is drained or
/// destroyed.
///
/// *Thread safety*: none; on the executor of the scope.
///
/// *Example*:
/// ```cpp
/// nats_client broker(scope, nats_options("nats://127.0.0.1:4222").name("shop"));
/// auto question = broker_message("greet", "Ann");
/// auto answer = co_await broker.request(cx, question);  // result<broker_message>
/// ```
class nats_client final : public message_broker {
 public:
  /// Throws `std::invalid_argument` naming everything that is wrong with the options.
  explicit nats_client(task_scope& scope, nats_options options = nats_options());
  nats_client(const nats_client&) = delete;
  nats_client& operator=(const nats_client&) = delete;
  /// Cuts the connection. Calls in progress end with `unavailable`; subscriptions get no more
  /// messages.
  ~nats_client() override;

  /// *Completes when* all bytes were given to the connection. *Errors* beside those of the seam:
  /// `too_large` for what the server does not take; `pool_exhausted`; `timeout` beyond
  /// `call_timeout`.
  [[nodiscard]] task<result<void>> publish(context& cx, const broker_message& m) override;

  /// *Errors* beside those of the seam: `application` with code "permissions_violation" (not sent);
  /// `too_large` for an answer beyond `max_message`, `protocol_error` for one whose headers cannot
  /// be read (answered); `pool_exhausted`; `timeout` beyond `call_timeout`.
  [[nodiscard]] task<result<broker_message>> request(context& cx, const broker_message& m) override;

  [[nodiscard]] task<result<std::unique_ptr<subscription>>> subscribe(
      context& cx, task_scope& scope, subscription_options options,
      broker_handler handler) override;

  [[nodiscard]] task<result<void>> drain(context& cx, duration grace) override;

  /// *Completes when* the server has taken all that was published before; connects if need be.
  /// *Errors*: those of connecting (not sent); of the connection, `timeout`, `cancelled`,
  /// `deadline`: then nobody knows.
  [[nodiscard]] task<result<void>> flush(context& cx);

  [[nodiscard]] nats_client_stats stats() const noexcept;
  /// "host:port" of the server that is spoken with, or tried.
  [[nodiscard]] std::string server() const;
  /// Why the last connection ended, or could not be made; nothing once one was of use.
  [[nodiscard]] const std::optional<error>& last_failure() const noexcept;

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace fairlead
