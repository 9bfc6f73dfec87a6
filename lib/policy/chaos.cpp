// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/chaos.hpp>

#include <fairlead/core/sleep.hpp>

#include "detail/text.hpp"

namespace fairlead::policy {

std::vector<std::string> problems_of(const chaos_options& o) {
  std::vector<std::string> out;
  if (!(o.rate >= 0 && o.rate <= 1)) {
    out.emplace_back("rate must be between 0 and 1");
  }
  return out;
}

namespace detail {

chaos_strike::chaos_strike(const chaos_options& o)
    : rate_(o.rate), name_(o.name.empty() ? std::string_view("chaos") : o.name) {
  throw_if_any("chaos", o.name, problems_of(o));
}

bool chaos_strike::operator()(call& c) const {
  const auto rate = rate_of_ ? rate_of_(c.surroundings()) : rate_;
  if (!(c.caller().env().random().uniform() < rate)) {
    return false;
  }
  if (c.observed()) {
    c.report({.policy = observe::policy_kind::chaos,
              .action = observe::policy_action::injected,
              .name = name_,
              .attempt = c.attempt()});
  }
  return true;
}

std::string chaos_strike::describe(std::string_view what) const {
  std::string out = "chaos ";
  if (name_ != "chaos") {
    out += "'" + name_ + "' ";
  }
  out.append("with ").append(what).append(" ");
  return out + (rate_of_ ? "a share that depends on the call" : percent(rate_) + " of the calls");
}

task<result<void>> no_pause() {
  co_return result<void>{};
}

}  // namespace detail

chaos_fault::chaos_fault(const chaos_options& options)
    : chaos_fault(options, errors::unavailable{"chaos", "injected", std::nullopt}) {}

chaos_fault::chaos_fault(const chaos_options& options, error what)
    : chaos_base(options), what_(std::move(what)) {}

step chaos_fault::enter(layer_state& /*s*/, call& c) const {
  if (!strikes_(c)) {
    return step::inward;
  }
  c.fail(what_);
  return step::outward;
}

std::string chaos_fault::describe() const {
  return strikes_.describe("errors for");
}

chaos_latency::chaos_latency(const chaos_options& options, duration delay)
    : chaos_base(options), delay_(delay) {
  if (delay < duration::zero()) {
    detail::throw_if_any("chaos", options.name, {"the delay is negative"});
  }
}

step chaos_latency::enter(layer_state& /*s*/, call& c) const {
  return strikes_(c) && delay_ > duration::zero() ? step::wait : step::inward;
}

task<result<void>> chaos_latency::pause(layer_state& /*s*/, call& c) const {
  return sleep_until(c.surroundings(), saturating_add(c.now(), delay_));
}

step chaos_latency::resume(layer_state& /*s*/, call& c, const result<void>& waited) const {
  if (!waited) {
    c.fail(waited.error());
    return step::outward;
  }
  return step::inward;
}

std::string chaos_latency::describe() const {
  return strikes_.describe(detail::words(delay_) + " before");
}

}  // namespace fairlead::policy
