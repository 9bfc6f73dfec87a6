// SPDX-License-Identifier: BSL-1.0
// What both sides of TLS name: versions, PEM by file or text, and a chain with its key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::net {

/// Versions of TLS that are spoken. Older ones are not (RFC 8996).
enum class tls_version : std::uint8_t { tls12, tls13 };

/// PEM text, given as it is or as a file that is read when it is needed.
class tls_pem {
 public:
  [[nodiscard]] static tls_pem file(std::string_view path) { return {path, kind::file}; }
  [[nodiscard]] static tls_pem text(std::string_view pem) { return {pem, kind::text}; }

  [[nodiscard]] bool is_file() const noexcept { return kind_ == kind::file; }
  /// The path, or the text.
  [[nodiscard]] const std::string& value() const noexcept { return value_; }
  [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

 private:
  friend class tls_credentials;
  enum class kind : std::uint8_t { file, text };
  tls_pem() = default;
  tls_pem(std::string_view value, kind k) : value_(value), kind_(k) {}

  std::string value_;
  kind kind_ = kind::text;
};

/// A certificate chain, leaf first and the root left out, with the private key of the leaf (PKCS #8
/// or the older forms, not encrypted). Default: none.
///
/// *Example*:
/// ```cpp
/// auto own = net::tls_credentials::files("/etc/shop/chain.pem", "/etc/shop/key.pem");
/// ```
class tls_credentials {
 public:
  tls_credentials() = default;
  tls_credentials(tls_pem chain, tls_pem key) : chain_(std::move(chain)), key_(std::move(key)) {}

  [[nodiscard]] static tls_credentials files(std::string_view chain, std::string_view key) {
    return {tls_pem::file(chain), tls_pem::file(key)};
  }
  [[nodiscard]] static tls_credentials text(std::string_view chain, std::string_view key) {
    return {tls_pem::text(chain), tls_pem::text(key)};
  }

  [[nodiscard]] bool empty() const noexcept { return chain_.empty() && key_.empty(); }
  [[nodiscard]] const tls_pem& chain() const noexcept { return chain_; }
  [[nodiscard]] const tls_pem& key() const noexcept { return key_; }

 private:
  tls_pem chain_;
  tls_pem key_;
};

}  // namespace fairlead::net
