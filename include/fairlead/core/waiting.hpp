// SPDX-License-Identifier: BSL-1.0
// What coroutines wait for, to be looked at from outside while they do.
#pragma once

#include <string>
#include <string_view>

namespace fairlead {

class context;
class environment;

/// A coroutine that waits at this moment.
struct waiting_task {
  std::string_view for_what;       ///< "an item of a channel"
  std::string about;               ///< which one, where that is known: "fd 7, 127.0.0.1:80"
  const context* under = nullptr;  ///< what it waits in; null for joins, which never give up
};

/// A link in an environment's list of waits. `waiter` has one; so has any suspension of your own
/// that is to be seen by `environment::each_waiting`.
///
/// *Thread safety*: none; on the executor of the environment.
class waiting_link {
 public:
  /// What such links have in common.
  struct kind {
    waiting_task (*tell)(const waiting_link& self);
    /// For coroutines that nothing but the environment owns: destroys one. Else null.
    void (*drop)(waiting_link& self) noexcept = nullptr;
  };

  explicit waiting_link(const kind& k) noexcept : kind_(&k) {}
  waiting_link(const waiting_link&) = delete;
  waiting_link& operator=(const waiting_link&) = delete;
  /// Leaves the list, if it stands in one.
  ~waiting_link() { unlink(); }

  [[nodiscard]] bool linked() const noexcept { return back_ != nullptr; }
  void unlink() noexcept {
    if (back_ != nullptr) {
      *back_ = next_;
      if (next_ != nullptr) {
        next_->back_ = back_;
      }
      back_ = nullptr;
    }
  }

 private:
  friend class environment;

  void link(waiting_link*& first) noexcept {
    next_ = first;
    back_ = &first;
    if (first != nullptr) {
      first->back_ = &next_;
    }
    first = this;
  }

  const kind* kind_;
  waiting_link* next_ = nullptr;
  waiting_link** back_ = nullptr;  // what points to this
};

}  // namespace fairlead
