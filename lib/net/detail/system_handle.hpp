// SPDX-License-Identifier: BSL-1.0
// A non-blocking file descriptor that coroutines can wait on.
#pragma once

#include "reactor_entry.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/net/endpoint.hpp>
#include <fairlead/net/stream.hpp>

#include <memory>
#include <string>
#include <utility>

namespace fairlead::net::detail {

/// Owns a bare descriptor until something better does.
class unique_fd {
 public:
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
  unique_fd(const unique_fd&) = delete;
  unique_fd& operator=(const unique_fd&) = delete;
  unique_fd& operator=(unique_fd&& other) noexcept {
    unique_fd old(std::exchange(fd_, other.release()));
    return *this;
  }
  ~unique_fd();

  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int get() const noexcept { return fd_; }
  int release() noexcept {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

/// A descriptor registered with the event loop.
class system_handle {
 public:
  explicit system_handle(const boost::asio::any_io_executor& executor);
  system_handle(system_handle&& other) noexcept;
  system_handle& operator=(system_handle&&) = delete;
  ~system_handle();

  /// 0, or the errno for which the event loop refused it.
  [[nodiscard]] int open(unique_fd fd);
  /// Makes the event loop forget that somebody waited to write. Once that has happened Asio asks
  /// for both directions whenever a read is waited for, and since a socket can nearly always be
  /// written, each wait begins with a wake-up for nothing. Nobody may be waiting. As `open`.
  [[nodiscard]] int register_again();
  [[nodiscard]] bool is_open() const noexcept { return fd_.valid(); }
  [[nodiscard]] int get() const noexcept { return fd_.get(); }
  void close() noexcept;

  /// Ready, closed, `cancelled` or `deadline`. For a pending connect, `direction::write`.
  /// `known::drained` is a promise: whoever makes it in error may sleep for ever.
  [[nodiscard]] task<result<void>> wait(context& cx, direction towards,
                                        known what = known::nothing);

 private:
  class documented_way;

  unique_fd fd_;
  reactor_entry entry_;
  std::unique_ptr<documented_way> other_;  // where the entry is not usable
};

/// A stream over a connected socket. `fd` must be non-blocking.
[[nodiscard]] std::unique_ptr<stream> make_system_stream(system_handle handle, std::string peer);

/// A non-blocking socket of the right family, with TCP_NODELAY where there is such a thing; -1 and
/// errno.
[[nodiscard]] unique_fd open_socket(const endpoint& for_address);

/// Turns Nagle's algorithm off; nothing happens on Unix sockets.
void set_no_delay(int fd, endpoint::family family) noexcept;

}  // namespace fairlead::net::detail
