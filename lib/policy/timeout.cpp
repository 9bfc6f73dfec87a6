// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/timeout.hpp>

#include "detail/text.hpp"

#include <vector>

namespace fairlead::policy::detail {

time_limit::time_limit(timeout_scope scope, const timeout_options& options)
    : scope_(scope), options_late_(options.late), name_(options.name) {}

time_limit::time_limit(timeout_scope scope, duration limit, const timeout_options& options)
    : time_limit(scope, options) {
  if (limit < duration::zero()) {
    throw_if_any(std::string(to_string(scope)) + "_timeout", options.name,
                 {"the limit is negative"});
  }
}

time_limit::time_limit(const time_limit& other) = default;
time_limit::time_limit(time_limit&& other) noexcept = default;
time_limit& time_limit::operator=(const time_limit& other) = default;
time_limit& time_limit::operator=(time_limit&& other) noexcept = default;
time_limit::~time_limit() = default;

// Whether the limit came first. A limit of zero lets pass what completes without waiting.
bool time_limit::over(const layer_state& s, call& c) {
  return s.limit > duration::zero() ? c.now() >= s.own : c.now() > s.own;
}

// The way out of a call that failed, is watched, or must not be late.
void time_limit::judge(const layer_state& s, call& c) const {
  const auto* e = c.failure();
  if (e != nullptr && e->kind() == error_kind::cancelled) {
    return;
  }
  if (e != nullptr && e->kind() == error_kind::deadline) {
    if (c.now() >= s.own) {
      expire(s, c);
    }
    return;
  }
  const bool discard = options_late_ == late_outcome::discard;
  if ((!discard && !c.observed()) || !over(s, c)) {
    return;
  }
  c.report({.policy = observe::policy_kind::timeout,
            .action = observe::policy_action::late,
            .name = name_.empty() ? std::string_view("timeout") : name_,
            .attempt = c.attempt(),
            .delay = s.limit,
            .cause = e});
  if (discard) {
    expire(s, c);
  }
}

void time_limit::expire(const layer_state& s, call& c) const {
  const auto* e = c.failure();
  if (c.cancelled()) {
    error gone = errors::cancelled{};
    if (e != nullptr) {
      gone.at(e->stage()).with_sent(e->sent()).with_attempts(e->attempts());
    }
    c.fail(std::move(gone));
    return;
  }
  std::string_view target = name_;
  std::optional<errors::deadline> ended;
  if (e != nullptr) {
    ended = e->get<errors::deadline>();
    if (ended && !ended->target.empty()) {
      target = ended->target;
    }
  }
  error out = errors::timeout{target, s.limit, scope_};
  if (e == nullptr) {
    out.with_sent(error_sent::answered);
  } else {
    // Whoever ran out of time without saying where may have done anything before.
    const bool silent = e->stage() == error_stage::none && e->sent() == error_sent::not_sent;
    out.at(e->stage())
        .with_sent(silent ? error_sent::unknown : e->sent())
        .with_attempts(e->attempts());
    if (e->repeatable()) {
      out.mark_repeatable();
    }
    if (const auto* cause = ended ? e->cause() : e; cause != nullptr) {
      out.with_cause(*cause);
    }
  }
  c.fail(std::move(out));
  c.report({.policy = observe::policy_kind::timeout,
            .action = observe::policy_action::timeout,
            .name = name_.empty() ? std::string_view("timeout") : name_,
            .attempt = c.attempt(),
            .delay = s.limit,
            .cause = c.failure()});
}

std::string time_limit::describe_limit(std::string_view limit) const {
  std::string out = scope_ == timeout_scope::attempt ? "a limit per attempt of "
                                                     : "a limit for everything inside of ";
  out += limit;
  if (options_late_ == late_outcome::discard) {
    out += " that discards what comes late";
  }
  return out;
}

std::string time_limit::in_words(duration limit) {
  return words(limit);
}

}  // namespace fairlead::policy::detail
