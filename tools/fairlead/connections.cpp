// SPDX-License-Identifier: BSL-1.0
#include "connections.hpp"

#include <fairlead/core/errors.hpp>
#include <fairlead/net/endpoint.hpp>

#include <array>

namespace fairlead::cli {

namespace {

// The proxy of "--proxy", which may hold a password: what is told of it has none.
std::optional<http::proxy> proxy_given(given_values& given) {
  const auto text = given.text("--proxy");
  if (!text) {
    return std::nullopt;
  }
  auto parsed = http::proxy::parse(*text);
  if (!parsed) {
    const auto why = parsed.error().get<errors::invalid_url>();
    given.complain("--proxy" + (why->url.empty() ? "" : " " + std::string(why->url)) + ": " +
                   std::string(why->reason));
    return std::nullopt;
  }
  return *std::move(parsed);
}

std::string reason_of(const error& e) {
  const auto why = e.get<errors::invalid_argument>();
  return why ? std::string(why->reason) : e.message();
}

net::tls_client_options trust_in(const connection_choice& chosen) {
  net::tls_client_options options;
  options.alpn({"http/1.1"});
  if (chosen.ca_file) {
    options.ca_file(*chosen.ca_file);
  }
  if (chosen.certificate) {
    options.credentials(
        net::tls_credentials::files(*chosen.certificate, chosen.key.value_or(*chosen.certificate)));
  }
  if (chosen.insecure) {
    options.insecure_skip_verification();
  }
  return options;
}

}  // namespace

std::vector<option> with_connection_options(std::vector<option> before,
                                            const std::vector<option>& behind) {
  static constexpr std::array<option, 7> own{{
      {"--cacert", "FILE", "trust the CAs of this PEM file, and no others"},
      {"--cert", "FILE", "the certificate (PEM chain) to show to servers that ask"},
      {"--key", "FILE", "its private key; default: in the file of --cert"},
      {"--insecure", "", "accept any certificate: anybody on the way can read and change it all"},
      {"--unix", "PATH", "connect to this Unix socket instead of the URL's host"},
      {"--proxy", "URL", "go through http://, https:// or socks5://[USER:PASSWORD@]HOST[:PORT]"},
      {"--proxy-from-env", "", "go through the proxies of http_proxy, https_proxy and all_proxy"},
  }};
  before.insert(before.end(), own.begin(), own.end());
  before.insert(before.end(), behind.begin(), behind.end());
  return before;
}

connection_choice connections_chosen(given_values& given) {
  connection_choice out;
  out.ca_file = given.text("--cacert");
  out.certificate = given.text("--cert");
  out.key = given.text("--key");
  out.insecure = given.has("--insecure");
  out.unix_path = given.text("--unix");
  out.proxy = proxy_given(given);
  out.proxy_from_environment = given.has("--proxy-from-env");
  given.exclusive("--cacert", "--insecure");
  given.exclusive("--unix", "--proxy");
  given.exclusive("--unix", "--proxy-from-env");
  given.exclusive("--proxy", "--proxy-from-env");
  if (out.key && !out.certificate) {
    given.complain("--key belongs to a certificate: give --cert too");
  }
  if (out.unix_path) {
    if (const auto at = net::endpoint::unix_path(*out.unix_path); !at) {
      given.complain("--unix: " + at.error().message());
    }
  }
  return out;
}

tl::expected<net::tls_client, std::string> read_trust(const net::tls_client_options& options) {
  auto made = net::tls_client::make(options);
  if (!made) {
    return tl::unexpected(reason_of(made.error()));
  }
  return *std::move(made);
}

tl::expected<connection_setup, std::string> connection_setup::make(
    const connection_choice& chosen) {
  auto trust = read_trust(trust_in(chosen));
  if (!trust) {
    return tl::unexpected(std::move(trust).error());
  }
  connection_setup out(*std::move(trust));
  out.unix_path_ = chosen.unix_path.value_or("");
  if (chosen.proxy) {
    out.proxies_ = http::proxy_rules(*chosen.proxy);
  } else if (chosen.proxy_from_environment) {
    auto asked = http::proxy_rules::from_environment();
    if (!asked) {
      return tl::unexpected(reason_of(asked.error()));
    }
    out.proxies_ = *std::move(asked);
  }
  return out;
}

void connection_setup::apply_to(http::client_options& options) const {
  options.tls(trust_).unix_socket(unix_path_).proxies(proxies_);
}

}  // namespace fairlead::cli
