// SPDX-License-Identifier: BSL-1.0
// Closing a connection so that what was written arrives, within bounds.
#pragma once

#include <fairlead/net/stream.hpp>

#include <chrono>
#include <cstddef>

namespace fairlead::net {

/// How much patience closing takes.
struct close_limits {
  /// For the peer to close its side; default 2 s.
  duration within = std::chrono::seconds(2);
  /// For bytes that it still sends; default 16 MiB, more than the buffers of two kernels hold:
  /// Linux lets them grow to 4 MiB on the sending and 6 MiB on the receiving side.
  std::size_t most_bytes = std::size_t{16} * 1024 * 1024;
};

/// Ends the writing side, reads and drops what the peer still sends until it ends its own, then
/// closes. A plain `close` with bytes unread makes TCP reset the connection, which can destroy on
/// the peer's side what it has not read yet: the reply that tells it why.
///
/// *Completes when* `s` is closed, always: after the limits, when `cx` ends, and after an error.
[[nodiscard]] task<void> close_in_order(context& cx, stream& s, close_limits limits = {});

}  // namespace fairlead::net
