// SPDX-License-Identifier: BSL-1.0
// When to ask a silent peer whether it is still there, and when to give it up.
#pragma once

#include <fairlead/core/time.hpp>

namespace fairlead::http::detail {

class websocket_keepalive {
 public:
  websocket_keepalive(duration ask_after, duration answer_within, time_point now) noexcept
      : ask_after_(ask_after),
        answer_within_(answer_within),
        due_(saturating_add(now, ask_after)) {}

  enum class action : std::uint8_t { nothing, ping, give_up };

  /// Anything has come from the peer.
  void heard(time_point now) noexcept {
    asked_ = false;
    due_ = saturating_add(now, ask_after_);
  }
  /// When to call `tick` next.
  [[nodiscard]] time_point due() const noexcept { return due_; }
  /// Whatever time it is.
  [[nodiscard]] action tick(time_point now) noexcept {
    if (now < due_ || due_ == no_deadline) {
      return action::nothing;
    }
    if (asked_) {
      return action::give_up;
    }
    asked_ = true;
    due_ = saturating_add(now, answer_within_);
    return action::ping;
  }

 private:
  duration ask_after_;
  duration answer_within_;
  time_point due_;
  bool asked_ = false;
};

}  // namespace fairlead::http::detail
