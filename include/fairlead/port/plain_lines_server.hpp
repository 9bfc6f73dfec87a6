// SPDX-License-Identifier: BSL-1.0
// A service behind plain lines over streams: TCP, TLS, Unix sockets.
#pragma once

#include <fairlead/net/framed_server.hpp>
#include <fairlead/port/plain_lines.hpp>
#include <fairlead/port/service_table.hpp>

#include <cstddef>
#include <memory>

namespace fairlead {

/// The knobs of a `plain_lines_server`.
struct plain_lines_server_options {
  plain_form form = {};
  /// The longest line in bytes; default 1 MiB. A longer one ends the connection.
  std::size_t max_line = std::size_t{1} << 20U;
  /// Connections at a time; default 10,000.
  std::size_t max_connections = 10'000;
  /// Lines of one connection that are worked on at a time; default 16. Answers go out in the order
  /// of the lines. With 1, that the client has gone is noticed only when it is answered.
  std::size_t max_concurrent = 16;
  /// How long a line may take to arrive; default 30 s.
  duration read_timeout = std::chrono::seconds(30);
  /// How long a connection may be without a line; default 75 s.
  duration idle_timeout = std::chrono::seconds(75);
  /// How long a call may take; default 30 s.
  duration handler_timeout = std::chrono::seconds(30);
  /// How long a client may take to receive an answer; default 30 s.
  duration write_timeout = std::chrono::seconds(30);
};

/// Serves the operations of a table, but for those that are answered with a stream, to whoever
/// sends a line and waits for a line: `plain_lines_client`s, `nc`, and programs in other languages.
/// A CR before the LF is dropped. Every line is answered with exactly one, also one of an operation
/// without a reply.
///
/// *Errors* of the service are told as the form says, or close the connection.
/// *Cancellation*: a call's context is cancelled when the connection breaks.
/// *Thread safety*: none; on the executor of the context it serves in.
///
/// *Example*:
/// ```cpp
/// plain_lines_server server(service_table::of<shop::users>(std::make_shared<users_service>()));
/// scope.spawn([&](context& cx) { return server.serve(cx, std::move(*listener)); });
/// ```
class plain_lines_server {
 public:
  /// Throws `std::invalid_argument` for a form that the service cannot have: no such operation, a
  /// field that is no text, and for options that are wrong.
  explicit plain_lines_server(service_table service, plain_lines_server_options options = {});
  plain_lines_server(const plain_lines_server&) = delete;
  plain_lines_server& operator=(const plain_lines_server&) = delete;
  ~plain_lines_server();

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
