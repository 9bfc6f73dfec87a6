// SPDX-License-Identifier: BSL-1.0
// How slow a peer may be while it is waited for.
#pragma once

#include <fairlead/core/time.hpp>

#include <chrono>
#include <cstdint>

namespace fairlead::http {

/// The least that a client has to send, or to take, while the server waits for it.
///
/// A client starts with `grace` as the time for which it may be waited for, and buys a second more
/// with every `bytes_per_second` bytes; when its time is used up, it is too slow. It saves up no
/// more than the timeout for a body or for writing, so that it cannot send much at first and then
/// stand still for hours. Only waiting counts: not the time in which the server has something else
/// to do, or nothing to send.
///
/// The defaults are those of Kestrel (ASP.NET Core): slower than any modem, and faster than who
/// sends a byte now and then to hold a connection.
struct rate_floor {
  /// Bytes per second; 0 for none: then only the timeouts hold. At most 1,000,000,000.
  std::uint64_t bytes_per_second = 240;
  /// Never negative.
  duration grace = std::chrono::seconds(5);

  friend bool operator==(const rate_floor&, const rate_floor&) = default;
};

/// As slow as they like, within the timeouts.
inline constexpr rate_floor any_rate{0, duration::zero()};

}  // namespace fairlead::http
