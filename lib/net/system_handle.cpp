// SPDX-License-Identifier: BSL-1.0
#include "detail/system_handle.hpp"

#include <fairlead/core/asio_binding.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

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

// The descriptor as Asio's own operations use it. Asio never closes it.
class system_handle::documented_way {
 public:
  explicit documented_way(const boost::asio::any_io_executor& executor) : io_(executor) {}
  documented_way(const documented_way&) = delete;
  documented_way& operator=(const documented_way&) = delete;
  ~documented_way() { remove(); }

  [[nodiscard]] int add(int fd) {
    boost::system::error_code ec;
    io_.assign(fd, ec);
    return ec.value();
  }

  void remove() noexcept {
    if (io_.is_open()) {
      io_.release();
    }
  }

  task<result<void>> wait(context& cx, direction towards) {
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

 private:
  boost::asio::posix::stream_descriptor io_;
};

system_handle::system_handle(const boost::asio::any_io_executor& executor)
    : fd_(-1), entry_(executor) {
  if (!entry_.usable()) {
    other_ = std::make_unique<documented_way>(executor);
  }
}

system_handle::system_handle(system_handle&& other) noexcept = default;

system_handle::~system_handle() {
  close();
}

int system_handle::open(unique_fd fd) {
  const int code = other_ ? other_->add(fd.get()) : entry_.add(fd.get());
  if (code == 0) {
    fd_ = std::move(fd);
  }
  return code;
}

int system_handle::register_again() {
  if (other_) {
    other_->remove();
    return other_->add(fd_.get());
  }
  entry_.remove(fd_.get());
  return entry_.add(fd_.get());
}

void system_handle::close() noexcept {
  if (!fd_.valid()) {
    return;
  }
  if (other_) {
    other_->remove();
  } else {
    entry_.remove(fd_.get());
  }
  fd_ = unique_fd(-1);
}

task<result<void>> system_handle::wait(context& cx, direction towards, known what) {
  return other_ ? other_->wait(cx, towards) : entry_.wait(cx, fd_.get(), towards, what);
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
