// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/close_in_order.hpp>

#include <array>

namespace fairlead::net {

namespace {

// Drops what is there now; false when no more is to be waited for. Apart, so that the buffer is not
// in a frame that waits.
bool drop_what_is_there(stream& s, std::size_t& seen, std::size_t most) {
  std::array<std::byte, 16 * 1024> sink;
  while (seen < most) {
    const auto n = s.try_read(sink);
    if (!n) {
      return true;
    }
    if (!*n || **n == 0) {
      return false;
    }
    seen += **n;
    if (!s.worth_trying(direction::read)) {
      return true;
    }
  }
  return false;
}

}  // namespace

task<void> close_in_order(context& cx, stream& s, close_limits limits) {
  auto limited = cx.with_timeout(limits.within);
  auto ended = co_await s.shutdown_write(limited);
  std::size_t seen = 0;
  while (ended && drop_what_is_there(s, seen, limits.most_bytes)) {
    ended = co_await s.wait(limited, direction::read);
  }
  s.close();
}

}  // namespace fairlead::net
