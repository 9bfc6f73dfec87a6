// SPDX-License-Identifier: BSL-1.0
// How it works: a run has a root scope of its own, so that it can outlive the caller, and follows
// the caller's cancellation through a link that can be cut. Texts and trace of the context are
// copied for the same reason.
#include <fairlead/policy/inner_run.hpp>

#include <fairlead/observe/trace_context.hpp>

#include <utility>

namespace fairlead::policy {

namespace {

context like(const context& from, const context& root, time_point deadline) {
  return root.with_deadline(deadline)
      .with_attempt(from.attempt())
      .with_idempotency(from.idempotency())
      .with_criticality(from.criticality())
      .with_cost(from.cost())
      .with_key(from.key())
      .with_idempotency_key(from.idempotency_key())
      .with_trace(from.trace());
}

}  // namespace

inner_run::follower::follower(inner_run& r) noexcept
    : cancel_node([](cancel_node& n) noexcept { static_cast<follower&>(n).self.scope_.cancel(); }),
      self(r) {}

inner_run::inner_run(call& of)
    : key_(of.caller().key()),
      idempotency_key_(of.caller().idempotency_key()),
      trace_(of.caller().trace() == nullptr
                 ? nullptr
                 : std::make_shared<trace_context>(*of.caller().trace())),
      scope_(of.caller().env()),
      cx_(like(of.surroundings(), scope_, of.caller().deadline())
              .with_key(key_)
              .with_idempotency_key(idempotency_key_)
              .with_trace(trace_.get())),
      limit_(of.deadline()),
      follow_(*this) {
  if (of.cancelled()) {
    scope_.cancel();
  } else {
    of.caller().cancel_tree().add(follow_);
  }
}

void inner_run::set_deadline(time_point at) noexcept {
  cx_ = like(cx_, scope_, at);
  limit_ = at;
}

void inner_run::end(verdict v, std::exception_ptr thrown) noexcept {
  follow_.unlink();
  verdict_ = v;
  thrown_ = std::move(thrown);
  ended_ = true;
  if (on_end_ != nullptr) {
    on_end_(arg_, *this);
  }
  kept_.reset();
}

}  // namespace fairlead::policy
