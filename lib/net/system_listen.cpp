// SPDX-License-Identifier: BSL-1.0
// How it works: accept4 is tried first and the listener waits only when nobody stands in line, but
// after a burst it waits anyway, so that a flood of peers does not keep the loop from turning.
#include "detail/os_error.hpp"
#include "detail/sockaddr.hpp"
#include "detail/socket_options.hpp"
#include "detail/system_handle.hpp"
#include "detail/system_network.hpp"

#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace fairlead::net::detail {

namespace {

constexpr unsigned most_accepted = 16;  // peers accepted in a row before the loop turns

// The file of a Unix socket: which one it is, so that only our own is ever removed.
class socket_file {
 public:
  socket_file() = default;
  explicit socket_file(const std::string& path) : path_(path) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) == 0) {
      device_ = info.st_dev;
      inode_ = info.st_ino;
    } else {
      path_.clear();
    }
  }

  void remove() noexcept {
    struct stat now{};
    if (!path_.empty() && ::lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ &&
        now.st_ino == inode_) {
      ::unlink(path_.c_str());
    }
    path_.clear();
  }

 private:
  std::string path_;
  dev_t device_{};
  ino_t inode_{};
};

bool has_file(const endpoint& e) noexcept {
  return e.kind() == endpoint::family::unix_socket && e.address().front() != '@';
}

// True when the path is a socket that a listener left behind.
bool is_stale(const endpoint& at, const socket_address& address) {
  struct stat info{};
  if (!has_file(at) || ::lstat(at.address().c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) {
    return false;
  }
  const auto probe = open_socket(at);
  return probe.valid() && ::connect(probe.get(), address.get(), address.size) != 0 &&
         errno == ECONNREFUSED;
}

// 0 or errno.
int bind_to(int fd, const endpoint& at, const socket_address& address) {
  if (::bind(fd, address.get(), address.size) == 0) {
    return 0;
  }
  if (errno != EADDRINUSE) {
    return errno;
  }
  if (!is_stale(at, address)) {
    return EADDRINUSE;
  }
  ::unlink(at.address().c_str());
  return ::bind(fd, address.get(), address.size) == 0 ? 0 : errno;
}

int configure(int fd, const endpoint& at, const listen_options& options) noexcept {
  const int on = 1;
  const int off = 0;
  if (at.kind() == endpoint::family::unix_socket) {
    return 0;
  }
  if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      (options.share_port && ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) ||
      (at.kind() == endpoint::family::ip6 &&
       ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0)) {
    return errno;
  }
  return 0;
}

// The address in use, with the port that the system chose.
endpoint bound_to(int fd, const endpoint& asked) {
  if (asked.kind() == endpoint::family::unix_socket) {
    return asked;
  }
  socket_address own;
  own.size = sizeof(own.storage);
  if (::getsockname(fd, own.get(), &own.size) != 0) {
    return asked;
  }
  auto known = from_system(own);
  return known ? std::move(*known) : asked;
}

// Errors of the peer that accept reports for it; the next peer may do better (accept(2)).
bool concerns_one_peer(int code) noexcept {
  switch (code) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

class system_listener final : public listener {
 public:
  system_listener(system_handle handle, endpoint local, socket_file file)
      : handle_(std::move(handle)), local_(std::move(local)), file_(std::move(file)) {}
  ~system_listener() override { close(); }

  task<result<std::unique_ptr<stream>>> accept(context& cx) override {
    if (cx.cancelled()) {
      co_return fail(errors::cancelled{});
    }
    for (;;) {
      if (!handle_.is_open()) {
        co_return fail(closed());
      }
      if (burst_ < most_accepted) {
        auto got = try_accept(cx);
        if (got) {
          co_return std::move(*got);
        }
      }
      burst_ = 0;
      auto ready = co_await handle_.wait(cx, direction::read);
      if (!ready) {
        co_return fail(std::move(ready).error());
      }
    }
  }

  const endpoint& local() const noexcept override { return local_; }

  void close() noexcept override {
    file_.remove();
    handle_.close();
  }

 private:
  error closed() const {
    const auto name = local_.to_string();
    return errors::unavailable{name, "the listener is closed", std::nullopt};
  }

  // Nothing when nobody stands in line.
  std::optional<result<std::unique_ptr<stream>>> try_accept(context& cx) {
    for (;;) {
      socket_address from;
      from.size = sizeof(from.storage);
      unique_fd fd(::accept4(handle_.get(), from.get(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd.valid()) {
        ++burst_;
        return adopt(cx, std::move(fd), from);
      }
      const int code = errno;
      if (code == EAGAIN || code == EWOULDBLOCK) {
        return std::nullopt;
      }
      if (!concerns_one_peer(code)) {
        return fail(os_error(code, "accept on " + local_.to_string()));
      }
    }
  }

  result<std::unique_ptr<stream>> adopt(context& cx, unique_fd fd, const socket_address& from) {
    set_no_delay(fd.get(), local_.kind());
    auto peer = from_system(from);
    system_handle handle(cx.executor());
    if (const int code = handle.open(std::move(fd)); code != 0) {
      return fail(os_error(code, "accept on " + local_.to_string()));
    }
    // A Unix client has no name of its own.
    return make_system_stream(std::move(handle), (peer ? *peer : local_).to_string());
  }

  system_handle handle_;
  endpoint local_;
  socket_file file_;
  unsigned burst_ = 0;
};

}  // namespace

result<std::unique_ptr<listener>> system_listen(environment& env, const endpoint& at,
                                                const listen_options& options) {
  auto address = to_system(at);
  if (!address) {
    return fail(std::move(address).error());
  }
  auto fd = open_socket(at);
  if (!fd.valid()) {
    return fail(listen_error(errno, at.to_string()));
  }
  // Connections inherit what their listening socket was told.
  if (auto set = apply_options(fd.get(), options.accepted); !set) {
    return fail(std::move(set).error());
  }
  int code = configure(fd.get(), at, options);
  if (code == 0) {
    code = bind_to(fd.get(), at, *address);
  }
  if (code != 0) {
    return fail(listen_error(code, at.to_string()));
  }
  socket_file file = has_file(at) ? socket_file(at.address()) : socket_file();
  if (::listen(fd.get(), options.backlog) != 0) {
    code = errno;
    file.remove();
    return fail(listen_error(code, at.to_string()));
  }
  auto local = bound_to(fd.get(), at);
  system_handle handle(env.executor());
  code = handle.open(std::move(fd));
  if (code != 0) {
    file.remove();
    return fail(listen_error(code, at.to_string()));
  }
  return std::make_unique<system_listener>(std::move(handle), std::move(local), std::move(file));
}

}  // namespace fairlead::net::detail
