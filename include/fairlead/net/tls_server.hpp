// SPDX-License-Identifier: BSL-1.0
// The server's side of TLS: who it is, whom it lets in, and how both change while it runs.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/time.hpp>
#include <fairlead/net/stream.hpp>
#include <fairlead/net/tls_credentials.hpp>
#include <fairlead/net/tls_info.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::net {

/// Whether a server asks its clients who they are.
enum class client_certificates : std::uint8_t {
  none,      ///< it does not ask
  optional,  ///< it asks; one that is given must be right
  required,  ///< a client without one is refused
};

/// Options of a `tls_server`; setters can be chained. Everything is checked, files included, when
/// the server is made or reloaded, and all that is wrong is reported at once.
///
/// Never spoken, whatever is set: versions before TLS 1.2 (RFC 8996), renegotiation, compression,
/// early data, and in TLS 1.2 anything without forward secrecy and AEAD (RFC 9325, 4.2).
class tls_server_options {
 public:
  tls_server_options() = default;
  explicit tls_server_options(tls_credentials own) : credentials_(std::move(own)) {}

  /// The chain and its key. Must be given.
  tls_server_options& credentials(tls_credentials own);
  /// The application protocols that are spoken (RFC 7301), best first. A client that offers some,
  /// but none of these, is refused. Default none: what clients offer is passed over.
  tls_server_options& alpn(std::vector<std::string> protocols);
  /// The oldest version that is spoken. Default TLS 1.2.
  tls_server_options& min_version(tls_version oldest) {
    min_version_ = oldest;
    return *this;
  }
  /// The newest version that is spoken: for peers whose TLS 1.3 is broken. Default TLS 1.3.
  tls_server_options& max_version(tls_version newest) {
    max_version_ = newest;
    return *this;
  }
  /// Whether clients are asked for certificates, and the PEM file with the CAs that may have signed
  /// them. Default: they are not.
  tls_server_options& client_ca_file(client_certificates ask, std::string_view path);
  /// The same for PEM text.
  tls_server_options& client_ca_pem(client_certificates ask, std::string_view text);
  /// Clients cannot resume sessions. Default: they can, for two hours, by tickets, so that the
  /// server keeps nothing. The keys of the tickets are made anew with every (re)load: reload now
  /// and then where TLS 1.2 clients should have forward secrecy across resumptions too.
  tls_server_options& no_session_tickets() {
    tickets_ = false;
    return *this;
  }
  /// How long a handshake may take. Default 10 s, as in Go's net/http. Must be positive.
  tls_server_options& handshake_timeout(duration limit) {
    handshake_timeout_ = limit;
    return *this;
  }

  [[nodiscard]] const tls_credentials& credentials() const noexcept { return credentials_; }
  [[nodiscard]] const std::vector<std::string>& alpn() const noexcept { return alpn_; }
  [[nodiscard]] tls_version min_version() const noexcept { return min_version_; }
  [[nodiscard]] tls_version max_version() const noexcept { return max_version_; }
  [[nodiscard]] client_certificates asks() const noexcept { return asks_; }
  [[nodiscard]] const std::vector<tls_pem>& client_cas() const noexcept { return client_cas_; }
  [[nodiscard]] bool tickets() const noexcept { return tickets_; }
  [[nodiscard]] duration handshake_timeout() const noexcept { return handshake_timeout_; }

  /// Everything that is wrong, one sentence each; reads the files. Empty when the options can be
  /// used. An expired certificate is none of these: which clock is right, the clients decide.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  tls_credentials credentials_;
  std::vector<std::string> alpn_;
  tls_version min_version_ = tls_version::tls12;
  tls_version max_version_ = tls_version::tls13;
  client_certificates asks_ = client_certificates::none;
  std::vector<tls_pem> client_cas_;
  bool tickets_ = true;
  duration handshake_timeout_ = std::chrono::seconds(10);
};

/// What server connections share. A handle: copies share all of it, and a reload reaches all.
///
/// *Thread safety*: may be used from any thread, also the same one from several.
///
/// *Example*:
/// ```cpp
/// net::tls_server shop(net::tls_server_options(net::tls_credentials::files(chain, key)));
/// auto secured = net::tls_listen(std::move(listener), shop);
/// ...
/// auto renewed = shop.reload();  // the files were replaced
/// ```
class tls_server {
 public:
  /// Throws `std::invalid_argument` with everything that is wrong.
  explicit tls_server(const tls_server_options& options);
  /// The same as a result. *Errors*: `invalid_argument` with everything that is wrong, by file and
  /// line; `tls_failure` when OpenSSL itself cannot be set up.
  [[nodiscard]] static result<tls_server> make(const tls_server_options& options);

  /// Handshakes that begin from now on go by `options`; connections that stand are not touched.
  /// *Errors*: those of `make`; nothing has changed then.
  [[nodiscard]] result<void> reload(const tls_server_options& options);
  /// The same options, with their files read again.
  [[nodiscard]] result<void> reload();

  /// What the certificate says that is shown now; compare `not_after` with your clock.
  [[nodiscard]] certificate_info certificate() const;

 private:
  friend task<result<std::unique_ptr<stream>>> tls_accept(context&, std::unique_ptr<stream>,
                                                          const tls_server&);
  struct core;
  explicit tls_server(std::shared_ptr<core> made) noexcept : core_(std::move(made)) {}

  std::shared_ptr<core> core_;
};

/// Speaks TLS over `under` as the server. The stream it gives is as that of `tls_connect`.
///
/// *Completes when* the handshake is over.
/// *Errors* (stage tls, not sent): as `tls_connect`. `under` is closed then.
[[nodiscard]] task<result<std::unique_ptr<stream>>> tls_accept(context& cx,
                                                               std::unique_ptr<stream> under,
                                                               const tls_server& server);

}  // namespace fairlead::net
