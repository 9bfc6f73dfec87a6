// SPDX-License-Identifier: BSL-1.0
// How it works: attempts are system calls on the descriptor itself, as in system_stream.cpp. After
// a burst of datagrams an attempt says that it would block although it might not, so that one busy
// sender does not keep the loop from turning.
#include <fairlead/net/datagram.hpp>

#include "detail/os_error.hpp"
#include "detail/sockaddr.hpp"
#include "detail/socket_options.hpp"
#include "detail/system_handle.hpp"
#include "detail/system_network.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <string>
#include <utility>

namespace fairlead::net::detail {

namespace {

constexpr unsigned most_in_a_row = 64;       // datagrams before the loop turns
constexpr std::uint64_t most_bytes = 65507;  // of a datagram over IPv4

error send_error(int code, std::size_t size, const endpoint& to) {
  switch (code) {
    case EMSGSIZE:
      return errors::too_large{"datagram", most_bytes, size};
    case ECONNREFUSED:
      return errors::connection_refused{to.to_string()};
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EADDRNOTAVAIL:
      return errors::unreachable{to.to_string()};
    default:
      return os_error(code, "send to " + to.to_string());
  }
}

class system_datagrams final : public datagram_socket {
 public:
  system_datagrams(system_handle handle, endpoint local)
      : handle_(std::move(handle)), local_(std::move(local)) {}

  std::optional<result<void>> try_send_to(std::span<const std::byte> bytes,
                                          const endpoint& to) override {
    if (!handle_.is_open()) {
      return fail(closed());
    }
    if (++in_a_row_ > most_in_a_row) {
      return std::nullopt;
    }
    auto address = to_system(to);
    if (!address) {
      return fail(std::move(address).error());
    }
    ssize_t n = 0;
    do {
      n = ::sendto(handle_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL, address->get(),
                   address->size);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
      return result<void>{};
    }
    const int code = errno;
    if (code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS) {
      return std::nullopt;
    }
    return fail(send_error(code, bytes.size(), to));
  }

  std::optional<result<datagram>> try_receive(std::span<std::byte> into) override {
    if (!handle_.is_open()) {
      return fail(closed());
    }
    if (++in_a_row_ > most_in_a_row) {
      return std::nullopt;
    }
    socket_address from;
    iovec piece{into.data(), into.size()};
    msghdr message{};
    message.msg_name = from.get();
    message.msg_namelen = sizeof(from.storage);
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    ssize_t n = 0;
    do {
      n = ::recvmsg(handle_.get(), &message, MSG_TRUNC);  // gives the whole size
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
      from.size = message.msg_namelen;
      auto sender = from_system(from);
      const auto whole = static_cast<std::size_t>(n);
      return datagram(std::min(whole, into.size()), whole, sender ? *sender : local_);
    }
    const int code = errno;
    if (code == EAGAIN || code == EWOULDBLOCK || code == ECONNREFUSED) {
      return std::nullopt;
    }
    return fail(os_error(code, "receive on " + local_.to_string()));
  }

  task<result<void>> wait(context& cx, direction towards) override {
    in_a_row_ = 0;
    return handle_.wait(cx, towards);
  }

  const endpoint& local() const noexcept override { return local_; }
  void close() noexcept override { handle_.close(); }

 private:
  error closed() const {
    const auto name = local_.to_string();
    return errors::unavailable{name, "the socket is closed", std::nullopt};
  }

  system_handle handle_;
  endpoint local_;
  unsigned in_a_row_ = 0;
};

// 0 or errno.
int configure(int fd, const endpoint& at, const datagram_options& o) noexcept {
  const int on = 1;
  const int off = 0;
  if ((o.share_port && ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) ||
      (o.broadcast && ::setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) != 0) ||
      (at.kind() == endpoint::family::ip6 &&
       ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0)) {
    return errno;
  }
  return 0;
}

}  // namespace

result<std::unique_ptr<datagram_socket>> system_datagram_socket(environment& env,
                                                                const endpoint& at,
                                                                const datagram_options& options) {
  if (at.kind() == endpoint::family::unix_socket) {
    return fail(errors::invalid_argument{at.to_string(), "no datagrams over Unix sockets"});
  }
  auto address = to_system(at);
  if (!address) {
    return fail(std::move(address).error());
  }
  const int family = at.kind() == endpoint::family::ip4 ? AF_INET : AF_INET6;
  unique_fd fd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    return fail(listen_error(errno, at.to_string()));
  }
  stream_options buffers;
  buffers.send_buffer = options.send_buffer;
  buffers.receive_buffer = options.receive_buffer;
  if (auto set = apply_options(fd.get(), buffers); !set) {
    return fail(std::move(set).error());
  }
  int code = configure(fd.get(), at, options);
  if (code == 0 && ::bind(fd.get(), address->get(), address->size) != 0) {
    code = errno;
  }
  if (code != 0) {
    return fail(listen_error(code, at.to_string()));
  }
  socket_address own;
  own.size = sizeof(own.storage);
  auto local = at;
  if (::getsockname(fd.get(), own.get(), &own.size) == 0) {
    if (auto known = from_system(own)) {
      local = std::move(*known);
    }
  }
  system_handle handle(env.executor());
  code = handle.open(std::move(fd));
  if (code != 0) {
    return fail(listen_error(code, at.to_string()));
  }
  return std::make_unique<system_datagrams>(std::move(handle), std::move(local));
}

}  // namespace fairlead::net::detail
