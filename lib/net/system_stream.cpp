// SPDX-License-Identifier: BSL-1.0
// How it works: attempts are system calls on the descriptor itself, never Asio operations, which
// would post their completion through the event loop. A read that came back short took all there
// was, so the next one waits first; after a burst of attempts the next one waits too, which lets
// the loop turn.
#include "detail/os_error.hpp"
#include "detail/socket_options.hpp"
#include "detail/system_handle.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace fairlead::net::detail {

namespace {

constexpr unsigned most_attempts = 64;   // attempts in a row before the loop turns
constexpr std::size_t most_pieces = 16;  // of one system call

// What one direction knows about the next attempt.
class attempts {
 public:
  [[nodiscard]] bool worth_trying() const noexcept { return !exhausted_ && burst_ < most_attempts; }
  [[nodiscard]] known knowledge() const noexcept {
    return drained_ ? known::drained : known::nothing;
  }
  void waited() noexcept {
    exhausted_ = false;
    drained_ = false;
    empty_ = false;
  }
  void loop_turned() noexcept { burst_ = 0; }
  void moved(std::size_t bytes, std::size_t wanted) noexcept {
    exhausted_ = bytes < wanted;
    drained_ = false;
    empty_ = false;
    ++burst_;
  }
  void blocked() noexcept {
    exhausted_ = true;
    drained_ = true;
  }
  // The kernel says that nothing is left, and no end has come. An error may have, together with the
  // last bytes; that there is none shows at the next write that succeeds.
  void is_empty() noexcept {
    exhausted_ = true;
    empty_ = true;
  }
  void has_more() noexcept { exhausted_ = false; }
  void no_error() noexcept { drained_ = drained_ || empty_; }

 private:
  bool exhausted_ = false;
  bool drained_ = false;
  bool empty_ = false;
  unsigned burst_ = 0;
};

class system_stream final : public stream {
 public:
  system_stream(system_handle handle, std::string peer)
      : handle_(std::move(handle)), peer_(std::move(peer)) {
    const int on = 1;
    tells_rest_ = ::setsockopt(handle_.get(), IPPROTO_TCP, TCP_INQ, &on, sizeof on) == 0;
  }

  io_attempt try_read(std::span<std::byte> into) override {
    if (!handle_.is_open()) {
      return fail(closed_error(peer_));
    }
    return tells_rest_ ? read_and_ask(into) : read(into);
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
    if (n > 0) {
      reads_.no_error();
    }
    return outcome(writes_, n, wanted);
  }

  task<result<void>> wait(context& cx, direction towards) override {
    auto& of = towards == direction::read ? reads_ : writes_;
    const auto what = of.knowledge();
    of.waited();
    reads_.loop_turned();
    writes_.loop_turned();
    return handle_.wait(cx, towards, what);
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

  io_attempt read(std::span<std::byte> into) {
    ssize_t n = 0;
    do {
      n = ::recv(handle_.get(), into.data(), into.size(), 0);
    } while (n < 0 && errno == EINTR);
    return outcome(reads_, n, into.size());
  }

  // Learns how much is left as well (TCP_INQ), where an end counts as a byte. Who knows that
  // nothing is need not ask again before waiting.
  io_attempt read_and_ask(std::span<std::byte> into) {
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control;
    iovec piece{into.data(), into.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    ssize_t n = 0;
    do {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      n = ::recvmsg(handle_.get(), &message, 0);
    } while (n < 0 && errno == EINTR);
    auto attempt = outcome(reads_, n, into.size());
    const auto* const told = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (told != nullptr && told->cmsg_level == IPPROTO_TCP && told->cmsg_type == TCP_CM_INQ) {
      int left = 0;
      std::memcpy(&left, CMSG_DATA(told), sizeof left);
      if (left == 0) {
        reads_.is_empty();
      } else {
        reads_.has_more();
      }
    }
    return attempt;
  }

  system_handle handle_;
  attempts reads_;
  attempts writes_;
  std::string peer_;
  bool tells_rest_ = false;
};

}  // namespace

std::unique_ptr<stream> make_system_stream(system_handle handle, std::string peer) {
  return std::make_unique<system_stream>(std::move(handle), std::move(peer));
}

}  // namespace fairlead::net::detail
