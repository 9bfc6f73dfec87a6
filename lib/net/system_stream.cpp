// SPDX-License-Identifier: BSL-1.0
// How it works: attempts are system calls on the descriptor itself, never Asio operations, which
// would post their completion through the event loop. A read that came back short took all there
// was, so the next one waits first; after a burst of attempts the next one waits too, which lets
// the loop turn.
#include "detail/os_error.hpp"
#include "detail/socket_options.hpp"
#include "detail/system_handle.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace fairlead::net::detail {

namespace {

constexpr unsigned most_attempts = 64;   // attempts in a row before the loop turns
constexpr std::size_t most_pieces = 16;  // of one system call

// What one direction knows about the next attempt.
class attempts {
 public:
  [[nodiscard]] bool worth_trying() const noexcept { return !exhausted_ && burst_ < most_attempts; }
  void waited() noexcept { exhausted_ = false; }
  void loop_turned() noexcept { burst_ = 0; }
  void moved(std::size_t bytes, std::size_t wanted) noexcept {
    exhausted_ = bytes < wanted;
    ++burst_;
  }
  void blocked() noexcept { exhausted_ = true; }

 private:
  bool exhausted_ = false;
  unsigned burst_ = 0;
};

class system_stream final : public stream {
 public:
  system_stream(system_handle handle, std::string peer)
      : handle_(std::move(handle)), peer_(std::move(peer)) {}

  io_attempt try_read(std::span<std::byte> into) override {
    if (!handle_.is_open()) {
      return fail(closed_error(peer_));
    }
    ssize_t n = 0;
    do {
      n = ::recv(handle_.get(), into.data(), into.size(), 0);
    } while (n < 0 && errno == EINTR);
    return outcome(reads_, n, into.size());
  }

  io_attempt try_write(const_buffers from) override {
    if (!handle_.is_open()) {
      return fail(closed_error(peer_));
    }
    std::array<iovec, most_pieces> pieces;
    std::size_t count = 0;
    std::size_t wanted = 0;
    for (const auto piece : from) {
      if (count == pieces.size()) {
        break;
      }
      if (!piece.empty()) {
        pieces[count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
        wanted += piece.size();
      }
    }
    if (count == 0) {
      return 0;
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    ssize_t n = 0;
    do {
      n = ::sendmsg(handle_.get(), &message, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return outcome(writes_, n, wanted);
  }

  task<result<void>> wait(context& cx, direction towards) override {
    (towards == direction::read ? reads_ : writes_).waited();
    reads_.loop_turned();
    writes_.loop_turned();
    return handle_.wait(cx, towards);
  }

  bool worth_trying(direction towards) const noexcept override {
    return (towards == direction::read ? reads_ : writes_).worth_trying();
  }

  task<result<void>> shutdown_write(context& cx) override {
    if (cx.cancelled()) {
      co_return fail(errors::cancelled{});
    }
    if (!handle_.is_open()) {
      co_return fail(closed_error(peer_));
    }
    if (::shutdown(handle_.get(), SHUT_WR) != 0) {
      const int code = errno;
      co_return fail(code == ENOTCONN ? closed_error(peer_) : stream_error(code, peer_));
    }
    co_return result<void>{};
  }

  bool peer_has_left() noexcept override {
    if (!handle_.is_open()) {
      return true;
    }
    pollfd one{handle_.get(), POLLRDHUP, 0};  // errors and hang-ups are always told
    return ::poll(&one, 1, 0) > 0;
  }

  result<void> set_options(const stream_options& options) override {
    if (!handle_.is_open()) {
      return fail(closed_error(peer_));
    }
    return apply_options(handle_.get(), options);
  }

  void close() noexcept override { handle_.close(); }

  void abort() noexcept override {
    const ::linger at_once{1, 0};
    ::setsockopt(handle_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    handle_.close();
  }

  const std::string& peer() const noexcept override { return peer_; }

 private:
  io_attempt outcome(attempts& of, ssize_t n, std::size_t wanted) {
    if (n >= 0) {
      of.moved(static_cast<std::size_t>(n), wanted);
      return static_cast<std::size_t>(n);
    }
    const int code = errno;
    if (code == EAGAIN || code == EWOULDBLOCK) {
      of.blocked();
      return std::nullopt;
    }
    return fail(stream_error(code, peer_));
  }

  system_handle handle_;
  attempts reads_;
  attempts writes_;
  std::string peer_;
};

}  // namespace

std::unique_ptr<stream> make_system_stream(system_handle handle, std::string peer) {
  return std::make_unique<system_stream>(std::move(handle), std::move(peer));
}

}  // namespace fairlead::net::detail
