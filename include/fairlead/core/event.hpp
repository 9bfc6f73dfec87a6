// SPDX-License-Identifier: BSL-1.0
// A flag that coroutines wait for.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/waiter.hpp>

#include <mutex>

namespace fairlead {

/// Manual reset: once set, every wait completes at once until it is reset.
///
/// *Thread safety*: all members may be called from any thread; waiters resume on their own
/// executor.
class event {
 public:
  event() = default;
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  void set() noexcept;
  void reset() noexcept;
  [[nodiscard]] bool is_set() const noexcept;

  /// *Completes when* set. *Errors*: `cancelled`, `deadline`.
  [[nodiscard]] task<result<void>> wait(context& cx);

 private:
  struct place;

  mutable std::mutex mutex_;
  waiter_queue waiters_;
  bool set_ = false;
};

}  // namespace fairlead
