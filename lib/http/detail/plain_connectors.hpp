// SPDX-License-Identifier: BSL-1.0
// How "http" is opened when nobody brings a connector and there is no proxy.
#pragma once

#include <fairlead/http/connector.hpp>
#include <fairlead/net/endpoint.hpp>

#include <utility>

namespace fairlead::http::detail {

/// To the host and port of the URL.
class plain_connector final : public connector {
 public:
  task<result<net::connection>> connect(context& cx, net::network& net, const url& to) override;
};

/// To one socket, whatever the URL.
class unix_connector final : public connector {
 public:
  explicit unix_connector(net::endpoint at) : at_(std::move(at)) {}
  task<result<net::connection>> connect(context& cx, net::network& net, const url& to) override;

 private:
  net::endpoint at_;
};

}  // namespace fairlead::http::detail
