// SPDX-License-Identifier: BSL-1.0
// What the operating system is asked to do for a connection.
#pragma once

#include <fairlead/core/time.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace fairlead::net {

/// Probes that find out whether the peer of a silent connection is still there (`SO_KEEPALIVE`).
/// With the defaults a dead one is found after about 2.5 minutes; then reads and writes fail with
/// `connection_reset`. Whole seconds; less is rounded up.
struct keep_alive {
  /// Silence before the first probe; default 15 s, as Go's. Linux has 2 hours.
  duration idle = std::chrono::seconds(15);
  /// Between probes; default 15 s.
  duration interval = std::chrono::seconds(15);
  /// Probes without an answer until the connection counts as broken; default 9, Linux's.
  int count = 9;
};

/// Options of a connected socket. What is not set stays as the system has it. TCP sends at once in
/// any case (`TCP_NODELAY`). Streams that have no such thing (in memory, simulated) ignore them, as
/// do Unix sockets with what belongs to TCP.
struct stream_options {
  /// Default: no probes. Deadlines and idle limits of protocols find dead peers sooner; this is for
  /// connections that may be silent for long.
  std::optional<net::keep_alive> keep_alive{};
  /// How long what was written may stay unacknowledged until the connection counts as broken
  /// (`TCP_USER_TIMEOUT`). Default: the system's, about 15 minutes on Linux.
  std::optional<duration> unacknowledged{};
  /// 0: closing breaks the connection and drops what was not sent (`SO_LINGER`). More than 0 is
  /// refused, for it would block: see `close_in_order`. Default: what was written is still sent.
  std::optional<duration> linger{};
  /// Bytes that the system buffers per direction; it may change them (Linux doubles them, and has
  /// limits). Default: the system's, which grow as needed, and are right nearly always.
  std::optional<std::size_t> send_buffer{};
  std::optional<std::size_t> receive_buffer{};
};

}  // namespace fairlead::net
