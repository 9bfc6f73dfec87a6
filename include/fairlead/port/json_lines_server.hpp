// SPDX-License-Identifier: BSL-1.0
// A service behind lines of JSON over streams: TCP, TLS, Unix sockets.
#pragma once

#include <fairlead/net/framed_server.hpp>
#include <fairlead/port/service_table.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace fairlead {

namespace observe {
class tracer;
}  // namespace observe

/// The knobs of a `json_lines_server`.
struct json_lines_server_options {
  /// The operation of lines that name none, such as those of peers with a single one; empty: such a
  /// line is an error.
  std::string operation = {};
  /// The longest line in bytes; default 1 MiB. A longer one ends the connection.
  std::size_t max_line = std::size_t{1} << 20U;
  /// Connections at a time; default 10,000.
  std::size_t max_connections = 10'000;
  /// Calls of one connection that are worked on at a time; default 256. With 1, replies go out in
  /// the order of requests.
  std::size_t max_concurrent = 256;
  /// How long a line may take to arrive; default 30 s.
  duration read_timeout = std::chrono::seconds(30);
  /// How long a connection may be without a call; default 75 s.
  duration idle_timeout = std::chrono::seconds(75);
  /// How long a call may take, whatever the caller says; default 30 s. Streams too.
  duration handler_timeout = std::chrono::seconds(30);
  /// How long a client may take to receive a reply; default 30 s.
  duration write_timeout = std::chrono::seconds(30);
  /// Records a span for each call; it outlives the server. Null, the default: the trace of a call
  /// is passed on to what the service calls, and nothing is recorded.
  observe::tracer* tracer = nullptr;
};

/// Serves the operations of a table to `json_lines_client`s, and to any peer that speaks these
/// lines: `_id` is echoed, whatever it is, and left out where there was none; a line without
/// `_payload` is the payload; `_op` says which operation, `_headers` what travels besides.
///
/// *Cancellation*: a call's context is cancelled by `{"_cancel": id}`, and when the connection
/// breaks.
/// *Thread safety*: none; on the executor of the context it serves in.
///
/// *Example*:
/// ```cpp
/// json_lines_server server(service_table::of<shop::users>(std::make_shared<users_service>()));
/// scope.spawn([&](context& cx) { return server.serve(cx, std::move(*listener)); });
/// ...
/// co_await server.drain(cx, 5s);
/// ```
class json_lines_server {
 public:
  /// Throws `std::invalid_argument` naming everything that is wrong with the options.
  explicit json_lines_server(service_table service, json_lines_server_options options = {});
  json_lines_server(const json_lines_server&) = delete;
  json_lines_server& operator=(const json_lines_server&) = delete;
  ~json_lines_server();

  /// As `net::framed_server`.
  [[nodiscard]] task<result<void>> serve(context& cx, std::unique_ptr<net::listener> from);
  [[nodiscard]] task<result<void>> drain(context& cx, duration grace);
  [[nodiscard]] net::framed_server_stats stats() const noexcept;

 private:
  struct shared;
  std::shared_ptr<const shared> shared_;
  net::framed_server server_;
};

}  // namespace fairlead
