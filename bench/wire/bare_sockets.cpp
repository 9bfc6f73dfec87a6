// SPDX-License-Identifier: BSL-1.0
// System calls and nothing else: what the machine charges for the exchange itself. Blocking, or
// with an epoll_wait before every read.
#include "minimal_http.hpp"
#include "pairs.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>

namespace wire {

namespace {

enum class waits : std::uint8_t { in_the_read, in_epoll };

int check(int outcome, const char* what) {
  if (outcome < 0) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  return outcome;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

// A connected socket with what has been read from it.
class connection {
 public:
  connection(int fd, waits how) : fd_(fd), buffer_(65536, '\0') {
    const int on = 1;
    check(::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
    if (how == waits::in_epoll) {
      epoll_ = check(::epoll_create1(0), "epoll_create1");
      epoll_event event{};
      event.events = EPOLLIN;
      check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event), "epoll_ctl");
    }
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() {
    ::close(fd_);
    if (epoll_ >= 0) {
      ::close(epoll_);
    }
  }

  /// A whole message, which stays until the next call; nothing at the end of the stream.
  std::optional<std::string_view> read_message(std::size_t& body) {
    std::size_t have = 0;
    for (std::optional<message_size> size; !size || have < size->head + size->body;) {
      if (epoll_ >= 0) {
        epoll_event event{};
        check(::epoll_wait(epoll_, &event, 1, -1), "epoll_wait");
      }
      const auto n = ::recv(fd_, buffer_.data() + have, buffer_.size() - have, 0);
      if (n <= 0) {
        return std::nullopt;
      }
      have += static_cast<std::size_t>(n);
      if (!size) {
        size = measure(std::string_view(buffer_).substr(0, have));
      }
      body = size ? size->body : 0;
    }
    return std::string_view(buffer_).substr(0, have);
  }

  void write(std::string_view head, std::string_view body) const {
    std::array<iovec, 2> pieces{{{const_cast<char*>(head.data()), head.size()},
                                 {const_cast<char*>(body.data()), body.size()}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = body.empty() ? 1 : 2;
    if (::sendmsg(fd_, &message, MSG_NOSIGNAL) != static_cast<ssize_t>(head.size() + body.size())) {
      throw std::runtime_error("a short write");
    }
  }

 private:
  int fd_;
  int epoll_ = -1;
  std::string buffer_;
};

template <waits How>
void serve(std::size_t body_bytes, const announce& at) {
  const auto body = make_body(body_bytes);
  const int listener = check(::socket(AF_INET, SOCK_STREAM, 0), "socket");
  auto address = loopback(0);
  socklen_t size = sizeof address;
  check(::bind(listener, reinterpret_cast<const sockaddr*>(&address), size), "bind");
  check(::listen(listener, 1), "listen");
  check(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  at(ntohs(address.sin_port));
  std::string head;
  for (;;) {
    connection peer(check(::accept(listener, nullptr, nullptr), "accept"), How);
    std::size_t ignored = 0;
    while (const auto request = peer.read_message(ignored)) {
      const bool known = asks_for(*request, "/items ");
      render_head(head, known ? "200 OK" : "404 Not Found", known ? body.size() : 0);
      peer.write(head, known ? std::string_view(body) : std::string_view());
    }
  }
}

template <waits How>
void ask(std::uint16_t port, meter& m) {
  const auto to = loopback(port);
  const int fd = check(::socket(AF_INET, SOCK_STREAM, 0), "socket");
  check(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
  connection server(fd, How);
  const auto host = "127.0.0.1:" + std::to_string(port);
  std::string request;
  while (m.more()) {
    render_request(request, "/items", host);
    server.write(request, {});
    std::size_t body = 0;
    if (!server.read_message(body)) {
      throw std::runtime_error("the server closed the connection");
    }
    m.answered(body);
  }
}

}  // namespace

const pair blocking_sockets = {"sockets", "blocking system calls, parsed by hand",
                               &serve<waits::in_the_read>, &ask<waits::in_the_read>};
const pair epoll_sockets = {"epoll", "the same with epoll_wait before each read",
                            &serve<waits::in_epoll>, &ask<waits::in_epoll>};

}  // namespace wire
