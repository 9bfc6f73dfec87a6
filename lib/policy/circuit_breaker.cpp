// SPDX-License-Identifier: BSL-1.0
// The handle: a lock around the core, and before it a front (detail/breaker_front.hpp) where most
// calls end.
#include <fairlead/policy/circuit_breaker.hpp>
#include <fairlead/policy/keep_probing.hpp>

#include <fairlead/policy/breaker_core.hpp>

#include "detail/breaker_audience.hpp"
#include "detail/breaker_front.hpp"
#include "detail/text.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

namespace fairlead::policy {

namespace {

using detail::breaker_audience;
using detail::breaker_front;
using detail::breaker_view;

const breaker_options& checked(const breaker_options& options) {
  detail::throw_if_any("circuit_breaker", options.name, problems_of(options));
  return options;
}

std::unique_ptr<breaker_fleet::seat> seat_in(const breaker_fleet* fleet) {
  return fleet == nullptr ? nullptr : std::make_unique<breaker_fleet::seat>(*fleet);
}

enum class origin : std::uint8_t { itself, by_hand };

}  // namespace

struct circuit_breaker::shared {
  shared(const breaker_options& options, break_function f, const breaker_fleet* fleet)
      : open_error(errors::circuit_open{options.name, std::nullopt}),
        core(options, seat_in(fleet)) {
    if (f) {
      audience = std::make_unique<breaker_audience>(std::move(f));
    }
    front.publish(core);
  }

  [[nodiscard]] std::string_view name() const noexcept {
    return open_error.get<errors::circuit_open>()->policy;
  }
  [[nodiscard]] std::string_view label() const noexcept {
    const auto given = name();
    return given.empty() ? std::string_view("circuit_breaker") : given;
  }

  void collect() noexcept {
    if (const auto n = front.collect(core.era())) {
      core.add_successes(n);
    }
  }

  // Though the state stays: an open breaker may open for another time, and probes whose lease ran
  // out make place for others.
  static bool tells_something(const breaker_change& c) noexcept {
    return c.from != c.to || c.to == breaker_state::open || c.to == breaker_state::half_open;
  }

  // Runs `f(core, now)`, which returns what it changed, under the lock, and reports.
  template <class F>
  std::optional<breaker_change> update(time_point now, origin who, F f) {
    std::unique_lock hold(lock);
    told = std::max(told, now);
    collect();
    std::optional<breaker_change> change = f(core, now == last_told ? told : now);
    if (change && !tells_something(*change)) {
      change.reset();
    }
    front.publish(core);
    if (change && audience) {
      announce(*change, who, hold);
    }
    return change;
  }

  void announce(breaker_change& change, origin who, std::unique_lock<std::mutex>& hold) {
    const bool ask =
        audience->decides_lengths() && who == origin::itself && change.to == breaker_state::open;
    audience->add(change, !ask);
    if (ask) {
      change.break_for = audience->ask(change, hold);
      core.set_break(change.era, change.break_for);
      front.publish(core);
      audience->complete(change);
    }
    audience->deliver(hold);
  }

  // True when the outcome could be settled without the core. `time(view)` tells the time.
  template <class Time>
  [[nodiscard]] bool settle(const breaker_ticket& ticket, verdict outcome, Time time) noexcept {
    const auto seen = front.view();
    if (seen.era() != ticket.era || seen.has(breaker_view::deaf_bit)) {
      return true;
    }
    if (outcome == verdict::success && seen.has(breaker_view::plain_bit)) {
      const auto edge = front.edge();
      return (edge == time_point::max() || time(seen) < edge) && front.count(ticket.era);
    }
    return outcome == verdict::neutral && !seen.has(breaker_view::watched_bit);
  }

  // How long an open breaker stays so; nothing when the core has to be asked.
  [[nodiscard]] std::optional<duration> left(const breaker_view& seen, time_point now) const {
    const auto until = front.edge();
    const bool sure = now < until && front.still(seen) &&
                      !(seen.has(breaker_view::fleet_bit) && core.panicking());
    return sure ? std::optional(until - now) : std::nullopt;
  }

  breaker_admission ask(time_point now) {
    breaker_admission answer;
    answer.change = update(now, origin::itself, [&](breaker_core& c, time_point at) {
      answer = c.admit(at);
      return answer.change;
    });
    return answer;
  }

  std::optional<breaker_change> tell(const breaker_ticket& ticket, verdict outcome, time_point now,
                                     std::optional<duration> retry_after, random_source* random) {
    return update(now, origin::itself, [&](breaker_core& c, time_point at) {
      if (outcome == verdict::success) {
        front.make_room(c.era(), at);
      }
      return c.complete(ticket, outcome, at, retry_after, random);
    });
  }

