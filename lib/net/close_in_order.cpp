// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/close_in_order.hpp>

#include <array>

namespace fairlead::net {

task<void> close_in_order(context& cx, stream& s, close_limits limits) {
  auto limited = cx.with_timeout(limits.within);
  auto ended = co_await s.shutdown_write(limited);
  std::size_t seen = 0;
  std::array<std::byte, 512> sink;  // small: the frame is on the heap while the peer takes its time
  while (ended && seen < limits.most_bytes) {
    auto n = co_await read_some(limited, s, sink);
    if (!n || *n == 0) {
      break;
    }
    seen += *n;
  }
  s.close();
}

}  // namespace fairlead::net
