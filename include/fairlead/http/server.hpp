// SPDX-License-Identifier: BSL-1.0
// The HTTP server: a router behind listeners, with limits on and an orderly end.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/router.hpp>
#include <fairlead/http/server_options.hpp>
#include <fairlead/net/listener.hpp>

#include <cstdint>
#include <memory>

namespace fairlead::http {

/// What a server has done and is doing.
struct server_stats {
  std::size_t connections = 0;  ///< open now
  std::size_t upgraded = 0;     ///< of those, the ones that speak another protocol by now
  std::uint64_t accepted = 0;   ///< connections so far
  std::uint64_t requests = 0;   ///< answered so far
  /// Connections that ended at once, without an answer, through a fault on this side: mostly
  /// because there was no memory for them.
  std::uint64_t dropped = 0;
  /// Connections that were closed at once since their address had too many.
  std::uint64_t refused = 0;
  std::uint64_t body_memory = 0;  ///< bytes that request bodies take now, of those in the options
  std::uint64_t bodies_refused = 0;  ///< answered with 503 since all of that was taken
};

/// Serves HTTP/1.1 and 1.0 with keep-alive; pipelined requests are answered in order.
///
/// Requests that it cannot pass on are answered in JSON, `{"error": {"code", "message"}}`: 400
/// (malformed), 404, 405 with Allow, 408, 413, 414, 417, 431, 501, 503 with Retry-After (no memory
/// for its body), 505. Errors of handlers become responses by `error_response`. An exception that
/// leaves a handler becomes a 500, and the server lives on. After a malformed request the
/// connection is closed.
///
/// While a handler waits, the server notices within 20 ms when its client goes away (closes or
/// resets the connection), and cancels the handler's context. What a client sends meanwhile is read
/// up to 4 KiB; for one that has sent more, noticing takes up to 200 ms, and only `handler_timeout`
/// helps when so much is unsent on its side that its end cannot arrive.
///
/// *Thread safety*: none; on the executor of the context it serves in. For several threads make one
/// server per thread, with listeners that share the port.
///
/// *Example*:
/// ```cpp
/// http::server app(std::move(routes));
/// auto listener = net::system_network().listen(cx.env(), net::endpoint::loopback(8080), {});
/// scope.spawn([&](context& cx) { return app.serve(cx, std::move(*listener)); });
/// ...
/// co_await app.drain(cx, 5s);
/// ```
class server {
 public:
  /// Throws `std::invalid_argument` naming everything that is wrong with the options.
  explicit server(router routes, server_options options = {});
  /// Shares a router between servers.
  explicit server(std::shared_ptr<const router> routes, server_options options = {});
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Nothing may be served any more: every `serve` has ended.
  ~server();

  /// Accepts connections and serves them. Several listeners may be served at a time.
  ///
  /// *Completes when* `drain` was called, and every connection of this listener has ended; or when
  /// `cx` is cancelled or out of time, after its connections were cancelled and joined.
  /// *Errors*: `unavailable` when it had been drained before; `cancelled`, `deadline`;
  /// `system_error` when the listener fails for good.
  /// *Cancellation*: of `cx`, or of the Asio coroutine that awaits; both give `cancelled`.
  [[nodiscard]] task<result<void>> serve(context& cx, std::unique_ptr<net::listener> from);

  /// Ends in order: refuses new connections, closes idle ones, lets requests in progress finish
  /// with "Connection: close", and after `grace` cancels what is left.
  ///
  /// *Completes when* everything has ended; every `serve` completes too.
  /// *Errors*: `timeout` with scope drain when something had to be cancelled; `cancelled` or
  /// `deadline` when `cx` ended the grace period. Everything has been joined then as well.
  /// `invalid_argument`, and nothing has happened, when a handler of this server awaits it: it
  /// would wait for that handler. Such a handler sets an `event` that the owner of the server waits
  /// for. It is known by `cx`, which must be that of the handler or made from it: with any other
  /// the handler and the drain wait for each other until the end of days.
  [[nodiscard]] task<result<void>> drain(context& cx, duration grace);

  /// Asks for no more requests, and serves those that come all the same: `request::server_ready`
  /// is false from now on, and with it what `readiness` answers. A service behind a load balancer
  /// calls it and waits for as long as that takes to notice, then it drains.
  void withdraw() noexcept;

  /// True from the moment `drain` is called; for health checks.
  [[nodiscard]] bool draining() const noexcept;
  [[nodiscard]] server_stats stats() const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::http