  [[nodiscard]] error refusal(std::optional<duration> wait) const {
    if (!wait) {
      return errors::isolated{name()};
    }
    error e = open_error;
    e.with_retry_after(*wait);
    return e;
  }

  breaker_front front;
  const error open_error;  // holds the name, too
  std::mutex lock;
  breaker_core core;
  time_point told{};
  std::unique_ptr<breaker_audience> audience;
};

circuit_breaker::circuit_breaker(const breaker_options& options)
    : circuit_breaker(options, break_function{}) {}

circuit_breaker::circuit_breaker(const breaker_options& options, break_function length_of_break)
    : shared_(std::make_shared<shared>(checked(options), std::move(length_of_break), nullptr)) {
  static_assert(sizeof(shared) + 10 * sizeof(time_window::slice) <= 512);
}

circuit_breaker::circuit_breaker(const breaker_options& options, const breaker_fleet& fleet,
                                 break_function length_of_break)
    : shared_(std::make_shared<shared>(checked(options), std::move(length_of_break), &fleet)) {}

circuit_breaker::circuit_breaker(const circuit_breaker& other) noexcept = default;
circuit_breaker::circuit_breaker(circuit_breaker&& other) noexcept = default;
circuit_breaker& circuit_breaker::operator=(const circuit_breaker& other) noexcept = default;
circuit_breaker& circuit_breaker::operator=(circuit_breaker&& other) noexcept = default;
circuit_breaker::~circuit_breaker() = default;

result<circuit_breaker> circuit_breaker::make(const breaker_options& options) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"circuit_breaker", detail::joined(problems)});
  }
  return circuit_breaker(std::make_shared<shared>(options, break_function{}, nullptr));
}

result<circuit_breaker> circuit_breaker::make(const breaker_options& options,
                                              const breaker_fleet& fleet) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"circuit_breaker", detail::joined(problems)});
  }
  return circuit_breaker(std::make_shared<shared>(options, break_function{}, &fleet));
}

// Each of these settles what most calls need, and leaves the rest to a function of its own, so that
// it needs no frame.

result<circuit_breaker::permit> circuit_breaker::admit(time_point now) const {
  const auto seen = shared_->front.view();
  if (seen.has(breaker_view::passes_bit)) {
    return permit(*shared_, {seen.era(), now});
  }
  return admit_otherwise(now);
}

[[gnu::noinline]] result<circuit_breaker::permit> circuit_breaker::admit_otherwise(
    time_point now) const {
  auto& s = *shared_;
  const auto seen = s.front.view();
  if (seen.state() == breaker_state::open) {
    if (const auto left = s.left(seen, now)) {
      result<permit> refused(tl::unexpect, s.open_error);  // in place
      refused.error().with_retry_after(*left);
      return refused;
    }
  }
  return admit_by_core(now);
}

[[gnu::noinline]] result<circuit_breaker::permit> circuit_breaker::admit_by_core(
    time_point now) const {
  auto& s = *shared_;
  if (s.front.view().state() == breaker_state::isolated) {
    return tl::unexpected<error>(s.refusal(std::nullopt));
  }
  const auto answer = s.ask(now);
  if (answer.admitted) {
    return permit(s, answer.ticket);
  }
  return tl::unexpected<error>(s.refusal(answer.retry_after));
}

void circuit_breaker::permit::complete(verdict outcome, time_point now,
                                       std::optional<duration> retry_after, random_source* random) {
  if (owner_ != nullptr &&
      !owner_->settle(ticket_, outcome, [now](const breaker_view&) { return now; })) {
    return complete_by_core(outcome, now, retry_after, random);
  }
  owner_ = nullptr;
}

[[gnu::noinline]] void circuit_breaker::permit::complete_by_core(
    verdict outcome, time_point now, std::optional<duration> retry_after, random_source* random) {
  std::exchange(owner_, nullptr)->tell(ticket_, outcome, now, retry_after, random);
}

void circuit_breaker::permit::give_back() noexcept {
  auto* s = std::exchange(owner_, nullptr);
  if (!s->settle(ticket_, verdict::neutral, [](const breaker_view&) { return time_point{}; })) {
    const std::lock_guard hold(s->lock);
    s->core.complete(ticket_, verdict::neutral, s->told);
  }
}

