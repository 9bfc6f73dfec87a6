// SPDX-License-Identifier: BSL-1.0
// A proxy: where it is, what it speaks, and who we are to it.
#pragma once

#include <fairlead/core/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::http {

/// A proxy, from its URL.
///
/// | URL | default port | what it is |
/// |---|---|---|
/// | `http://[user:password@]host[:port]` | 80 | http URLs in absolute-form, CONNECT for https |
/// | `https://...` | 443 | the same, with TLS to the proxy, which is verified as a server is |
/// | `socks5://...`, `socks5h://...` | 1080 | SOCKS5; the proxy resolves names in both, as in Go |
///
/// Without a scheme it is an http proxy, as environments have it. User and password are
/// percent-encoded.
///
/// *Thread safety*: a value.
///
/// *Example*:
/// ```cpp
/// const auto way_out = http::proxy::parse("http://ann:secret@proxy:3128");
/// if (!way_out) { co_return tl::unexpected(way_out.error()); }
/// http::client c(env, http::client_options().proxy(*way_out));
/// ```
class proxy {
 public:
  enum class protocol : std::uint8_t { http, https, socks5 };

  /// *Errors*: `invalid_url` for another scheme, without a host, with a path, or with credentials
  /// that cannot be sent: a user with a colon, control characters, more than 255 bytes for SOCKS5.
  /// What it tells of `text` is without user and password.
  [[nodiscard]] static result<proxy> parse(std::string_view text);

  [[nodiscard]] protocol speaks() const noexcept { return speaks_; }
  /// In lower case; an IPv6 address without its brackets.
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// "http://proxy:3128", always with its port, never with credentials: for messages.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  [[nodiscard]] bool has_credentials() const noexcept { return has_credentials_; }
  [[nodiscard]] const std::string& user() const noexcept { return user_; }
  [[nodiscard]] const std::string& password() const noexcept { return password_; }
  /// What goes into Proxy-Authorization ("Basic ..."); empty without credentials, and for SOCKS5.
  [[nodiscard]] const std::string& authorization() const noexcept { return authorization_; }

  friend bool operator==(const proxy&, const proxy&) = default;

 private:
  proxy() = default;
  [[nodiscard]] result<void> take_credentials(std::string_view text);
  [[nodiscard]] result<void> take_address(std::string_view text);

  protocol speaks_ = protocol::http;
  std::string host_;
  std::uint16_t port_ = 0;
  std::string name_;
  bool has_credentials_ = false;
  std::string user_;
  std::string password_;
  std::string authorization_;
};

}  // namespace fairlead::http
