// SPDX-License-Identifier: BSL-1.0
// How the commands that speak HTTP are told to make their connections: whom to trust, as whom to
// appear, and which way to go.
#pragma once

#include "command_line.hpp"
#include "given_values.hpp"

#include <fairlead/http/client_options.hpp>
#include <fairlead/http/proxy.hpp>
#include <fairlead/http/proxy_rules.hpp>
#include <fairlead/net/tls_client.hpp>

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::cli {

/// What was given for it; nothing read yet.
struct connection_choice {
  std::optional<std::string> ca_file;
  std::optional<std::string> certificate;
  std::optional<std::string> key;
  bool insecure = false;
  std::optional<std::string> unix_path;
  std::optional<http::proxy> proxy;
  bool proxy_from_environment = false;
};

/// The options of a command: `before`, those of connections, `behind`.
[[nodiscard]] std::vector<option> with_connection_options(std::vector<option> before,
                                                          const std::vector<option>& behind);

/// What these options say; complains in `given` of what is wrong with them.
[[nodiscard]] connection_choice connections_chosen(given_values& given);

/// Reads the files that the options name. The error says in one line what is wrong with them.
[[nodiscard]] tl::expected<net::tls_client, std::string> read_trust(
    const net::tls_client_options& options);

/// The same, read and checked.
class connection_setup {
 public:
  /// Reads the files, and the environment where it is to be asked. The error says in one line what
  /// is wrong with them.
  [[nodiscard]] static tl::expected<connection_setup, std::string> make(
      const connection_choice& chosen);

  /// Has a client make its connections like this; it offers HTTP/1.1.
  void apply_to(http::client_options& options) const;

  /// Whom to trust, and as whom to appear.
  [[nodiscard]] const net::tls_client& trust() const noexcept { return trust_; }

 private:
  explicit connection_setup(net::tls_client trust) : trust_(std::move(trust)) {}

  net::tls_client trust_;
  std::string unix_path_;
  http::proxy_rules proxies_;
};

}  // namespace fairlead::cli
