// SPDX-License-Identifier: BSL-1.0
// Connections through a SOCKS5 proxy (RFC 1928, RFC 1929).
#pragma once

#include <fairlead/net/connection.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/stream.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::net {

/// Who we are to a proxy. Sent in the clear, as RFC 1929 has it: over a network that others can
/// read, use TLS to the proxy, or none.
struct socks5_credentials {
  socks5_credentials() = default;
  socks5_credentials(std::string u, std::string p) : user(std::move(u)), password(std::move(p)) {}

  std::string user;      ///< 1 to 255 bytes
  std::string password;  ///< at most 255
};

/// Asks the proxy at the other end of `s` to connect to `host` and `port`. A name is resolved by
/// the proxy, so that nobody here learns it; a numeric address is sent as one. When this has
/// succeeded `s` leads to the target: not a byte behind the proxy's reply has been read.
///
/// *Errors* (stage connect, the target has seen nothing): `connection_refused` and `unreachable` as
/// the proxy says of the target; `unavailable` for its other refusals (in words: not allowed by its
/// rules, time to live expired, a failure of its own) and when it wants credentials that there are
/// none of, or does not accept those given; `protocol_error` when it does not speak SOCKS5;
/// `invalid_argument` for a host of more than 255 bytes and for credentials that are too long;
/// those of the stream, `connection_closed` when it ends; `cancelled`, `deadline`. After an error
/// only closing `s` is of use.
[[nodiscard]] task<result<void>> socks5_connect(context& cx, stream& s, std::string_view host,
                                                std::uint16_t port);
/// The same for a proxy that may want to know who we are.
[[nodiscard]] task<result<void>> socks5_connect(context& cx, stream& s, std::string_view host,
                                                std::uint16_t port, const socks5_credentials& who);

/// A proxy: where it is, and who we are to it.
struct socks5_proxy {
  socks5_proxy(std::string h, std::uint16_t p = 1080,
               std::optional<socks5_credentials> c = std::nullopt)
      : host(std::move(h)), port(p), credentials(std::move(c)) {}

  std::string host;
  std::uint16_t port;
  std::optional<socks5_credentials> credentials;
};

/// Connects to `host` and `port` through `proxy`, which is found with `connect_to`. The peer's name
/// is that of the target; the time to reach the proxy counts as resolving and connecting, the
/// dialogue with it as connecting.
///
/// *Errors*: those of `connect_to` for the proxy, and of `socks5_connect`.
[[nodiscard]] task<result<connection>> connect_through(context& cx, network& net,
                                                       const socks5_proxy& proxy,
                                                       std::string_view host, std::uint16_t port,
                                                       connect_options options = {});

}  // namespace fairlead::net
