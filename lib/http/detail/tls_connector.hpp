// SPDX-License-Identifier: BSL-1.0
// How "https" is opened when nobody brings a connector: a connection by name, and TLS over it.
#pragma once

#include <fairlead/http/connector.hpp>
#include <fairlead/net/tls_client.hpp>

#include <optional>

namespace fairlead::http::detail {

class tls_connector final : public connector {
 public:
  /// Without a client of its own, one that trusts the system's CAs is made when it is first needed.
  explicit tls_connector(std::optional<net::tls_client> trust) : trust_(std::move(trust)) {}

  task<result<net::connection>> connect(context& cx, net::network& net, const url& to) override;

 private:
  result<void> make_trust();

  std::optional<net::tls_client> trust_;
};

}  // namespace fairlead::http::detail
