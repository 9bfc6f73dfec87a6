// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/layer.hpp>

namespace fairlead::policy {

namespace {

idempotency known(const context& cx, idempotency nature) noexcept {
  return cx.idempotency() == idempotency::by_operation ? nature : cx.idempotency();
}

}  // namespace

bool call::repeatable() const noexcept {
  const auto k = known(*caller_, nature_);
  if (k == idempotency::by_operation) {
    return failure_ != nullptr && failure_->repeatable();
  }
  return k == idempotency::idempotent;
}

bool call::idempotent() const noexcept {
  return known(*caller_, nature_) == idempotency::idempotent;
}

void call::report(observe::policy_event event) noexcept {
  if (sink_ != nullptr) {
    event.stack = stack_name_;
    event.at = event.at == time_point{} ? now() : event.at;
    event.cx = caller_;
    sink_->on_event(event);
  }
}

}  // namespace fairlead::policy
