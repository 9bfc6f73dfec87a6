// SPDX-License-Identifier: BSL-1.0
// How it works: three of the budgets are one atomic word each, which the rules lead from one value
// to the next by compare and swap; the window has a lock. Which rule it is never changes.
#include <fairlead/policy/retry_budget.hpp>

#include <fairlead/policy/retry_budget_core.hpp>

#include "detail/text.hpp"

#include <atomic>
#include <mutex>
#include <optional>

namespace fairlead::policy {

namespace {

struct locked_window {
  explicit locked_window(const window_budget& o) : rule(o) {}
  std::mutex lock;
  window_rule rule;
};

const budget_options& checked(const budget_options& options, std::string_view name) {
  detail::throw_if_any("retry_budget", name, problems_of(options));
  return options;
}

}  // namespace

struct retry_budget::shared {
  shared(const budget_options& o, std::string_view n) : options(o), name(n) {
    if (const auto* t = std::get_if<token_budget>(&o)) {
      tokens.emplace(*t);
      word = tokens->full();
    } else if (const auto* f = std::get_if<in_flight_budget>(&o)) {
      in_flight.emplace(*f);
    } else if (const auto* w = std::get_if<window_budget>(&o)) {
      window.emplace(*w);
    } else if (const auto* q = std::get_if<quota_budget>(&o)) {
      quota.emplace(*q);
      word = quota->full();
    }
  }

  // Leads the word on by `f(word)`, which gives the next one, or nothing to leave it.
  template <class F>
  bool advance(F f) noexcept {
    auto seen = word.load(std::memory_order_relaxed);
    std::optional<std::uint64_t> next;
    do {
      next = f(seen);
      if (!next) {
        return false;
      }
    } while (*next != seen && !word.compare_exchange_weak(seen, *next, std::memory_order_acq_rel,
                                                          std::memory_order_relaxed));
    return true;
  }

  void tell_tokens(verdict outcome) noexcept {
    if (outcome == verdict::success) {
      advance([this](std::uint64_t w) { return std::optional(tokens->after_success(w)); });
    } else if (outcome == verdict::failure) {
      advance([this](std::uint64_t w) { return std::optional(tokens->after_failure(w)); });
    }
  }

  void give(std::uint32_t n) noexcept {
    advance([this, n](std::uint64_t w) { return std::optional(quota->give(w, n)); });
  }

  const budget_options options;
  const std::string name;
  std::optional<token_rule> tokens;
  std::optional<in_flight_rule> in_flight;
  std::optional<quota_rule> quota;
  std::optional<locked_window> window;
  alignas(64) std::atomic<std::uint64_t> word{0};
  std::atomic<std::uint64_t> reserved{0};
};

retry_budget::retry_budget() : retry_budget(token_budget{}) {}

retry_budget::retry_budget(const budget_options& options, std::string_view name)
    : shared_(std::make_shared<shared>(checked(options, name), name)) {}

retry_budget::retry_budget(const retry_budget& other) noexcept = default;
retry_budget::retry_budget(retry_budget&& other) noexcept = default;
retry_budget& retry_budget::operator=(const retry_budget& other) noexcept = default;
retry_budget& retry_budget::operator=(retry_budget&& other) noexcept = default;
retry_budget::~retry_budget() = default;

result<retry_budget> retry_budget::make(const budget_options& options, std::string_view name) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"retry_budget", detail::joined(problems)});
  }
  return retry_budget(std::make_shared<shared>(options, name));
}

retry_budget::execution retry_budget::begin(time_point now) const noexcept {
  auto& s = *shared_;
  if (s.in_flight) {
    s.word.fetch_add(in_flight_rule::call, std::memory_order_acq_rel);
    return execution(&s);
  }
  if (s.window) {
    const std::lock_guard hold(s.window->lock);
    s.window->rule.begin(now);
  }
  return {};
}

void retry_budget::execution::end() noexcept {
  std::exchange(owner_, nullptr)->word.fetch_sub(in_flight_rule::call, std::memory_order_acq_rel);
}

