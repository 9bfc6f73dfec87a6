// SPDX-License-Identifier: BSL-1.0
#include "detail/socket_options.hpp"

#include "detail/os_error.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <limits>
#include <string>

namespace fairlead::net::detail {

namespace {

using namespace std::chrono_literals;

constexpr duration longest = std::chrono::hours(24 * 365);

// The socket and what has gone wrong with it so far.
class setter {
 public:
  explicit setter(int fd) noexcept : fd_(fd) {}

  template <class T>
  void set(int level, int name, const T& value, std::string_view what) {
    if (outcome_ && ::setsockopt(fd_, level, name, &value, sizeof(value)) != 0) {
      outcome_ = fail(os_error(errno, std::string("set ").append(what)));
    }
  }
  void refuse(std::string_view what, std::string_view reason) {
    if (outcome_) {
      outcome_ = fail(errors::invalid_argument{what, reason});
    }
  }
  /// Whether `length` can be told to the system; refused if not.
  bool usable(duration length, std::string_view what) {
    if (length <= 0s || length > longest) {
      refuse(what, "must be positive, and at most a year");
      return false;
    }
    return true;
  }
  void set_seconds(int name, duration length, std::string_view what) {
    if (usable(length, what)) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(length).count();
      set(IPPROTO_TCP, name, static_cast<int>(seconds), what);
    }
  }
  void set_size(int name, std::size_t bytes, std::string_view what) {
    if (bytes == 0 || bytes > static_cast<std::size_t>(std::numeric_limits<int>::max() / 2)) {
      refuse(what, "must be 1 byte to 1 GiB");
      return;
    }
    set(SOL_SOCKET, name, static_cast<int>(bytes), what);
  }

  [[nodiscard]] result<void> outcome() && { return std::move(outcome_); }

 private:
  int fd_;
  result<void> outcome_;
};

bool is_tcp(int fd) noexcept {
  int protocol = 0;
  socklen_t size = sizeof(protocol);
  return ::getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
         protocol == IPPROTO_TCP;
}

void set_keep_alive(setter& s, const keep_alive& k) {
  if (k.count < 1 || k.count > 127) {
    s.refuse("keep_alive count", "must be 1 to 127");
    return;
  }
  s.set(SOL_SOCKET, SO_KEEPALIVE, 1, "keep_alive");
  s.set_seconds(TCP_KEEPIDLE, k.idle, "keep_alive idle");
  s.set_seconds(TCP_KEEPINTVL, k.interval, "keep_alive interval");
  s.set(IPPROTO_TCP, TCP_KEEPCNT, k.count, "keep_alive count");
}

}  // namespace

result<void> apply_options(int fd, const stream_options& o) {
  setter s(fd);
  const bool tcp = is_tcp(fd);
  if (o.keep_alive && tcp) {
    set_keep_alive(s, *o.keep_alive);
  }
  if (o.unacknowledged && tcp && s.usable(*o.unacknowledged, "unacknowledged")) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*o.unacknowledged).count();
    const auto most = std::numeric_limits<int>::max();
    s.set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(ms > most ? most : ms), "unacknowledged");
  }
  if (o.linger) {
    if (*o.linger != 0s) {
      s.refuse("linger", "must be 0: closing does not block; see close_in_order");
    } else {
      s.set(SOL_SOCKET, SO_LINGER, linger{1, 0}, "linger");
    }
  }
  if (o.send_buffer) {
    s.set_size(SO_SNDBUF, *o.send_buffer, "send_buffer");
  }
  if (o.receive_buffer) {
    s.set_size(SO_RCVBUF, *o.receive_buffer, "receive_buffer");
  }
  return std::move(s).outcome();
}

}  // namespace fairlead::net::detail
