// SPDX-License-Identifier: BSL-1.0
#include "detail/system_handle.hpp"

#include <fairlead/core/asio_binding.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fairlead::net::detail {

unique_fd::~unique_fd() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

int system_handle::open(unique_fd fd) {
  boost::system::error_code ec;
  io_.assign(fd.get(), ec);
  if (ec) {
    return ec.value();
  }
  fd.release();
  return 0;
}

int system_handle::register_again() {
  return open(unique_fd(io_.release()));
}

void system_handle::close() noexcept {
  boost::system::error_code ignored;
  io_.close(ignored);
}

task<result<void>> system_handle::wait(context& cx, direction towards) {
  if (cx.cancelled()) {
    co_return fail(errors::cancelled{});
  }
  if (!io_.is_open()) {
    co_return result<void>{};
  }
  asio_binding bound(cx);
  const auto type = towards == direction::read ? boost::asio::posix::descriptor_base::wait_read
                                               : boost::asio::posix::descriptor_base::wait_write;
  auto [ec] = co_await bound(io_.async_wait(type, boost::asio::as_tuple(boost::asio::deferred)));
  if (ec != boost::asio::error::operation_aborted) {
    co_return result<void>{};
  }
  auto ended = cx.check();
  if (ended && io_.is_open()) {
    co_return fail(errors::cancelled{});  // the Asio coroutine that awaits was cancelled
  }
  co_return ended;
}

unique_fd open_socket(const endpoint& for_address) {
  int family = AF_UNIX;
  if (for_address.kind() != endpoint::family::unix_socket) {
    family = for_address.kind() == endpoint::family::ip4 ? AF_INET : AF_INET6;
  }
  unique_fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.valid()) {
    set_no_delay(fd.get(), for_address.kind());
  }
  return fd;
}

void set_no_delay(int fd, endpoint::family family) noexcept {
  if (family != endpoint::family::unix_socket) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
}

}  // namespace fairlead::net::detail
