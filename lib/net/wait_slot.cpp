// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/wait_slot.hpp>

namespace fairlead::net {

// Also gone when the coroutine is destroyed while it waits.
struct wait_slot::registration {
  registration(waiter*& at, waiter& w) noexcept : slot(at) { slot = &w; }
  registration(const registration&) = delete;
  registration& operator=(const registration&) = delete;
  ~registration() { slot = nullptr; }
  waiter*& slot;
};

task<result<void>> wait_slot::wait(context& cx) {
  waiter w(cx, "the other end of a stream");
  const registration here(waiting_, w);
  const auto woken = co_await w.wait();
  if (woken == wake::cancelled) {
    co_return fail(errors::cancelled{});
  }
  if (woken == wake::deadline) {
    co_return fail(errors::deadline{});
  }
  co_return result<void>{};
}

}  // namespace fairlead::net
