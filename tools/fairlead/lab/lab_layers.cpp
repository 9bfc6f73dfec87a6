// SPDX-License-Identifier: BSL-1.0
#include "lab/lab_layers.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::lab {

using policy::call;
using policy::step;

step attempt_probe::enter(layer_state& /*s*/, call& c) const {
  auto& highest = log_->highest[std::string(c.caller().idempotency_key())];
  highest = std::max(highest, c.attempt());
  return step::inward;
}

step script_verdict::leave(layer_state& /*s*/, call& c) const {
  const auto* e = c.failure();
  if (e != nullptr && scripted_as_fatal(*e)) {
    c.judge(policy::verdict::fatal);
  }
  return step::outward;
}

step scripted_fallback::enter(layer_state& s, call& /*c*/) const {
  s.original.reset();
  s.answer.reset();
  return step::inward;
}

step scripted_fallback::leave(layer_state& s, call& c) const {
  const auto* e = c.failure();
  if (e == nullptr || e->kind() == error_kind::cancelled || c.cancelled()) {
    return step::outward;
  }
  c.report({.policy = observe::policy_kind::fallback,
            .action = observe::policy_action::fallback,
            .name = script_->name,
            .attempt = c.attempt(),
            .cause = e});
  s.original = *e;
  return step::wait;
}

task<result<void>> scripted_fallback::pause(layer_state& s, call& c) const {
  const auto n = std::min(script_->runs++, script_->acts.size() - 1);
  const act now = script_->acts[n];
  const auto how = co_await script_->where->perform(c.surroundings(), now);
  if (how == ending::as_scripted) {
    s.answer = outcome_of(now);
    co_return result<void>{};
  }
  auto ended = c.surroundings().check();
  co_return ended ? fail(errors::cancelled{}) : ended;
}

step scripted_fallback::resume(layer_state& s, call& c, const result<void>& waited) const {
  if (waited && s.answer->has_value()) {
    c.type().move(c, &*s.answer);
    return step::outward;
  }
  error e = waited ? s.answer->error() : waited.error();
  if (e.cause() == nullptr) {
    e.with_cause(*s.original);
  }
  const bool fatal = scripted_as_fatal(e);
  c.fail(std::move(e));
  if (fatal) {
    c.judge(policy::verdict::fatal);
  }
  return step::outward;
}

}  // namespace fairlead::lab
