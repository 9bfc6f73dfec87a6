// SPDX-License-Identifier: BSL-1.0
// A service behind a broker.
#pragma once

#include <fairlead/port/broker.hpp>
#include <fairlead/port/service_table.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fairlead {

namespace observe {
class tracer;
}  // namespace observe

/// The knobs of a `broker_server`.
struct broker_server_options {
  /// Of all servers of an operation in the same group, one gets each call; default "q", as services
  /// of NATS have it.
  std::string queue_group = "q";
  /// Calls of one operation that are worked on at a time, 1 to 65536; default 256. A slow operation
  /// takes no places of the others.
  std::size_t max_concurrent = 256;
  /// Calls of one operation that may wait for their turn, at least 1, and their bytes; default
  /// 10,000 and 64 MiB. The next one is answered with `unavailable`.
  std::size_t max_waiting = 10'000;
  std::size_t max_waiting_bytes = std::size_t{64} << 20U;
  /// How long a call may take, whatever the caller says; default 30 s. Streams too.
  duration handler_timeout = std::chrono::seconds(30);
  /// Items of a stream that the service may be ahead of its caller, at least 1; default 128.
  std::size_t max_ahead = 128;
  /// How long a caller may take until he asks for more items; default 30 s. Then he has gone.
  duration stream_patience = std::chrono::seconds(30);
  /// Records a span for each call; it outlives the server. Null, the default: the trace of a call
  /// is passed on to what the service calls, and nothing is recorded.
  observe::tracer* tracer = nullptr;
};

/// What a `broker_server` has done and is doing.
struct broker_server_stats {
  std::size_t waiting = 0;        ///< calls that wait for their turn
  std::size_t running = 0;        ///< calls that are worked on
  std::size_t streams = 0;        ///< of those, answered with a stream
  std::uint64_t handled = 0;      ///< calls that have ended
  std::uint64_t refused = 0;      ///< calls for which there was no room
  std::uint64_t not_started = 0;  ///< calls that were given up before their turn
};

/// Serves the operations of a table to callers with a `broker_transport`, and to anybody who makes
/// requests of a broker: a request is the JSON text of the operation's, published to `service` and
/// the operation's name ("users.get_user"), and the reply is JSON text. An error has the headers
/// `Nats-Service-Error-Code` and `Nats-Service-Error`, and as payload what `to_wire` makes of it.
/// Any number of servers may serve the same operations, and one server some of them only.
///
/// The reply to an operation that is answered with a stream is the first lines of it, as over HTTP
/// (serve.hpp); while it is not over, a reply wants an answer itself, and an empty request to there
/// gives more lines, or none after 5 s without any.
///
/// *Cancellation*: a call's context is cancelled when its caller says so, and when the server is
/// destroyed. That a caller has died nobody says.
/// *Thread safety*: none; on the executor of the broker.
///
/// *Example*:
/// ```cpp
/// broker_server server(broker, service_table::of<shop::users>(std::make_shared<users_service>()),
///                      "users");
/// auto started = co_await server.start(cx, scope);
/// ...
/// auto drained = co_await server.drain(cx, 5s);
/// ```
class broker_server {
 public:
  /// Throws `std::invalid_argument` naming everything that is wrong with the options, `service` and
  /// the names of the operations.
  broker_server(std::shared_ptr<message_broker> broker, service_table table, std::string service,
                broker_server_options options = {});
  broker_server(const broker_server&) = delete;
  broker_server& operator=(const broker_server&) = delete;
  /// Takes no more calls and cancels those in progress, whose tasks end in the scope.
  ~broker_server();

  /// *Completes when* the broker has all subscriptions: calls that are made from then on arrive.
  /// They are worked on in tasks of `scope`, which can be joined once the server is drained or
  /// destroyed.
  ///
  /// *Errors*: those of `message_broker::subscribe`; then nothing is served. `invalid_argument`
  /// when it was started before.
  [[nodiscard]] task<result<void>> start(context& cx, task_scope& scope);

  /// Ends in order: takes no more calls, answers those that have come, and after `grace` cuts off
  /// what is left. Comes before the drain of the broker.
  ///
  /// *Errors*: as `subscription::drain`.
  [[nodiscard]] task<result<void>> drain(context& cx, duration grace);

  [[nodiscard]] broker_server_stats stats() const noexcept;

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
  std::vector<std::unique_ptr<subscription>> calls_;  // one for each operation
  std::unique_ptr<subscription> words_;               // of calls that are given up
  std::unique_ptr<subscription> asked_;               // for more items of streams
};

}  // namespace fairlead