retry_budget::reservation retry_budget::reserve(time_point now, extra_attempt why) const noexcept {
  auto& s = *shared_;
  std::int64_t taken = 0;
  bool granted = false;
  if (s.tokens) {
    granted = s.tokens->allows(s.word.load(std::memory_order_acquire));
  } else if (s.in_flight) {
    granted = s.advance([&s](std::uint64_t w) { return s.in_flight->reserve(w); });
  } else if (s.quota) {
    const auto cost =
        why == extra_attempt::after_timeout ? s.quota->timeout_cost() : s.quota->cost();
    granted = s.advance([&s, cost](std::uint64_t w) { return s.quota->take(w, cost); });
    taken = cost;
  } else {
    const std::lock_guard hold(s.window->lock);
    const auto place = s.window->rule.reserve(now);
    granted = place.has_value();
    taken = place.value_or(0);
  }
  if (!granted) {
    return {};
  }
  s.reserved.fetch_add(1, std::memory_order_relaxed);
  return {&s, taken};
}

void retry_budget::reservation::settle(verdict outcome) noexcept {
  auto& s = *std::exchange(owner_, nullptr);
  s.reserved.fetch_sub(1, std::memory_order_relaxed);
  if (s.tokens) {
    s.tell_tokens(outcome);
  } else if (s.in_flight) {
    s.word.fetch_sub(in_flight_rule::extra, std::memory_order_acq_rel);
  } else if (s.quota) {
    if (outcome == verdict::success || outcome == verdict::neutral) {
      s.give(static_cast<std::uint32_t>(taken_));
    }
  } else if (outcome == verdict::neutral) {
    const std::lock_guard hold(s.window->lock);
    s.window->rule.give_back(taken_);
  }
}

void retry_budget::first_ended(verdict outcome) const noexcept {
  auto& s = *shared_;
  if (s.tokens) {
    s.tell_tokens(outcome);
  } else if (s.quota && outcome == verdict::success) {
    s.give(s.quota->refund());
  }
}

void retry_budget::take_back_failure() const noexcept {
  auto& s = *shared_;
  if (s.tokens) {
    s.advance([&s](std::uint64_t w) { return std::optional(s.tokens->without_failure(w)); });
  }
}

bool retry_budget::needs_time() const noexcept {
  return shared_->window.has_value();
}

budget_metrics retry_budget::metrics(time_point now) const noexcept {
  auto& s = *shared_;
  const auto word = s.word.load(std::memory_order_acquire);
  const auto left = [](std::uint64_t allowed, std::uint64_t used) {
    return allowed > used ? static_cast<double>(allowed - used) : 0;
  };
  budget_metrics m;
  m.in_use = s.reserved.load(std::memory_order_relaxed);
  if (s.tokens) {
    m.tokens = static_cast<double>(word) / 1000;
  } else if (s.quota) {
    m.tokens = static_cast<double>(word);
  } else if (s.in_flight) {
    m.in_flight = in_flight_rule::calls_in(word);
    m.in_use = in_flight_rule::extras_in(word);
    m.tokens = left(s.in_flight->allowed(m.in_flight), m.in_use);
  } else {
    const std::lock_guard hold(s.window->lock);
    m.spent = s.window->rule.spent(now);
    m.tokens = left(s.window->rule.allowed(now), m.spent);
  }
  return m;
}

std::string_view retry_budget::name() const noexcept {
  return shared_->name;
}

std::string retry_budget::describe() const {
  const auto& o = shared_->options;
  std::string out = "a retry budget ";
  if (!shared_->name.empty()) {
    out += "'" + shared_->name + "' ";
  }
  if (const auto* t = std::get_if<token_budget>(&o)) {
    out += "of " + std::to_string(t->tokens) + " tokens";
  } else if (const auto* f = std::get_if<in_flight_budget>(&o)) {
    out += "of " + detail::percent(f->ratio) + " of the calls in flight, at least " +
           std::to_string(f->min);
  } else if (const auto* w = std::get_if<window_budget>(&o)) {
    out += "of " + detail::percent(w->ratio) + " of the calls of the last " +
           detail::words(w->window) + ", and " + std::to_string(w->min) + " more";
  } else if (const auto* q = std::get_if<quota_budget>(&o)) {
    out += "of " + std::to_string(q->tokens) + " tokens, " + std::to_string(q->cost) +
           " for an extra attempt";
  }
  return out;
}

}  // namespace fairlead::policy
