// SPDX-License-Identifier: BSL-1.0
// A connection to a NATS server, greeted and ready for use.
#pragma once

#include "detail/nats_protocol.hpp"
#include "detail/nats_servers.hpp"

#include <fairlead/net/framed.hpp>
#include <fairlead/net/stream.hpp>
#include <fairlead/port/nats_options.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace fairlead::detail::nats {

struct open_line {
  open_line(std::unique_ptr<net::stream> s, const protocol_limits& limits)
      : stream(std::move(s)), in(*stream, framer(op, limits)) {}
  open_line(const open_line&) = delete;
  open_line& operator=(const open_line&) = delete;
  ~open_line() = default;

  std::unique_ptr<net::stream> stream;
  server_op op;  // the last one that was read
  net::framed<framer> in;
  server_info info;
};

/// Connects to `to`, over TLS if it, the options or the server ask for it, says who we are, and
/// waits until the server agrees. Who we are is never told without TLS when TLS was asked for.
///
/// *Errors* (not sent): those of connecting and of TLS; `tls_failure` when TLS was asked for and
/// the server has none; `application` with code "authorization_violation"; `unavailable` with what
/// the server said; `protocol_error`, `connection_closed`; `cancelled`, `deadline`.
[[nodiscard]] task<result<std::unique_ptr<open_line>>> open(context& cx,
                                                            const nats_options& options,
                                                            const server& to);

}  // namespace fairlead::detail::nats
