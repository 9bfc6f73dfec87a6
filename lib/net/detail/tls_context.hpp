// SPDX-License-Identifier: BSL-1.0
// What the connections of a handle share, made from its options.
#pragma once

#include "openssl.hpp"
#include "tls_sessions.hpp"

#include <fairlead/net/tls_client.hpp>
#include <fairlead/net/tls_server.hpp>

#include <memory>
#include <string>
#include <vector>

namespace fairlead::net::detail {

struct tls_context {
  explicit tls_context(std::size_t session_servers) : sessions(session_servers) {}

  owned<SSL_CTX> ctx;
  owned<X509> leaf;  // of the own chain; null when there is none
  std::string alpn;  // as it goes over the wire
  duration handshake_timeout{};
  bool verifies = true;           // clients only
  mutable tls_sessions sessions;  // clients only
};

/// What options came to: a context, or what is wrong with them.
struct made_context {
  std::shared_ptr<const tls_context> context;
  std::vector<std::string> problems;
  std::string openssl_failure;  // why there is no context, though the options have no problem

  /// The context, or the error of that `what` ("net::tls_client").
  [[nodiscard]] result<std::shared_ptr<const tls_context>> as_result(std::string_view what) &&;
};

[[nodiscard]] made_context make_context(const tls_client_options& options);
[[nodiscard]] made_context make_context(const tls_server_options& options);

}  // namespace fairlead::net::detail
