// SPDX-License-Identifier: BSL-1.0
// What is said of a task that was cancelled, to somebody who waits for it.
#pragma once

#include <fairlead/core/context.hpp>

#include <chrono>

namespace fairlead::detail {

/// The context of a task, or when that is cancelled, one of its own for a second.
class last_word {
 public:
  explicit last_word(context& cx)
      : own_(cx.env()), late_(own_.with_timeout(std::chrono::seconds(1))), cx_(&cx) {
    if (cx.cancelled()) {
      cx_ = &late_;
    }
  }
  last_word(const last_word&) = delete;
  last_word& operator=(const last_word&) = delete;
  ~last_word() = default;

  [[nodiscard]] context& cx() const noexcept { return *cx_; }

 private:
  cancel_scope own_;
  context late_;
  context* cx_;
};

}  // namespace fairlead::detail
