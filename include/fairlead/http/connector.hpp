// SPDX-License-Identifier: BSL-1.0
// The seam between a scheme and the stream that carries it.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/url.hpp>
#include <fairlead/net/connection.hpp>
#include <fairlead/net/network.hpp>

namespace fairlead::http {

/// Opens the stream for a URL's scheme. "http" and "https" have one built in that connects to host
/// and port, through a proxy where the options say so; whoever knows another way gives the client
/// one per scheme (`client_options::connector`). A scheme without a connector is refused before
/// anything is sent.
///
/// *Thread safety*: one client calls it on its own executor only.
class connector {
 public:
  connector() = default;
  connector(const connector&) = delete;
  connector& operator=(const connector&) = delete;
  virtual ~connector() = default;

  /// A stream on which `to` can be asked for, authenticated as the scheme demands.
  ///
  /// *Errors*: with stage resolve, connect or tls, nothing sent; `cancelled`, `deadline`.
  [[nodiscard]] virtual task<result<net::connection>> connect(context& cx, net::network& net,
                                                              const url& to) = 0;
};

}  // namespace fairlead::http
