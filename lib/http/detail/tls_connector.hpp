// SPDX-License-Identifier: BSL-1.0
// How "https" is opened when nobody brings a connector: TLS over a connection by name, or over what
// leads through a proxy.
#pragma once

#include "client_trust.hpp"

#include <fairlead/http/connector.hpp>

#include <memory>
#include <utility>

namespace fairlead::http::detail {

class tls_connector final : public connector {
 public:
  tls_connector(std::shared_ptr<client_trust> trust, std::shared_ptr<connector> under)
      : trust_(std::move(trust)), under_(std::move(under)) {}

  task<result<net::connection>> connect(context& cx, net::network& net, const url& to) override;

 private:
  std::shared_ptr<client_trust> trust_;
  std::shared_ptr<connector> under_;
};

}  // namespace fairlead::http::detail
