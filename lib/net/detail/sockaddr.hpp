// SPDX-License-Identifier: BSL-1.0
// Endpoints as the operating system writes them.
#pragma once

#include <fairlead/net/endpoint.hpp>

#include <sys/socket.h>

#include <string>

namespace fairlead::net::detail {

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

/// `invalid_argument` when an IPv6 zone names no interface of this machine.
[[nodiscard]] result<socket_address> to_system(const endpoint& e);

/// Fails for an unnamed Unix socket. IPv4-mapped IPv6 addresses come back as IPv4.
[[nodiscard]] result<endpoint> from_system(const socket_address& a);

/// For people: "fd 7, 127.0.0.1:80", with the address of the peer, or its own when it has none.
[[nodiscard]] std::string describe_socket(int fd);

}  // namespace fairlead::net::detail
