// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/layer.hpp>

#include <utility>

namespace fairlead::policy {

namespace {

idempotency known(const context& cx, idempotency nature) noexcept {
  return cx.idempotency() == idempotency::by_operation ? nature : cx.idempotency();
}

observe::execution_outcome in_few_words(const error* e, verdict v) noexcept {
  using observe::execution_outcome;
  if (e != nullptr) {
    switch (e->kind()) {
      case error_kind::cancelled:
        return execution_outcome::cancelled;
      case error_kind::timeout:
      case error_kind::deadline:
        return execution_outcome::timeout;
      default:
        break;
    }
    if (e->is_rejection()) {
      return execution_outcome::rejected;
    }
    return v == verdict::success ? execution_outcome::success : execution_outcome::failure;
  }
  return v == verdict::failure || v == verdict::fatal ? execution_outcome::failure
                                                      : execution_outcome::success;
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
  if (observed()) {
    event.stack = seen_->name;
    event.at = event.at == time_point{} ? now() : event.at;
    event.cx = caller_;
    seen_->sink->on_event(event);
  }
}

void call::fail_cancelled() {
  fail(errors::cancelled{});
}

void call::fail_late() {
  fail(errors::deadline{});
}

void call::start_execution() noexcept {
  began_ = now();
  timed_ = true;
}

void call::start_clock() noexcept {
  mark_ = now();
}

void call::start_attempt() noexcept {
  mark_ = now();
  attempting_ = true;
}

void call::report_wait(observe::policy_kind policy, std::string_view name) noexcept {
  seen_->sink->on_wait({.policy = policy,
                        .stack = seen_->name,
                        .name = name,
                        .waited = now() - mark_,
                        .at = now(),
                        .cx = caller_});
}

void call::report_attempt() noexcept {
  if (!std::exchange(attempting_, false)) {
    return;
  }
  seen_->sink->on_attempt({.stack = seen_->name,
                           .attempt = attempt_,
                           .took = now() - mark_,
                           .handled = outcome_ == verdict::failure || outcome_ == verdict::fatal,
                           .cause = failure_,
                           .at = now(),
                           .cx = caller_});
}

void call::report_execution() noexcept {
  seen_->sink->on_execution({.stack = seen_->name,
                             .took = now() - began_,
                             .outcome = in_few_words(failure_, outcome_),
                             .cause = failure_,
                             .at = now(),
                             .cx = caller_});
}

}  // namespace fairlead::policy
