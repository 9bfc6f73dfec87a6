// SPDX-License-Identifier: BSL-1.0
// Which NATS servers to speak with, as whom, and with how much patience.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/tls_client.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead {

/// What becomes of the servers of a cluster that a server tells of.
enum class nats_discovery : std::uint8_t {
  follow,  ///< they are tried like those that were configured
  ignore,
};

/// Options of a `nats_client`; setters can be chained. Everything is checked when the client is
/// made, and all that is wrong is reported at once.
///
/// *Example*:
/// ```cpp
/// auto options = nats_options("nats://a:4222,nats://b:4222").name("shop").token(secret);
/// ```
class nats_options {
 public:
  /// Servers with commas between them: "nats://user:password@host:4222", "nats://token@host",
  /// "tls://host" (TLS or nothing), "host:port". Users, passwords and tokens are percent-encoded.
  /// The first one is picked at random.
  explicit nats_options(std::string servers = "nats://127.0.0.1:4222")
      : servers_(std::move(servers)) {}

  /// What the server's own lists call this client. Default: empty.
  nats_options& name(std::string text) {
    name_ = std::move(text);
    return *this;
  }
  /// For servers whose URL names nobody.
  nats_options& user(std::string who, std::string password) {
    user_ = std::move(who);
    password_ = std::move(password);
    return *this;
  }
  /// The same.
  nats_options& token(std::string secret) {
    token_ = std::move(secret);
    return *this;
  }
  /// TLS or nothing, with every server, with this trust and identity. Default: TLS where the URL or
  /// the server asks for it, with the CAs of the system.
  nats_options& tls(net::tls_client client) {
    tls_ = std::move(client);
    return *this;
  }
  /// Where to connect; must outlive the client. Default: the system's network.
  nats_options& network(net::network& through) {
    network_ = &through;
    return *this;
  }
  /// Default: they are followed. They are told the same user, password or token.
  nats_options& discovery(nats_discovery what) {
    discovery_ = what;
    return *this;
  }

  /// How long one attempt to connect may take, TLS and authentication included; default 5 s.
  nats_options& connect_timeout(duration limit) {
    connect_timeout_ = limit;
    return *this;
  }
  /// How long calls wait for a connection while there is none; default 5 s. Then `unavailable`.
  nats_options& patience(duration limit) {
    patience_ = limit;
    return *this;
  }
  /// How long a call may take, when its context has no earlier deadline; default 30 s.
  nats_options& call_timeout(duration limit) {
    call_timeout_ = limit;
    return *this;
  }
  /// How long the server may read nothing while something waits to be written; default 30 s. Then
  /// the connection is closed.
  nats_options& write_timeout(duration limit) {
    write_timeout_ = limit;
    return *this;
  }
  /// How often the server is asked whether it lives, and how long it may take to say so; default
  /// 30 s and 10 s. Then the connection is closed.
  nats_options& keepalive(duration interval, duration limit) {
    ping_interval_ = interval;
    ping_timeout_ = limit;
    return *this;
  }
  /// The pause before connecting again once every server has failed, doubled with each further
  /// failure, with half of it at random; default 100 ms up to 2 s.
  nats_options& pauses(duration first, duration longest) {
    first_pause_ = first;
    longest_pause_ = longest;
    return *this;
  }

  /// The largest message that is taken, headers and payload, 1 B to 1 GiB; default 8 MiB. What is
  /// larger is passed over and counted; a request that it answers ends with `too_large`. What may
  /// be sent the server says, usually 1 MiB.
  nats_options& max_message(std::size_t bytes) {
    max_message_ = bytes;
    return *this;
  }
  /// Requests that may be unanswered at a time, 1 to 1,000,000; default 65,536. The next one fails
  /// with `pool_exhausted`.
  nats_options& max_requests(std::size_t calls) {
    max_requests_ = calls;
    return *this;
  }
  /// Calls that may wait to be written, or for a connection, and bytes of their messages; default
  /// 16,384 and 64 MiB. The next one fails with `pool_exhausted`.
  nats_options& max_waiting(std::size_t calls, std::size_t bytes) {
    max_waiting_ = calls;
    max_waiting_bytes_ = bytes;
    return *this;
  }

  [[nodiscard]] const std::string& servers() const noexcept { return servers_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& user() const noexcept { return user_; }
  [[nodiscard]] const std::string& password() const noexcept { return password_; }
  [[nodiscard]] const std::string& token() const noexcept { return token_; }
  [[nodiscard]] const std::optional<net::tls_client>& tls() const noexcept { return tls_; }
  [[nodiscard]] net::network& network() const noexcept {
    return network_ != nullptr ? *network_ : net::system_network();
  }
  [[nodiscard]] nats_discovery discovery() const noexcept { return discovery_; }
  [[nodiscard]] duration connect_timeout() const noexcept { return connect_timeout_; }
  [[nodiscard]] duration patience() const noexcept { return patience_; }
  [[nodiscard]] duration call_timeout() const noexcept { return call_timeout_; }
  [[nodiscard]] duration write_timeout() const noexcept { return write_timeout_; }
  [[nodiscard]] duration ping_interval() const noexcept { return ping_interval_; }
  [[nodiscard]] duration ping_timeout() const noexcept { return ping_timeout_; }
  [[nodiscard]] duration first_pause() const noexcept { return first_pause_; }
  [[nodiscard]] duration longest_pause() const noexcept { return longest_pause_; }
  [[nodiscard]] std::size_t max_message() const noexcept { return max_message_; }
  [[nodiscard]] std::size_t max_requests() const noexcept { return max_requests_; }
  [[nodiscard]] std::size_t max_waiting() const noexcept { return max_waiting_; }
  [[nodiscard]] std::size_t max_waiting_bytes() const noexcept { return max_waiting_bytes_; }

  /// Everything that is wrong, one sentence each; empty when the options can be used. Tells no
  /// password.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  std::string servers_;
  std::string name_;
  std::string user_;
  std::string password_;
  std::string token_;
  std::optional<net::tls_client> tls_;
  net::network* network_ = nullptr;
  nats_discovery discovery_ = nats_discovery::follow;
  duration connect_timeout_ = std::chrono::seconds(5);
  duration patience_ = std::chrono::seconds(5);
  duration call_timeout_ = std::chrono::seconds(30);
  duration write_timeout_ = std::chrono::seconds(30);
  duration ping_interval_ = std::chrono::seconds(30);
  duration ping_timeout_ = std::chrono::seconds(10);
  duration first_pause_ = std::chrono::milliseconds(100);
  duration longest_pause_ = std::chrono::seconds(2);
  std::size_t max_message_ = std::size_t{8} << 20U;
  std::size_t max_requests_ = 65'536;
  std::size_t max_waiting_ = 16'384;
  std::size_t max_waiting_bytes_ = std::size_t{64} << 20U;
};

}  // namespace fairlead
