// SPDX-License-Identifier: BSL-1.0
// Whom a client trusts, made when it is first needed.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/net/tls_client.hpp>

#include <optional>
#include <utility>

namespace fairlead::http::detail {

/// *Thread safety*: none; one client's.
class client_trust {
 public:
  /// Without one of its own, a TLS client that trusts the system's CAs.
  explicit client_trust(std::optional<net::tls_client> trust) : trust_(std::move(trust)) {}

  /// *Errors*: `tls_failure` when OpenSSL cannot be set up.
  [[nodiscard]] result<const net::tls_client*> get() {
    if (!trust_) {
      auto made = net::tls_client::make(net::tls_client_options().alpn({"http/1.1"}));
      if (!made) {
        error why = std::move(made).error();
        return fail(why.at(error_stage::tls));
      }
      trust_ = std::move(*made);
    }
    return &*trust_;
  }

 private:
  std::optional<net::tls_client> trust_;
};

}  // namespace fairlead::http::detail
