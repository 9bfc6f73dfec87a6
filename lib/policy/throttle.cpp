// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/throttle.hpp>

#include <fairlead/policy/throttle_core.hpp>

#include "detail/text.hpp"

#include <mutex>

namespace fairlead::policy {

namespace {

const throttle_options& checked(const throttle_options& options) {
  detail::throw_if_any("throttle", options.name, problems_of(options));
  return options;
}

}  // namespace

struct throttle::shared {
  explicit shared(const throttle_options& o)
      : name(o.name), options(o), refusal(errors::throttled{o.name}), core(o) {
    options.name = name;
  }

  // Decides on one call and counts it; `random` is asked with no lock held.
  permit admit(time_point now, random_source& random) {
    const auto p = [&] {
      const std::lock_guard hold(lock);
      return core.probability(now);
    }();
    const bool refused = p > 0 && random.uniform() < p;
    const std::lock_guard hold(lock);
    if (refused) {
      core.reject(now);
      return {};
    }
    return permit(this, core.begin(now));
  }

  const std::string name;
  throttle_options options;
  const error refusal;
  std::mutex lock;
  throttle_core core;
};

throttle::throttle(const throttle_options& options)
    : shared_(std::make_shared<shared>(checked(options))) {}

throttle::throttle(const throttle& other) noexcept = default;
throttle::throttle(throttle&& other) noexcept = default;
throttle& throttle::operator=(const throttle& other) noexcept = default;
throttle& throttle::operator=(throttle&& other) noexcept = default;
throttle::~throttle() = default;

result<throttle> throttle::make(const throttle_options& options) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"throttle", detail::joined(problems)});
  }
  return throttle(std::make_shared<shared>(options));
}

result<throttle::permit> throttle::admit(time_point now, random_source& random) const {
  auto p = shared_->admit(now, random);
  if (p.owner_ == nullptr) {
    return result<permit>(tl::unexpect, shared_->refusal);
  }
  return p;
}

void throttle::permit::complete(verdict outcome, time_point now) noexcept {
  if (auto* s = std::exchange(owner_, nullptr); s != nullptr) {
    const std::lock_guard hold(s->lock);
    s->core.end(began_, outcome, now);
  }
}

void throttle::permit::forget() noexcept {
  auto* s = std::exchange(owner_, nullptr);
  const std::lock_guard hold(s->lock);
  s->core.forget(began_);
}

step throttle::enter(layer_state& s, call& c) const {
  s.held = shared_->admit(c.now(), c.caller().env().random());
  if (s.held.owner_ != nullptr) {
    return step::inward;
  }
  c.fail(shared_->refusal);
  if (c.observed()) {
    const auto& name = shared_->name;
    c.report({.policy = observe::policy_kind::throttle,
              .action = observe::policy_action::rejected,
              .name = name.empty() ? std::string_view("throttle") : name,
              .attempt = c.attempt(),
              .cause = c.failure()});
  }
  return step::outward;
}

step throttle::leave(layer_state& s, call& c) const {
  s.held.complete(c.outcome(), c.now());
  return step::outward;
}

throttle_metrics throttle::metrics(time_point now) const {
  const std::lock_guard hold(shared_->lock);
  return shared_->core.metrics(now);
}

std::string_view throttle::name() const noexcept {
  return shared_->name;
}

std::string throttle::describe() const {
  const auto& o = shared_->options;
  std::string out = "a throttle ";
  if (!o.name.empty()) {
    out.append("'").append(o.name).append("' ");
  }
  return out + "that sends about " + detail::number(o.k) +
         " calls for each that succeeded in the last " + detail::words(o.window) +
         ", and refuses at most " + detail::percent(o.cap);
}

}  // namespace fairlead::policy
