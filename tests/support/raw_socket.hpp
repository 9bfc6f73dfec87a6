// SPDX-License-Identifier: BSL-1.0
// A peer without fairlead: a plain blocking socket, for tests of what the operating system says.
#pragma once

#include <fairlead/net/endpoint.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fairlead::testing {

/// A blocking TCP client over IPv4.
class raw_socket {
 public:
  explicit raw_socket(const net::endpoint& to) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(to.port());
    ::inet_pton(AF_INET, to.address().c_str(), &a.sin_addr);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&a), sizeof(a)) != 0) {
      throw std::runtime_error("raw_socket: cannot connect to " + to.to_string());
    }
  }
  raw_socket(const raw_socket&) = delete;
  raw_socket& operator=(const raw_socket&) = delete;
  ~raw_socket() { close(); }

  void send(std::string_view text) { static_cast<void>(!::write(fd_, text.data(), text.size())); }

  /// What comes until the end of the stream.
  std::string receive_all() {
    std::string all;
    char some[4096];
    for (ssize_t n = 0; (n = ::read(fd_, some, sizeof(some))) > 0;) {
      all.append(some, static_cast<std::size_t>(n));
    }
    return all;
  }

  /// Ends the writing side; reading goes on.
  void finish() { ::shutdown(fd_, SHUT_WR); }

  /// Reads on until the stream ends, in order (0) or with this `errno`.
  int receive_until_error() {
    char some[4096];
    ssize_t n = 1;
    while (n > 0) {
      n = ::read(fd_, some, sizeof(some));
    }
    return n == 0 ? 0 : errno;
  }

  void close() {
    if (fd_ >= 0) {
      ::close(fd_);
      fd_ = -1;
    }
  }

  /// Closes with a reset instead of an orderly end.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close();
  }

 private:
  int fd_;
};

}  // namespace fairlead::testing
