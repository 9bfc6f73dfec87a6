// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/timer_queue.hpp>

namespace fairlead {

timer_queue::timer_queue(clock& time, alarm& wake)
    : clock_(time), alarm_(wake), wheel_(time.now()) {
  alarm_.connect([](void* self) { static_cast<timer_queue*>(self)->on_ring(); }, this);
}

void timer_queue::arm(timer_node& node, time_point when) {
  if (when == no_deadline) {
    return;
  }
  wheel_.link(node, when);
  if (when < set_for_ || resting_) {
    set_for_ = when < set_for_ ? when : set_for_;
    resting_ = false;
    alarm_.set(set_for_);
  }
}

void timer_queue::disarm(timer_node& node) noexcept {
  wheel_.unlink(node);
  if (wheel_.empty() && !resting_) {
    resting_ = true;
    alarm_.rest();
  }
}

void timer_queue::on_ring() {
  set_for_ = no_deadline;
  wheel_.advance(clock_.now());
  const auto next = wheel_.next_wake();
  if (next == no_deadline) {
    resting_ = true;
    alarm_.rest();
  } else if (next < set_for_) {
    set_for_ = next;
    resting_ = false;
    alarm_.set(next);
  }
}

}  // namespace fairlead
