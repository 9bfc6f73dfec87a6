// SPDX-License-Identifier: BSL-1.0
// A stream that was just opened, and what opening it took.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/net/stream.hpp>

#include <memory>
#include <utility>

namespace fairlead::net {

/// How long each phase of opening a connection took; 0 for one that there was none of.
struct connect_times {
  duration resolve{};  ///< the name into addresses
  duration connect{};  ///< from the first attempt at an address to the connection
  duration tls{};      ///< the handshake, the proxy's and the server's together
};

/// A new connection: its stream, which it is used as, and what opening it took.
///
/// *Thread safety*: that of the stream.
///
/// *Example*:
/// ```cpp
/// auto made = co_await net::connect_to(cx, net::system_network(), "localhost", 7);
/// auto sent = co_await net::write_all(cx, **made, "hello\n");
/// ```
struct connection {
  /// `s` must not be null.
  explicit connection(std::unique_ptr<net::stream> s, connect_times t = {}) noexcept
      : stream(std::move(s)), times(t) {}

  [[nodiscard]] net::stream& operator*() const noexcept { return *stream; }
  [[nodiscard]] net::stream* operator->() const noexcept { return stream.get(); }

  std::unique_ptr<net::stream> stream;
  connect_times times;
};

}  // namespace fairlead::net