void circuit_breaker::report_change(call& c, const std::optional<breaker_change>& change) const {
  if (change && c.observed()) {
    c.report({.policy = observe::policy_kind::circuit_breaker,
              .action = observe::policy_action::state,
              .name = shared_->label(),
              .attempt = c.attempt(),
              .delay = change->break_for,
              .cause = c.failure(),
              .from = to_string(change->from),
              .to = to_string(change->to)});
  }
}

step circuit_breaker::refuse(call& c, error e) const {
  c.fail(std::move(e));
  if (c.observed()) {
    c.report({.policy = observe::policy_kind::circuit_breaker,
              .action = observe::policy_action::rejected,
              .name = shared_->label(),
              .attempt = c.attempt(),
              .cause = c.failure()});
  }
  return step::outward;
}

step circuit_breaker::enter(layer_state& state, call& c) const {
  const auto seen = shared_->front.view();
  if (seen.has(breaker_view::passes_bit)) {
    state.held.owner_ = shared_.get();
    state.held.ticket_ = {seen.era(), {}};
    return step::inward;
  }
  return enter_otherwise(state, c);
}

[[gnu::noinline]] step circuit_breaker::enter_otherwise(layer_state& state, call& c) const {
  auto& s = *shared_;
  const auto seen = s.front.view();
  if (seen.state() == breaker_state::isolated) {
    return refuse(c, s.refusal(std::nullopt));
  }
  if (seen.state() == breaker_state::open) {
    if (const auto left = s.left(seen, c.now())) {
      return refuse(c, s.refusal(left));
    }
  }
  const auto answer = s.ask(c.now());
  if (answer.admitted) {
    state.held = permit(s, answer.ticket);
  }
  report_change(c, answer.change);
  return answer.admitted ? step::inward : refuse(c, s.refusal(answer.retry_after));
}

step circuit_breaker::leave(layer_state& state, call& c) const {
  const auto time = [&c](const breaker_view& seen) {
    return seen.has(breaker_view::coarse_bit) ? c.caller().env().time().recently() : c.now();
  };
  if (!shared_->settle(state.held.ticket_, c.outcome(), time)) {
    return leave_by_core(state, c);
  }
  state.held.owner_ = nullptr;
  return step::outward;
}

[[gnu::noinline]] step circuit_breaker::leave_by_core(layer_state& state, call& c) const {
  const auto* e = c.failure();
  report_change(
      c, shared_->tell(state.held.ticket_, c.outcome(), c.now(),
                       e != nullptr ? e->retry_after() : std::nullopt, &c.caller().env().random()));
  state.held.owner_ = nullptr;
  return step::outward;
}

breaker_state circuit_breaker::state_at(time_point now) const {
  const std::lock_guard hold(shared_->lock);
  return shared_->core.state(now);
}

breaker_metrics circuit_breaker::metrics(time_point now) const {
  const std::lock_guard hold(shared_->lock);
  shared_->collect();
  auto found = shared_->core.metrics(now);
  shared_->front.publish(shared_->core);  // a window may have moved on
  return found;
}

std::string_view circuit_breaker::name() const noexcept {
  return shared_->name();
}

void circuit_breaker::isolate(time_point now) const {
  shared_->update(now, origin::by_hand,
                  [](breaker_core& core, time_point at) { return core.isolate(at); });
}

void circuit_breaker::force_closed(time_point now) const {
  shared_->update(now, origin::by_hand,
                  [](breaker_core& core, time_point at) { return core.disable(at); });
}

void circuit_breaker::metrics_only(time_point now) const {
  shared_->update(now, origin::by_hand,
                  [](breaker_core& core, time_point at) { return core.metrics_only(at); });
}

void circuit_breaker::reset(time_point now) const {
  shared_->update(now, origin::by_hand,
                  [](breaker_core& core, time_point at) { return core.reset(at); });
}

void circuit_breaker::open_until(time_point when, time_point now) const {
  shared_->update(now, origin::by_hand,
                  [when](breaker_core& core, time_point at) { return core.open_until(when, at); });
}

void circuit_breaker::on_transition(listener f) const {
  const std::lock_guard hold(shared_->lock);
  if (!shared_->audience) {
    shared_->audience = std::make_unique<breaker_audience>(break_function{});
  }
  shared_->audience->listen(std::move(f));
}

time_point detail::next_look(const circuit_breaker& breaker, time_point now, duration look_every) {
  const auto later = saturating_add(now, std::max(look_every, duration(1)));
  const auto m = breaker.metrics(now);
  return m.state == breaker_state::open ? std::min(m.until, later) : later;
}

std::string circuit_breaker::describe() const {
  return shared_->core.describe(shared_->name());
}

}  // namespace fairlead::policy
