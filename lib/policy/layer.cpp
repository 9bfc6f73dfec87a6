// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/layer.hpp>

namespace fairlead::policy {

bool call::repeatable() const noexcept {
  auto known = caller_->idempotency();
  if (known == idempotency::by_operation) {
    known = nature_;
  }
  if (known == idempotency::by_operation) {
    return failure_ != nullptr && failure_->repeatable();
  }
  return known == idempotency::idempotent;
}

void call::report(observe::policy_event event) noexcept {
  if (sink_ != nullptr) {
    event.stack = stack_name_;
    event.at = now();
    sink_->on_event(event);
  }
}

}  // namespace fairlead::policy
