// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/datagram.hpp>

namespace fairlead::net {

task<result<void>> send_to(context& cx, datagram_socket& s, std::span<const std::byte> bytes,
                           const endpoint& to) {
  for (;;) {
    if (cx.cancelled()) {
      co_return fail(errors::cancelled{});
    }
    auto sent = s.try_send_to(bytes, to);
    if (sent) {
      co_return std::move(*sent);
    }
    auto ready = co_await s.wait(cx, direction::write);
    if (!ready) {
      co_return fail(std::move(ready).error());
    }
  }
}

task<result<void>> send_to(context& cx, datagram_socket& s, std::string_view text,
                           const endpoint& to) {
  return send_to(cx, s, std::as_bytes(std::span(text)), to);
}

task<result<datagram>> receive(context& cx, datagram_socket& s, std::span<std::byte> into) {
  for (;;) {
    if (cx.cancelled()) {
      co_return fail(errors::cancelled{});
    }
    auto got = s.try_receive(into);
    if (got) {
      co_return std::move(*got);
    }
    auto ready = co_await s.wait(cx, direction::read);
    if (!ready) {
      co_return fail(std::move(ready).error());
    }
  }
}

}  // namespace fairlead::net
