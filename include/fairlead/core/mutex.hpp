// SPDX-License-Identifier: BSL-1.0
// Mutual exclusion between coroutines, across awaits.
#pragma once

#include <fairlead/core/semaphore.hpp>

namespace fairlead {

/// One holder at a time, in the order in which they came. For state that must stay consistent
/// across an await; for anything shorter a `std::mutex` is cheaper.
///
/// *Thread safety*: as `semaphore`.
class async_mutex {
 public:
  /// Unlocks when destroyed.
  using lock_guard = semaphore::permit;

  /// *Completes when* locked. *Errors*: `cancelled`, `deadline`; then nothing is locked.
  [[nodiscard]] task<result<lock_guard>> lock(context& cx) { return permits_.acquire(cx); }

  /// Holds the lock if it was free.
  [[nodiscard]] lock_guard try_lock() noexcept { return permits_.try_acquire(); }

 private:
  semaphore permits_{1, "a lock"};
};

}  // namespace fairlead
