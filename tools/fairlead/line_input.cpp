// SPDX-License-Identifier: BSL-1.0
// How it works: what can make one wait (a terminal, a pipe) is opened a second time through /proc,
// as an open file of its own, which may be non-blocking without anybody else noticing. A file is
// read as it is.
#include "line_input.hpp"

#include <fairlead/core/asio_binding.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace fairlead::cli {

namespace {

constexpr std::size_t longest_line = 16 * 1024 * 1024;

// An own descriptor of the same thing, or -1 when reading it never waits.
int reopened(int descriptor) {
  struct stat info{};
  if (fstat(descriptor, &info) != 0) {
    return -1;
  }
  if (S_ISFIFO(info.st_mode) || isatty(descriptor) == 1) {
    const auto path = "/proc/self/fd/" + std::to_string(descriptor);
    return open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  }
  return S_ISSOCK(info.st_mode) ? fcntl(descriptor, F_DUPFD_CLOEXEC, 0) : -1;
}

}  // namespace

struct line_input::waiting {
  waiting(environment& env, int fd) : input(env.executor(), fd) {}
  boost::asio::posix::stream_descriptor input;
};

line_input::line_input(environment& env, int descriptor) : descriptor_(descriptor) {
  const int own = reopened(descriptor);
  if (own >= 0) {
    waiting_ = std::make_unique<waiting>(env, own);
    descriptor_ = own;
  }
}

line_input::~line_input() = default;

task<result<std::optional<std::string>>> line_input::next(context& cx) {
  for (;;) {
    if (auto line = take_line()) {
      co_return line;
    }
    if (ended_) {
      co_return std::optional<std::string>();
    }
    if (unread_.size() > longest_line) {
      co_return fail(errors::too_large{"line of standard input", longest_line, unread_.size()});
    }
    if (const auto ok = cx.check(); !ok) {
      co_return fail(ok.error());
    }
    auto got = read_more();
    if (!got) {
      co_return fail(got.error());
    }
    if (*got == 0 && !ended_) {
      asio_binding bound(cx);
      using boost::asio::posix::descriptor_base;
      const auto [ec] = co_await bound(waiting_->input.async_wait(
          descriptor_base::wait_read, boost::asio::as_tuple(boost::asio::deferred)));
      if (ec && cx.check()) {
        co_return fail(errors::system_error{"standard input", ec.value()});
      }
    }
  }
}

// How many bytes came; 0 when none are there yet, or none will come.
result<std::size_t> line_input::read_more() {
  std::array<char, 65536> piece;
  const auto n = read(descriptor_, piece.data(), piece.size());
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) && waiting_) {
    return std::size_t{0};
  }
  if (n < 0) {
    return fail(errors::system_error{"standard input", errno});
  }
  ended_ = n == 0;
  unread_.append(piece.data(), static_cast<std::size_t>(n));
  return static_cast<std::size_t>(n);
}

std::optional<std::string> line_input::take_line() {
  auto end = unread_.find('\n', searched_);
  if (end == std::string::npos && (!ended_ || unread_.empty())) {
    searched_ = unread_.size();
    return std::nullopt;
  }
  const auto size = end == std::string::npos ? unread_.size() : end;
  auto line = unread_.substr(0, size);
  unread_.erase(0, size + 1);
  searched_ = 0;
  if (line.ends_with('\r')) {
    line.pop_back();
  }
  return line;
}

}  // namespace fairlead::cli
