// SPDX-License-Identifier: BSL-1.0
// Datagrams: messages that arrive whole, or not at all, or twice, in any order (UDP).
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/net/endpoint.hpp>
#include <fairlead/net/stream.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace fairlead::net {

/// A datagram that was received into a buffer.
struct datagram {
  datagram(std::size_t stored, std::size_t whole, endpoint sender)
      : size(stored), sent_size(whole), from(std::move(sender)) {}

  /// Did not fit; the rest of it is gone.
  [[nodiscard]] bool truncated() const noexcept { return size < sent_size; }

  std::size_t size;       ///< bytes in the buffer; 0 is a datagram like any other
  std::size_t sent_size;  ///< bytes that the sender had sent
  endpoint from;
};

/// A socket for datagrams, real, simulated or in memory. Sending and receiving are attempts that
/// never block, as with `stream`.
///
/// *Thread safety*: none; one receiver and one sender at a time, on the executor of the
/// environment.
class datagram_socket {
 public:
  datagram_socket() = default;
  datagram_socket(const datagram_socket&) = delete;
  datagram_socket& operator=(const datagram_socket&) = delete;
  /// Closes it.
  virtual ~datagram_socket() = default;

  /// Gives one datagram to the system; nothing when it would block. That it was taken says nothing
  /// about its arrival.
  ///
  /// *Errors*: `too_large`, `unreachable`, `connection_refused` (an earlier one found nobody),
  /// `unavailable` once closed, `system_error`.
  [[nodiscard]] virtual std::optional<result<void>> try_send_to(std::span<const std::byte> bytes,
                                                                const endpoint& to) = 0;

  /// Takes one datagram that has arrived; nothing when none has. What does not fit is cut off.
  ///
  /// *Errors*: `unavailable` once closed; `system_error`.
  [[nodiscard]] virtual std::optional<result<datagram>> try_receive(std::span<std::byte> into) = 0;

  /// Suspends until an attempt in that direction is worthwhile (it may still come to nothing), the
  /// socket was closed, `cx` was cancelled or its deadline passed. At most one wait per direction
  /// at a time.
  [[nodiscard]] virtual task<result<void>> wait(context& cx, direction towards) = 0;

  /// The address in use, with the port that the system chose.
  [[nodiscard]] virtual const endpoint& local() const noexcept = 0;

  /// Waits in progress complete. Idempotent.
  virtual void close() noexcept = 0;
};

/// How to open a socket for datagrams.
struct datagram_options {
  /// Several sockets share one address, and the system spreads datagrams over them
  /// (`SO_REUSEPORT`).
  bool share_port = false;
  /// Datagrams may be sent to broadcast addresses (`SO_BROADCAST`).
  bool broadcast = false;
  /// Bytes that the system buffers per direction; more than fits on arrival is lost. Default: the
  /// system's, about 200 KiB on Linux.
  std::optional<std::size_t> send_buffer{};
  std::optional<std::size_t> receive_buffer{};
};

/// Sends one datagram.
///
/// *Completes when* the system has taken it. *Errors*: as `try_send_to`; `cancelled`, `deadline`.
///
/// *Example*:
/// ```cpp
/// auto socket = net::system_network().open_datagrams(cx.env(), net::endpoint::loopback(), {});
/// auto sent = co_await net::send_to(cx, **socket, "ping", server);
/// std::array<std::byte, 1500> buffer;
/// auto answer = co_await net::receive(cx, **socket, buffer);  // result<datagram>
/// ```
[[nodiscard]] task<result<void>> send_to(context& cx, datagram_socket& s,
                                         std::span<const std::byte> bytes, const endpoint& to);
/// The same for text.
[[nodiscard]] task<result<void>> send_to(context& cx, datagram_socket& s, std::string_view text,
                                         const endpoint& to);

/// Receives one datagram.
///
/// *Completes when* one is there. *Errors*: as `try_receive`; `cancelled`, `deadline`: then none
/// was taken.
[[nodiscard]] task<result<datagram>> receive(context& cx, datagram_socket& s,
                                             std::span<std::byte> into);

}  // namespace fairlead::net
