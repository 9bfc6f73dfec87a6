// SPDX-License-Identifier: BSL-1.0
// The system calls that the contestants without a library share.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace wire {

inline int check(int outcome, const char* what) {
  if (outcome < 0) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  return outcome;
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

/// `port` is where the system put it.
inline int listen_on_loopback(std::uint16_t& port) {
  const int fd = check(::socket(AF_INET, SOCK_STREAM, 0), "socket");
  auto address = loopback(0);
  socklen_t size = sizeof address;
  check(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size), "bind");
  check(::listen(fd, 4096), "listen");
  check(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  port = ntohs(address.sin_port);
  return fd;
}

inline int connect_to(std::uint16_t port) {
  const auto to = loopback(port);
  const int fd = check(::socket(AF_INET, SOCK_STREAM, 0), "socket");
  check(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
  return fd;
}

inline void send_at_once(int fd) {
  const int on = 1;
  check(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
}

/// One system call; what is sent here always fits.
inline void send_all(int fd, std::string_view head, std::string_view body) {
  std::array<iovec, 2> pieces{{{const_cast<char*>(head.data()), head.size()},
                               {const_cast<char*>(body.data()), body.size()}}};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = body.empty() ? 1 : 2;
  if (::sendmsg(fd, &message, MSG_NOSIGNAL) != static_cast<ssize_t>(head.size() + body.size())) {
    throw std::runtime_error("a short write");
  }
}

}  // namespace wire
