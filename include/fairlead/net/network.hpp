// SPDX-License-Identifier: BSL-1.0
// The seam through which all sockets come: the operating system's, or a simulated world's.
#pragma once

#include <fairlead/net/connection.hpp>
#include <fairlead/net/datagram.hpp>
#include <fairlead/net/endpoint.hpp>
#include <fairlead/net/listener.hpp>
#include <fairlead/net/stream.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace fairlead::net {

/// Resolves names, connects, listens.
///
/// *Thread safety*: every member may be called from any thread; the work runs in the environment of
/// the context or of the argument.
class network {
 public:
  network() = default;
  network(const network&) = delete;
  network& operator=(const network&) = delete;
  virtual ~network() = default;

  /// All addresses of `host` (a name or a numeric address), in the order in which to try them;
  /// never empty.
  ///
  /// *Errors*: `dns_failure` (stage resolve), `cancelled`, `deadline`.
  [[nodiscard]] virtual task<result<std::vector<endpoint>>> resolve(context& cx,
                                                                    std::string_view host,
                                                                    std::uint16_t port) = 0;

  /// One attempt at one address.
  ///
  /// *Errors* (stage connect, not sent): `connection_refused` (also for a Unix path that does not
  /// exist), `unreachable`, `connection_reset`, `timeout` (of the system itself, after minutes),
  /// `invalid_argument` (no such IPv6 zone), `system_error` (out of descriptors), `cancelled`,
  /// `deadline`.
  /// *Cancellation*: leaves nothing behind.
  [[nodiscard]] virtual task<result<std::unique_ptr<stream>>> connect(context& cx,
                                                                      const endpoint& to) = 0;

  /// *Errors*: `invalid_argument` (address in use, not ours, no permission: says which),
  /// `system_error`.
  [[nodiscard]] virtual result<std::unique_ptr<listener>> listen(environment& env,
                                                                 const endpoint& at,
                                                                 const listen_options& options) = 0;

  /// A socket for datagrams at `at`; port 0 lets the system choose one, and the address decides the
  /// family ("0.0.0.0" or "::" for all of them).
  ///
  /// *Errors*: as `listen`; `invalid_argument` also where there are no datagrams: over Unix
  /// sockets, and in a network that does not have this.
  [[nodiscard]] virtual result<std::unique_ptr<datagram_socket>> open_datagrams(
      environment& env, const endpoint& at, const datagram_options& options);
};

/// The operating system's sockets, in environments on an `io_context`. Lives for the whole program.
///
/// - Names are resolved by the system (`getaddrinfo`), which blocks and cannot be interrupted: Asio
///   calls it on one helper thread per event loop, one name after the other. A caller that is
///   cancelled or out of time leaves at once; the answer is dropped when it comes, and an event
///   loop that is destroyed meanwhile waits for it. Numeric addresses need none of this.
/// - TCP connections send at once (`TCP_NODELAY`); listeners can be restarted at once
///   (`SO_REUSEADDR`); a listener on "::" takes IPv4 peers too.
/// - A Unix listener replaces a socket file that nobody listens on, and nothing else; it removes
/// its
///   own file when it is closed.
[[nodiscard]] network& system_network() noexcept;

/// How `connect_to` goes about it.
struct connect_options {
  /// How long an attempt at an address is left alone before the next one starts beside it; default
  /// 250 ms (RFC 8305, section 5). At least 10 ms.
  duration attempt_delay = std::chrono::milliseconds(250);
  /// How long one attempt may take; default no limit but the deadline and the system's own.
  duration attempt_timeout = duration::max();
  /// For the connection once it is made.
  stream_options stream{};
};

/// Resolves `host` and connects to the address that answers first, as RFC 8305 ("Happy Eyeballs")
/// has it: addresses are tried in the resolver's order, but the families take turns, so that one
/// that leads nowhere costs little. The next attempt starts when the one before has failed, or has
/// not succeeded for `attempt_delay`. The first connection wins; the other attempts are cancelled
/// and joined before this returns.
///
/// *Errors*: those of `resolve`; the last one of `connect`, `timeout` beyond `attempt_timeout`, but
/// `unreachable` only when all were; those of `stream::set_options`. The URL in errors is
/// "host:port"; when attempts failed differently, the cause tells of another address.
/// *Cancellation*: leaves nothing behind.
[[nodiscard]] task<result<connection>> connect_to(context& cx, network& net, std::string_view host,
                                                  std::uint16_t port, connect_options options = {});

}  // namespace fairlead::net
