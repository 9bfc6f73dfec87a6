// SPDX-License-Identifier: BSL-1.0
// What the event loop knows of a descriptor, used without Asio's operations around it. Those ask
// epoll again, with a system call, before every wait for a socket, and allocate; this does so only
// when it must. It reaches into one version of Asio; with any other, `usable` is false, and
// `system_handle` waits in the documented way.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/net/stream.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/detail/config.hpp>
#include <boost/asio/version.hpp>

#include <cstdint>
#include <utility>

#if BOOST_ASIO_VERSION == 102600 && defined(BOOST_ASIO_HAS_EPOLL) && \
    !defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
#define FAIRLEAD_KNOWN_REACTOR 1
#include <boost/asio/detail/epoll_reactor.hpp>
#endif

namespace fairlead::net::detail {

/// What who waits knows about the descriptor.
enum class known : std::uint8_t {
  nothing,  ///< it may be ready
  drained,  ///< it was not, after everything that epoll has told so far: only news matter
};

class reactor_entry {
 public:
  reactor_entry() = default;
  explicit reactor_entry(const boost::asio::any_io_executor& executor);
  reactor_entry(reactor_entry&& other) noexcept { swap(other); }
  reactor_entry& operator=(reactor_entry&& other) noexcept {
    reactor_entry taken(std::move(other));
    swap(taken);
    return *this;
  }
  reactor_entry(const reactor_entry&) = delete;
  reactor_entry& operator=(const reactor_entry&) = delete;
  /// Nothing may be registered any more.
  ~reactor_entry() = default;

  /// False for executors that are not those of an `io_context`, and for unknown versions of Asio.
  [[nodiscard]] bool usable() const noexcept { return reactor_ != nullptr; }

  /// 0, or the errno for which epoll refused the descriptor.
  [[nodiscard]] int add(int fd);
  /// Waits end; call it before the descriptor is closed.
  void remove(int fd) noexcept;

  /// *Completes when* the descriptor is ready or was removed. *Errors*: `cancelled`, `deadline`.
  [[nodiscard]] task<result<void>> wait(context& cx, int fd, direction towards, known what);

 private:
  class operation;

  void swap(reactor_entry& other) noexcept {
    std::swap(reactor_, other.reactor_);
    std::swap(state_, other.state_);
  }

#ifdef FAIRLEAD_KNOWN_REACTOR
  using reactor_type = boost::asio::detail::epoll_reactor;
  using state_type = boost::asio::detail::epoll_reactor::per_descriptor_data;
#else
  using reactor_type = void;
  using state_type = void*;
#endif
  reactor_type* reactor_ = nullptr;
  state_type state_ = nullptr;
};

}  // namespace fairlead::net::detail
