// SPDX-License-Identifier: BSL-1.0
// A server on every thread of a runtime, behind one port.
#pragma once

#include <fairlead/core/runtime.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/endpoint.hpp>
#include <fairlead/net/listener.hpp>
#include <fairlead/net/network.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace fairlead::http {

/// How a fleet listens and ends. A plain value.
struct fleet_options {
  /// How long requests may take to finish once the runtime was asked to stop. Default 8 s: less
  /// than the 10 s after which the runtime cancels what is left.
  duration grace = std::chrono::seconds(8);
  /// Connections that the system holds ready on each thread until they are accepted.
  int backlog = 4096;
};

/// Servers that share nothing but the port: each loop has its own server, listener and connections,
/// and the system spreads new connections over them (`SO_REUSEPORT`). A connection stays on its
/// loop, so handlers need no locks for what belongs to one server; what several servers share (a
/// router, by `std::shared_ptr<const router>`, and what its handlers refer to) is used from all
/// threads at once.
///
/// *Thread safety*: all members may be called from any task of the runtime.
class server_fleet {
 public:
  server_fleet(const server_fleet&) = delete;
  server_fleet& operator=(const server_fleet&) = delete;
  ~server_fleet();

  /// Where all of them listen, with the port that was chosen.
  [[nodiscard]] const net::endpoint& local() const noexcept;

  /// The sum over all servers, also of those that have ended.
  ///
  /// *Completes when* every loop has told its part. *Errors*: `cancelled`, `deadline`.
  [[nodiscard]] task<result<server_stats>> stats(context& cx);

  /// `server::withdraw` on every loop.
  void withdraw();

  /// The sum, and the first error that a listener failed with for good; for the time after
  /// `runtime::run` has returned.
  [[nodiscard]] server_stats final_stats() const;
  [[nodiscard]] result<void> outcome() const;

 private:
  friend result<std::shared_ptr<server_fleet>> serve_on_threads(
      runtime& machine, const net::endpoint& at, const fleet_options& options,
      std::function<std::unique_ptr<server>(environment&)> make,
      std::function<std::unique_ptr<net::listener>(std::unique_ptr<net::listener>)> around);
  struct state;
  explicit server_fleet(std::shared_ptr<state> s) noexcept;

  std::shared_ptr<state> state_;
};

/// Listens at `at` once for every loop of `machine`, and starts a server there, which `make` gives
/// on that loop's thread. When the runtime is asked to stop, the servers drain for `options.grace`.
/// When a listener fails for good, the runtime is stopped. Call it before `machine.run()`.
///
/// `around`, if it is given, makes of each loop's listener, on that loop's thread, the one that is
/// served: `net::tls_listen` for TLS.
///
/// *Errors*: those of listening; nothing has been started then. An exception of `make` or `around`
/// leaves `runtime::run`.
///
/// *Example*:
/// ```cpp
/// fairlead::runtime machine({.threads = 0});  // one per core
/// auto routes = std::make_shared<const http::router>(make_routes());
/// auto fleet = http::serve_on_threads(machine, net::endpoint::loopback(8080), {},
///     [&](environment&) { return std::make_unique<http::server>(routes); });
/// if (!fleet) { ... }
/// machine.run();
///
/// auto secured = http::serve_on_threads(machine, net::endpoint::loopback(8443), {},
///     [&](environment&) { return std::make_unique<http::server>(routes); },
///     [&](std::unique_ptr<net::listener> l) { return net::tls_listen(std::move(l), identity); });
/// ```
[[nodiscard]] result<std::shared_ptr<server_fleet>> serve_on_threads(
    runtime& machine, const net::endpoint& at, const fleet_options& options,
    std::function<std::unique_ptr<server>(environment&)> make,
    std::function<std::unique_ptr<net::listener>(std::unique_ptr<net::listener>)> around = {});

}  // namespace fairlead::http
