// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/retry.hpp>

#include <fairlead/core/sleep.hpp>

#include "detail/text.hpp"

#include <utility>

namespace fairlead::policy {

namespace {

// The peer says that it did not do the work.
bool declined(const error& e) noexcept {
  switch (e.kind()) {
    case error_kind::unavailable:
      return true;
    case error_kind::http_error:
      return e.status() == 408 || e.status() == 425 || e.status() == 429 || e.status() == 503;
    default:
      return false;
  }
}

bool connection_was_gone(const error& e) noexcept {
  return e.sent() == error_sent::not_sent &&
         (e.kind() == error_kind::connection_reset || e.kind() == error_kind::connection_closed);
}

retry_facts facts_of(const retry_options& options, call& c) {
  retry_facts f;
  f.outcome = c.outcome();
  f.now = c.now();
  f.deadline = c.deadline();
  const auto* e = c.failure();
  if (e == nullptr) {
    return f;  // a value that was classified: whoever did so wants it repeated
  }
  f.sent = e->sent();
  f.repeatable = c.repeatable();
  f.declined = declined(*e);
  f.never_left = connection_was_gone(*e);
  if (e->is_rejection()) {
    f.outcome = options.retry_rejections ? verdict::failure : f.outcome;
  } else {
    f.retry_after = e->retry_after();
    f.pushback = e->pushback();
  }
  return f;
}

bool told_not_to(const retry_facts& f) noexcept {
  return f.pushback && *f.pushback < duration::zero();
}

}  // namespace

retry::retry(const retry_options& options, std::string_view name) : options_(options), name_(name) {
  detail::throw_if_any("retry", name == "retry" ? std::string_view{} : name, problems_of(options));
}

retry::retry(const retry& other) = default;
retry::retry(retry&& other) noexcept = default;
retry& retry::operator=(const retry& other) = default;
retry& retry::operator=(retry&& other) noexcept = default;
retry::~retry() = default;

result<retry> retry::make(const retry_options& options, std::string_view name) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"retry", detail::joined(problems)});
  }
  return retry(options, name);
}

retry& retry::with_budget(retry_budget budget) & {
  budget_ = std::make_shared<const retry_budget>(std::move(budget));
  return *this;
}

retry& retry::on_retry(hook f) & {
  on_retry_ = std::move(f);
  return *this;
}

retry& retry::delay_for(delay_function f) & {
  delay_for_ = std::move(f);
  return *this;
}

step retry::enter(layer_state& s, call& c) const {
  s.core = retry_core{};
  s.maybe_sent = false;
  s.last.reset();
  s.outer_attempt = c.attempt();
  c.set_attempt(1);
  if (budget_) {
    s.enrolled = budget_->begin(budget_->needs_time() ? c.now() : time_point{});
    c.set_enrolled_in(budget_->identity());
  }
  return step::inward;
}

// Tells the budget how the attempt ended.
void retry::account(layer_state& s, verdict outcome) const noexcept {
  if (s.extra) {
    s.extra.complete(outcome);
  } else {
    budget_->first_ended(outcome);
  }
}

bool retry::reserve(layer_state& s, call& c) const {
  const auto* e = c.failure();
  const bool timed_out = e != nullptr && e->kind() == error_kind::timeout;
  s.extra = budget_->reserve(
      c.now(), timed_out ? extra_attempt::after_timeout : extra_attempt::after_failure);
  return static_cast<bool>(s.extra);
}

void retry::release(layer_state& s) noexcept {
  s.extra = {};
  s.enrolled = {};
}

