// SPDX-License-Identifier: BSL-1.0
// How it works: a non-blocking connect, then a wait for writability and SO_ERROR. A wait may end
// for nothing: what the event loop had fetched for a descriptor that was closed since may be told
// to the next one. A Unix listener whose queue is full answers EAGAIN and offers nothing to wait
// on, so that is tried again after a pause.
#include <fairlead/core/sleep.hpp>

#include "detail/os_error.hpp"
#include "detail/sockaddr.hpp"
#include "detail/system_handle.hpp"
#include "detail/system_network.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fairlead::net::detail {

namespace {

using namespace std::chrono_literals;

constexpr duration first_pause = 1ms;
constexpr duration longest_pause = 50ms;

error at_connect(error e, const endpoint& to) {
  e.at(error_stage::connect).with_sent(error_sent::not_sent);
  return e.is<errors::cancelled>() ? e : e.with_target(to.to_string());
}

// 0, or why the attempt failed; EINPROGRESS while it is under way.
int start(int fd, const socket_address& to) noexcept {
  if (::connect(fd, to.get(), to.size) == 0) {
    return 0;
  }
  return errno == EINTR ? EINPROGRESS : errno;
}

// 0, or why the attempt failed; EINPROGRESS while it is under way.
int outcome(int fd) noexcept {
  pollfd one{fd, POLLOUT, 0};
  if (::poll(&one, 1, 0) == 0) {
    return EINPROGRESS;
  }
  int code = 0;
  socklen_t size = sizeof(code);
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

// A connect to a free port of this machine may be given that very port as its own, and then
// connects to itself (TCP's simultaneous open).
bool connected_to_itself(int fd, const socket_address& to) noexcept {
  socket_address own;
  own.size = sizeof(own.storage);
  return ::getsockname(fd, own.get(), &own.size) == 0 && own.size == to.size &&
         to.storage.ss_family != AF_UNIX && std::memcmp(&own.storage, &to.storage, to.size) == 0;
}

result<system_handle> open_handle(context& cx, const endpoint& to) {
  auto fd = open_socket(to);
  if (!fd.valid()) {
    const int code = errno == EAFNOSUPPORT ? ENETUNREACH : errno;
    return fail(connect_error(code, to.to_string(), {}));
  }
  system_handle handle(cx.executor());
  if (const int code = handle.open(std::move(fd)); code != 0) {
    return fail(connect_error(code, to.to_string(), {}));
  }
  return handle;
}

}  // namespace

task<result<std::unique_ptr<stream>>> system_connect(context& cx, const endpoint& to) {
  auto allowed = cx.check();
  if (!allowed) {
    co_return fail(at_connect(std::move(allowed).error(), to));
  }
  auto address = to_system(to);
  if (!address) {
    co_return fail(at_connect(std::move(address).error(), to));
  }
  auto handle = open_handle(cx, to);
  if (!handle) {
    co_return fail(std::move(handle).error());
  }
  const auto begun = cx.now();
  int code = start(handle->get(), *address);
  for (auto pause = first_pause; code == EAGAIN; pause = std::min(2 * pause, longest_pause)) {
    auto slept = co_await sleep_for(cx, pause);
    if (!slept) {
      co_return fail(at_connect(std::move(slept).error(), to));
    }
    code = start(handle->get(), *address);
  }
  const bool waits = code == EINPROGRESS;
  while (code == EINPROGRESS) {
    auto ready = co_await handle->wait(cx, direction::write);
    if (!ready) {
      co_return fail(at_connect(std::move(ready).error(), to));
    }
    code = outcome(handle->get());
  }
  if (waits && code == 0) {
    code = handle->register_again();
  }
  if (code == 0 && connected_to_itself(handle->get(), *address)) {
    code = ECONNREFUSED;
  }
  if (code != 0) {
    co_return fail(connect_error(code, to.to_string(), cx.now() - begun));
  }
  co_return make_system_stream(std::move(*handle), to.to_string());
}

}  // namespace fairlead::net::detail
