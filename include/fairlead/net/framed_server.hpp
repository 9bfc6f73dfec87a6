// SPDX-License-Identifier: BSL-1.0
// A server of requests and replies as messages.
#pragma once

#include <fairlead/net/accept_loop.hpp>
#include <fairlead/net/any_framer.hpp>
#include <fairlead/net/listener.hpp>
#include <fairlead/net/message_session.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::net {

/// Answers one request, which is valid until the task has ended.
using message_handler =
    std::function<task<result<std::string>>(context& cx, std::string_view request)>;

/// What is answered when a handler gives an error, or throws (`application`, code "internal", with
/// the text of the exception), or gives a reply that the framer cannot carry (its error). Nothing
/// closes the connection.
using failure_reply =
    std::function<std::optional<std::string>(std::string_view request, const error& why)>;

/// In which order replies go out.
enum class reply_sequence : std::uint8_t {
  of_requests,  ///< that of their requests
  as_ready,     ///< as they are ready: for protocols whose replies carry an id
};

/// The knobs of a `framed_server`.
struct framed_server_options {
  /// Connections at a time; default 10,000. At the limit the system's backlog holds new ones.
  std::size_t max_connections = 10'000;
  /// Requests of one connection that are worked on at a time, 1 to 65,536; default 16. No more are
  /// read meanwhile, so that a client that pipelines without end waits. With 1, requests are views
  /// into the read buffer; else they are copied.
  std::size_t max_concurrent = 16;
  reply_sequence sequence = reply_sequence::of_requests;
  /// How long a request may take to arrive, from its first byte; default 30 s. Then the connection
  /// is closed.
  duration read_timeout = std::chrono::seconds(30);
  /// How long a connection may be without a request, also a new one; default 75 s.
  duration idle_timeout = std::chrono::seconds(75);
  /// How long a handler may take: the deadline of its context; default 30 s.
  duration handler_timeout = std::chrono::seconds(30);
  /// How long a client may take to receive a reply; default 30 s. Then the connection is closed.
  duration write_timeout = std::chrono::seconds(30);
};

/// What a server has done and is doing.
struct framed_server_stats {
  std::size_t connections = 0;   ///< open now
  std::uint64_t accepted = 0;    ///< connections so far
  std::uint64_t requests = 0;    ///< answered so far
  std::uint64_t failed = 0;      ///< handlers that gave an error, or no reply that fits, or threw
  std::uint64_t unreadable = 0;  ///< connections that broke the framing, or were too slow
};

/// Serves messages: each request that a framer cuts from a connection is handed to a handler, and
/// its reply written back. The counterpart of `framed_client`.
///
/// A client may end its writing side and still read its replies; one that breaks the framing gets
/// those to what it has asked before, then the connection is closed. When a connection breaks, the
/// handlers that work for it are cancelled; with `max_concurrent` 1 that is noticed only when the
/// reply is written.
///
/// *Thread safety*: none; on the executor of the context it serves in.
///
/// *Example*:
/// ```cpp
/// net::framed_server echo(net::line(), [](context&, std::string_view text)
///     -> task<result<std::string>> { co_return std::string(text); });
/// scope.spawn([&](context& cx) { return echo.serve(cx, std::move(*listener)); });
/// ...
/// co_await echo.drain(cx, 5s);
/// ```
class framed_server {
 public:
  /// Throws `std::invalid_argument` naming everything that is wrong with the options.
  framed_server(any_framer rule, message_handler handler, framed_server_options options = {});
  framed_server(any_framer rule, message_handler handler, failure_reply on_failure,
                framed_server_options options = {});
  /// For protocols whose requests have no reply, or several: each connection has a session, which
  /// says what goes out and when; `sequence` and `handler_timeout` of the options do not matter. Up
  /// to twice `max_concurrent` messages are read, so that word of those in progress is heard while
  /// others wait.
  framed_server(any_framer rule, open_session open, framed_server_options options = {});
  framed_server(const framed_server&) = delete;
  framed_server& operator=(const framed_server&) = delete;
  /// Nothing may be served any more: every `serve` has ended.
  ~framed_server();

  /// As `accept_loop::serve`.
  [[nodiscard]] task<result<void>> serve(context& cx, std::unique_ptr<listener> from);

  /// Ends in order: refuses new connections, reads no more requests, lets those that have arrived
  /// be answered, and after `grace` cancels what is left. As `accept_loop::drain`.
  [[nodiscard]] task<result<void>> drain(context& cx, duration grace);

  [[nodiscard]] bool draining() const noexcept;
  [[nodiscard]] framed_server_stats stats() const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::net
