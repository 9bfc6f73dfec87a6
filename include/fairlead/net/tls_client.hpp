// SPDX-License-Identifier: BSL-1.0
// The client's side of TLS: whom to trust, what to offer, and the sessions that can be resumed.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/time.hpp>
#include <fairlead/net/stream.hpp>
#include <fairlead/net/tls_credentials.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::net {

/// Options of a `tls_client`; setters can be chained. Everything is checked, files included, when
/// the client is made, and all that is wrong is reported at once.
///
/// The defaults verify: the chain up to a CA of the system's trust store, the dates, and the host
/// name (RFC 9525: by subjectAltName alone; a wildcard stands for the left-most label, whole; an IP
/// address must be named as one).
///
/// *Example*:
/// ```cpp
/// auto options = net::tls_client_options().ca_file("/etc/shop/ca.pem").alpn({"http/1.1"});
/// ```
class tls_client_options {
 public:
  /// Trusts only what the PEM file holds, instead of the system's CAs. A certificate in it is a
  /// trust anchor, also one that is no root. Can be given several times.
  tls_client_options& ca_file(std::string_view path);
  /// The same for PEM text.
  tls_client_options& ca_pem(std::string_view text);
  /// Trusts what the PEM file holds in addition to the system's CAs.
  tls_client_options& extra_ca_file(std::string_view path);
  /// The same for PEM text.
  tls_client_options& extra_ca_pem(std::string_view text);

  /// Who this client is, for servers that ask: the chain (leaf first) and its key. Default: nobody.
  tls_client_options& credentials(tls_credentials own);

  /// The application protocols to offer (RFC 7301), best first, each of 1 to 255 bytes. Default
  /// none. A server that knows of no ALPN leaves `tls_info::alpn` empty; that is no error.
  tls_client_options& alpn(std::vector<std::string> protocols);
  /// The oldest version that is spoken. Default TLS 1.2 (RFC 9325, 3.1.1).
  tls_client_options& min_version(tls_version oldest) {
    min_version_ = oldest;
    return *this;
  }
  /// The newest version that is spoken: for peers whose TLS 1.3 is broken. Default TLS 1.3.
  tls_client_options& max_version(tls_version newest) {
    max_version_ = newest;
    return *this;
  }
  /// How long a handshake may take. Default 10 s, as in Go's net/http. Must be positive.
  tls_client_options& handshake_timeout(duration limit) {
    handshake_timeout_ = limit;
    return *this;
  }
  /// Of how many servers (name and port) sessions are kept to be resumed, which saves the server a
  /// signature and the wire a chain; the one unused for longest makes room. Default 128; 0 resumes
  /// nothing.
  tls_client_options& session_cache(std::size_t servers) {
    session_cache_ = servers;
    return *this;
  }
  /// Accepts every certificate: whoever sits on the wire can read and change everything. For
  /// looking at a server whose certificate is broken, never for talking to one. `tls_info` says
  /// what was wrong.
  tls_client_options& insecure_skip_verification() {
    verifies_ = false;
    return *this;
  }

  [[nodiscard]] const std::vector<tls_pem>& only_cas() const noexcept { return only_cas_; }
  [[nodiscard]] const std::vector<tls_pem>& extra_cas() const noexcept { return extra_cas_; }
  [[nodiscard]] const tls_credentials& credentials() const noexcept { return credentials_; }
  [[nodiscard]] const std::vector<std::string>& alpn() const noexcept { return alpn_; }
  [[nodiscard]] tls_version min_version() const noexcept { return min_version_; }
  [[nodiscard]] tls_version max_version() const noexcept { return max_version_; }
  [[nodiscard]] duration handshake_timeout() const noexcept { return handshake_timeout_; }
  [[nodiscard]] std::size_t session_cache() const noexcept { return session_cache_; }
  [[nodiscard]] bool verifies() const noexcept { return verifies_; }

  /// Everything that is wrong, one sentence each; reads the files. Empty when the options can be
  /// used.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  std::vector<tls_pem> only_cas_;
  std::vector<tls_pem> extra_cas_;
  tls_credentials credentials_;
  std::vector<std::string> alpn_;
  tls_version min_version_ = tls_version::tls12;
  tls_version max_version_ = tls_version::tls13;
  duration handshake_timeout_ = std::chrono::seconds(10);
  std::size_t session_cache_ = 128;
  bool verifies_ = true;
};

namespace detail {
struct tls_context;
}  // namespace detail

/// What client connections share: trust, identity and sessions. A handle: copies share all of it.
///
/// *Thread safety*: may be used from any thread, also the same one from several.
class tls_client {
 public:
  /// Throws `std::invalid_argument` with everything that is wrong.
  explicit tls_client(const tls_client_options& options = {});
  /// The same as a result. *Errors*: `invalid_argument` with everything that is wrong, by file and
  /// line; `tls_failure` when OpenSSL itself cannot be set up.
  [[nodiscard]] static result<tls_client> make(const tls_client_options& options = {});

  /// How many servers there are sessions of.
  [[nodiscard]] std::size_t cached_sessions() const noexcept;
  /// Forgets them.
  void forget_sessions() noexcept;

 private:
  friend task<result<std::unique_ptr<stream>>> tls_connect(context&, std::unique_ptr<stream>,
                                                           const tls_client&, std::string_view);
  explicit tls_client(std::shared_ptr<const detail::tls_context> made) noexcept
      : shared_(std::move(made)) {}

  std::shared_ptr<const detail::tls_context> shared_;
};

/// Speaks TLS over `under` as the client of `host`, a DNS name or a numeric address, which the
/// server's certificate must be for; a name is also told to the server (SNI). The dates are held
/// against the clock of the environment.
///
/// The stream it gives reads the end only when the server said that it has ended (close_notify): a
/// connection that just breaks off fails with `connection_closed`, since somebody else may have cut
/// it. Its `shutdown_write` says so to the server, and waits at most 5 s for room to say it;
/// closing it says so if that is possible at once, and not in the middle of a write.
///
/// A write that would block has already encrypted what it was given: the next one must begin with
/// the same bytes, as those of `write_all` do. When it does not, it fails and nothing else is sent.
///
/// *Completes when* the server is authenticated.
/// *Errors* (stage tls, not sent): `tls_failure` with what is wrong, by whom, and what helps;
/// `timeout` (scope connect) of the handshake; `connection_reset`, `invalid_argument` for a host
/// that is none, `cancelled`, `deadline`. `under` is closed then.
/// *Example*:
/// ```cpp
/// auto tcp = co_await net::connect_to(cx, net::system_network(), "shop.example", 443);
/// auto shop = co_await net::tls_connect(cx, std::move(tcp->stream), trust, "shop.example");
/// ```
[[nodiscard]] task<result<std::unique_ptr<stream>>> tls_connect(context& cx,
                                                                std::unique_ptr<stream> under,
                                                                const tls_client& client,
                                                                std::string_view host);

}  // namespace fairlead::net