step retry::decide(layer_state& s, call& c) const {
  auto* e = c.failure();
  if (e != nullptr && s.last && e->cause() == nullptr &&
      (e->kind() == error_kind::cancelled || e->kind() == error_kind::deadline)) {
    e->with_cause(*s.last);  // why there was another attempt at all
  }
  auto facts = facts_of(options_, c);
  retry_event event{.attempt = s.core.attempt(), .failure = e, .cx = &c.caller()};
  const bool open = s.core.forbids(options_, facts) == retry_stop::none;
  const bool resends = open && s.core.resends(facts);
  if (budget_ && !resends) {
    account(s,
            told_not_to(facts) && c.outcome() == verdict::fatal ? verdict::failure : c.outcome());
  }
  if (open && !resends) {
    if (budget_ && !told_not_to(facts) && !reserve(s, c)) {
      return stop(s, c, retry_stop::budget);
    }
    if (retry_core::draws(options_, facts)) {
      facts.uniform = c.caller().env().random().uniform();
    }
    if (delay_for_) {
      facts.own_delay = delay_for_(event);
    }
  }
  const auto decision = s.core.decide(options_, facts);
  if (decision.stop != retry_stop::none) {
    return stop(s, c, decision.stop);
  }
  event.delay = decision.wait;
  if (on_retry_) {
    on_retry_(event);
  }
  if (c.observed()) {
    c.report({.policy = observe::policy_kind::retry,
              .action = observe::policy_action::retry,
              .name = name_,
              .attempt = event.attempt,
              .delay = decision.wait,
              .cause = e});
  }
  s.wait = decision.wait;
  s.failed_attempt = event.attempt;
  s.last.reset();
  if (e != nullptr) {
    s.maybe_sent = s.maybe_sent || e->sent() == error_sent::unknown;
    s.last = std::move(*e);
  }
  c.discard();
  return step::wait;
}

// What an earlier attempt may have done, the last one does not undo.
void retry::remember_sent(const layer_state& s, error& e) noexcept {
  if (s.maybe_sent && e.sent() == error_sent::not_sent) {
    e.with_sent(error_sent::unknown);
  }
}

step retry::stop(layer_state& s, call& c, retry_stop reason) const {
  release(s);
  c.set_attempt(s.outer_attempt);
  auto* e = c.failure();
  if (e == nullptr) {
    return step::outward;
  }
  e->with_attempts(s.core.attempt());
  remember_sent(s, *e);
  if (e->kind() == error_kind::cancelled) {
    return step::outward;
  }
  e->with_suppressed_by(e->kind() == error_kind::deadline ? retry_stop::deadline : reason);
  if (c.observed() && c.outcome() != verdict::success) {
    c.report({.policy = observe::policy_kind::retry,
              .action = observe::policy_action::gave_up,
              .name = name_,
              .attempt = s.core.attempt(),
              .cause = e});
  }
  return step::outward;
}

task<result<void>> retry::pause(layer_state& s, call& c) const {
  if (s.wait <= duration::zero()) {
    return yield(c.surroundings());
  }
  return sleep_until(c.surroundings(), saturating_add(c.now(), s.wait));
}

step retry::resume(layer_state& s, call& c, const result<void>& waited) const {
  if (waited) {
    c.set_attempt(s.core.attempt());
    return step::inward;
  }
  release(s);
  c.set_attempt(s.outer_attempt);
  const auto& last = s.last;
  if (waited.error().kind() == error_kind::cancelled || !last) {
    error e = waited.error();
    e.with_attempts(s.failed_attempt);
    if (last) {
      e.with_sent(last->sent()).with_cause(*last);
    }
    remember_sent(s, e);
    c.fail(std::move(e));
    return step::outward;
  }
  error e = *last;
  e.with_attempts(s.failed_attempt).with_suppressed_by(retry_stop::deadline);
  remember_sent(s, e);
  c.fail(std::move(e));
  return step::outward;
}

std::string retry::describe() const {
  std::string out = "up to ";
  out +=
      options_.max_attempts == unlimited ? "any number of" : std::to_string(options_.max_attempts);
  out += " attempts, ";
  const auto& b = options_.backoff;
  switch (b.kind) {
    case backoff_kind::constant:
      out += detail::words(b.delay) + " apart";
      break;
    case backoff_kind::linear:
      out += detail::words(b.delay) + " apart and longer by that each time, at most " +
             detail::words(b.cap);
      break;
    case backoff_kind::exponential:
      out += "first " + detail::words(b.delay) + " apart, growing up to " + detail::words(b.cap);
      break;
  }
  out += b.jitter == jitter::none ? " without jitter" : ", spread at random";
  if (options_.retry_rejections) {
    out += ", also when a policy inside rejects";
  }
  if (budget_) {
    out += ", within " + budget_->describe();
  }
  return out;
}

}  // namespace fairlead::policy
