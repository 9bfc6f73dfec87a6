// SPDX-License-Identifier: BSL-1.0
// How the commands get their connections: to the URL's host or to a Unix socket, in plain or over
// TLS, with a record of how long each phase took.
#pragma once

#include "exchange_plan.hpp"

#include <fairlead/http/connector.hpp>
#include <fairlead/net/connection.hpp>
#include <fairlead/net/tls_client.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace fairlead::cli {

/// Opens connections for an HTTP client, for "http" and "https" alike.
class route_to final : public http::connector {
 public:
  /// `unix_path` stands in for every host; every host is reached through `proxy`.
  explicit route_to(net::tls_client trust, std::optional<std::string> unix_path = std::nullopt,
                    std::optional<net::socks5_proxy> proxy = std::nullopt)
      : trust_(std::move(trust)), unix_path_(std::move(unix_path)), proxy_(std::move(proxy)) {}

  [[nodiscard]] task<result<net::connection>> connect(context& cx, net::network& net,
                                                      const http::url& to) override;

  /// Of all connections together.
  [[nodiscard]] const net::connect_times& times() const noexcept { return times_; }
  [[nodiscard]] std::size_t opened() const noexcept { return opened_; }

 private:
  [[nodiscard]] task<result<net::connection>> open(context& cx, net::network& net,
                                                   const http::url& to) const;

  net::tls_client trust_;
  std::optional<std::string> unix_path_;
  std::optional<net::socks5_proxy> proxy_;
  net::connect_times times_;
  std::size_t opened_ = 0;
};

/// Trust and identity as they were chosen; offers HTTP/1.1. *Errors*: `invalid_argument`.
[[nodiscard]] result<net::tls_client> make_trust(const tls_choice& chosen);

}  // namespace fairlead::cli
