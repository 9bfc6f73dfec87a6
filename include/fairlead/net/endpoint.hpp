// SPDX-License-Identifier: BSL-1.0
// An address that can be connected to or listened on: IP and port, or the path of a Unix socket.
#pragma once

#include <fairlead/core/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::net {

/// A numeric IP address with a port, or a Unix socket path. Host names are for `network::resolve`.
///
/// *Thread safety*: a value.
class endpoint {
 public:
  enum class family : std::uint8_t { ip4, ip6, unix_socket };

  /// `address` is numeric: "127.0.0.1", "::1" (no brackets). `invalid_argument` when it is not.
  [[nodiscard]] static result<endpoint> ip(std::string_view address, std::uint16_t port);

  /// The path of a Unix socket; a leading '@' names the Linux abstract namespace.
  /// `invalid_argument` when it is empty or longer than the system allows (107 bytes on Linux).
  [[nodiscard]] static result<endpoint> unix_path(std::string_view path);

  /// "127.0.0.1:80", "[::1]:80" or "unix:/run/x.sock".
  [[nodiscard]] static result<endpoint> parse(std::string_view text);

  /// 127.0.0.1 with `port`; 0 lets the system choose one when listening.
  [[nodiscard]] static endpoint loopback(std::uint16_t port = 0);

  [[nodiscard]] family kind() const noexcept { return family_; }
  /// The numeric address, or the path.
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  /// 0 for Unix sockets.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// What `parse` takes.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const endpoint&, const endpoint&) = default;

 private:
  endpoint(family f, std::string address, std::uint16_t port)
      : family_(f), address_(std::move(address)), port_(port) {}

  family family_;
  std::string address_;
  std::uint16_t port_;
};

}  // namespace fairlead::net
