// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/shed.hpp>

#include <fairlead/policy/shed_core.hpp>

#include "detail/text.hpp"

#include <atomic>
#include <mutex>

namespace fairlead::policy {

namespace {

const shed_options& checked(const shed_options& options) {
  detail::throw_if_any("shed", options.name, problems_of(options));
  return options;
}

// FNV-1a, folded: the same key has the same level in every process.
std::uint32_t level_of_key(std::string_view key) noexcept {
  std::uint32_t h = 2166136261U;
  for (const char c : key) {
    h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return (h ^ (h >> 16U)) % shed_core::levels;
}

}  // namespace

struct shed::shared {
  shared(const shed_options& o, level_function f)
      : name(o.name), options(o), level_of(std::move(f)), refusal(errors::shed{o.name}), core(o) {
    options.name = name;
  }

  [[nodiscard]] std::uint32_t level(const context& cx) {
    if (level_of) {
      return level_of(cx);
    }
    if (!cx.key().empty()) {
      return level_of_key(cx.key());
    }
    // Multiples of the golden ratio are spread evenly.
    return (anonymous.fetch_add(1, std::memory_order_relaxed) * 2654435769U) >> 25U;
  }

  permit admit(const context& cx, time_point now) {
    const auto own_level = level(cx);
    const std::lock_guard hold(lock);
    const auto before = in_flight;
    const auto reason = core.decide({.criticality = cx.criticality(),
                                     .level = own_level,
                                     .in_flight = before,
                                     .now = now,
                                     .deadline = cx.deadline()});
    if (reason != shed_reason::none) {
      return {};
    }
    ++in_flight;
    return permit(this, before, now);
  }

  const std::string name;
  shed_options options;
  const level_function level_of;
  const error refusal;
  std::atomic<std::uint32_t> anonymous{0};
  std::mutex lock;
  shed_core core;
  std::uint32_t in_flight = 0;
};

shed::shed(const shed_options& options) : shed(options, level_function{}) {}

shed::shed(const shed_options& options, level_function level_of)
    : shared_(std::make_shared<shared>(checked(options), std::move(level_of))) {}

shed::shed(const shed& other) noexcept = default;
shed::shed(shed&& other) noexcept = default;
shed& shed::operator=(const shed& other) noexcept = default;
shed& shed::operator=(shed&& other) noexcept = default;
shed::~shed() = default;

result<shed> shed::make(const shed_options& options) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"shed", detail::joined(problems)});
  }
  return shed(std::make_shared<shared>(options, level_function{}));
}

result<shed::permit> shed::admit(const context& cx, time_point now) const {
  auto p = shared_->admit(cx, now);
  if (p.owner_ == nullptr) {
    return result<permit>(tl::unexpect, shared_->refusal);
  }
  return p;
}

void shed::permit::settle(verdict outcome, time_point now) noexcept {
  auto& s = *std::exchange(owner_, nullptr);
  const std::lock_guard hold(s.lock);
  --s.in_flight;
  if (outcome == verdict::success) {
    s.core.succeeded(now - began_, in_flight_);
  }
}

step shed::enter(layer_state& s, call& c) const {
  s.held = shared_->admit(c.surroundings(), c.now());
  if (s.held.owner_ != nullptr) {
    return step::inward;
  }
  c.fail(shared_->refusal);
  if (c.observed()) {
    const auto& name = shared_->name;
    c.report({.policy = observe::policy_kind::shed,
              .action = observe::policy_action::rejected,
              .name = name.empty() ? std::string_view("shed") : name,
              .attempt = c.attempt(),
              .cause = c.failure()});
  }
  return step::outward;
}

step shed::leave(layer_state& s, call& c) const {
  s.held.complete(c.outcome(), c.now());
  return step::outward;
}

shed_metrics shed::metrics() const {
  const std::lock_guard hold(shared_->lock);
  const auto n = shared_->in_flight;
  return {n, shared_->core.share(n), shared_->core.service()};
}

std::string_view shed::name() const noexcept {
  return shared_->name;
}

std::string shed::describe() const {
  const auto& o = shared_->options;
  std::string out = "load shedding ";
  if (!o.name.empty()) {
    out.append("'").append(o.name).append("' ");
  }
  out += "of the least important calls from " + detail::number(o.shed_from * o.limit) +
         " in flight on, and of all from " + detail::number(o.shed_all * o.limit);
  if (o.predict) {
    out += ", and of those that would be too late";
  }
  return out;
}

}  // namespace fairlead::policy
