// SPDX-License-Identifier: BSL-1.0
// Where one direction of a home-made stream keeps the coroutine that waits for it.
#pragma once

#include <fairlead/core/waiter.hpp>

namespace fairlead::net {

/// Holds at most one waiting coroutine. For those who implement `stream` without a descriptor: one
/// slot per direction, notified whenever an attempt may have become worthwhile.
///
/// *Thread safety*: none.
class wait_slot {
 public:
  /// *Completes when* notified; with `cancelled` or `deadline`. At most one wait at a time.
  [[nodiscard]] task<result<void>> wait(context& cx);

  /// Wakes the coroutine that waits; nothing happens when none does.
  void notify() noexcept {
    if (waiting_ != nullptr) {
      waiting_->notify();
    }
  }

 private:
  struct registration;
  waiter* waiting_ = nullptr;
};

}  // namespace fairlead::net
