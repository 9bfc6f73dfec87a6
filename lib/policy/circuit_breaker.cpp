// SPDX-License-Identifier: BSL-1.0
// How it works: a mutex guards the core, and after every change under it three words are published.
// `view_` (era, state, whether a success would change anything) lets calls through and refuses them
// without the lock: at the moment it was read, that was the truth. Successes that change nothing
// but a count are counted in `quick_` under their era and added to the core by whoever locks next.
//
// Changes of state are queued under the lock and reported after it was released, by one thread at a
// time; whoever finds somebody reporting leaves its changes to them. So listeners see every change
// once and in order, and may use the breaker.
#include <fairlead/policy/circuit_breaker.hpp>

#include <fairlead/policy/breaker_core.hpp>

#include "detail/text.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace fairlead::policy {

namespace {

constexpr std::uint64_t plain_bit = 1U << 3U;
constexpr std::uint64_t locked_bit = 1U << 4U;  // calls must be counted while in flight
constexpr std::uint64_t state_mask = 7;
constexpr std::uint64_t low_half = 0xffffffffU;

std::uint64_t tagged(std::uint32_t era, std::uint64_t low) noexcept {
  return (std::uint64_t{era} << 32U) | low;
}
std::uint32_t era_of(std::uint64_t word) noexcept {
  return static_cast<std::uint32_t>(word >> 32U);
}

const breaker_options& checked(const breaker_options& options) {
  detail::throw_if_any("circuit_breaker", options.name, problems_of(options));
  return options;
}

enum class origin : std::uint8_t { itself, by_hand };

}  // namespace

struct circuit_breaker::shared {
  struct report {
    breaker_change change;
    bool ready;
  };

  shared(const breaker_options& options, break_function f)
      : name(options.name),
        length_of_break(std::move(f)),
        open_error(errors::circuit_open{options.name, std::nullopt}),
        isolated_error(errors::isolated{options.name}),
        core(options) {
    publish();
  }

  [[nodiscard]] std::string_view label() const noexcept {
    return name.empty() ? std::string_view("circuit_breaker") : name;
  }

  // Tells the state to those who do not lock.
  void publish() noexcept {
    until.store(core.until().time_since_epoch().count(), std::memory_order_relaxed);
    if (era_of(quick.load(std::memory_order_relaxed)) != core.era()) {
      quick.store(tagged(core.era(), 0), std::memory_order_relaxed);
    }
    view.store(tagged(core.era(), static_cast<std::uint64_t>(core.raw_state()) |
                                      (core.success_is_plain() ? plain_bit : 0) |
                                      (core.counts_in_flight() ? locked_bit : 0)),
               std::memory_order_release);
  }

  void collect_quick() noexcept {
    const auto counted = quick.exchange(tagged(core.era(), 0), std::memory_order_relaxed);
    if (era_of(counted) == core.era()) {
      core.add_successes(counted & low_half);
    }
  }

  // Runs `f(core, now)`, which returns what it changed, under the lock, and reports.
  template <class F>
  std::optional<breaker_change> update(time_point now, origin who, F f) {
    std::unique_lock hold(lock);
    told = std::max(told, now);
    collect_quick();
    std::optional<breaker_change> change = f(core, now == last_told ? told : now);
    publish();
    if (change) {
      announce(*change, who, hold);
    }
    return change;
  }

  void announce(breaker_change& change, origin who, std::unique_lock<std::mutex>& hold) {
    const bool ask = length_of_break && who == origin::itself && change.to == breaker_state::open;
    pending.push_back({change, !ask});
    if (ask) {
      hold.unlock();
      change.break_for = asked_length(change);
      hold.lock();
      core.set_break(change.era, change.break_for);
      publish();
      for (auto& r : pending) {
        if (r.change.era == change.era) {
          r = {change, true};
        }
      }
    }
    deliver(hold);
  }

  [[nodiscard]] duration asked_length(const breaker_change& change) const noexcept {
    try {
      return std::max(length_of_break({change.break_index, change.break_for}), duration::zero());
    } catch (...) {
      return change.break_for;  // not the fault of the call that opened the breaker
    }
  }

  void deliver(std::unique_lock<std::mutex>& hold) {
    if (delivering) {
      return;
    }
    delivering = true;
    while (!pending.empty() && pending.front().ready) {
      const auto change = pending.front().change;
      pending.erase(pending.begin());
      const auto all = listeners;
      hold.unlock();
      for (const auto& f : *all) {
        try {
          f(change);
        } catch (...) {  // NOLINT(bugprone-empty-catch): see on_transition
        }
      }
      hold.lock();
    }
    delivering = false;
  }

  [[nodiscard]] error refusal(std::optional<duration> wait) const noexcept {
    error e = open_error;
    if (wait) {
      e.with_retry_after(*wait);
    }
    return e;
  }

  const std::string name;
  const break_function length_of_break;
  const error open_error;
  const error isolated_error;

  alignas(64) std::atomic<std::uint64_t> view{0};
  std::atomic<std::uint64_t> quick{0};
  std::atomic<duration::rep> until{0};

  std::mutex lock;
  breaker_core core;
  time_point told{};
  bool delivering = false;
  std::vector<report> pending;
  std::shared_ptr<const std::vector<listener>> listeners =
      std::make_shared<const std::vector<listener>>();
};

circuit_breaker::circuit_breaker(const breaker_options& options)
    : circuit_breaker(options, break_function{}) {}

circuit_breaker::circuit_breaker(const breaker_options& options, break_function length_of_break)
    : shared_(std::make_shared<shared>(checked(options), std::move(length_of_break))) {}

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
  return circuit_breaker(std::make_shared<shared>(options, break_function{}));
}

namespace {

// What the published state says to a call.
struct quick_look {
  enum class answer : std::uint8_t { pass, open, isolated, ask_the_core };
  answer say = answer::ask_the_core;
  std::uint32_t era = 0;
  duration left{};
};

template <class Shared, class Now>
quick_look look(const Shared& s, Now&& now) {
  const auto seen = s.view.load(std::memory_order_acquire);
  if ((seen & locked_bit) != 0) {
    return {};
  }
  switch (static_cast<breaker_state>(seen & state_mask)) {
    case breaker_state::closed:
    case breaker_state::disabled:
    case breaker_state::metrics_only:
      return {quick_look::answer::pass, era_of(seen), {}};
    case breaker_state::isolated:
      return {quick_look::answer::isolated, 0, {}};
    case breaker_state::open: {
      const time_point until(duration(s.until.load(std::memory_order_acquire)));
      const auto at = now();
      if (at < until && s.view.load(std::memory_order_relaxed) == seen) {
        return {quick_look::answer::open, 0, until - at};
      }
      return {};
    }
    case breaker_state::half_open:
      return {};
  }
  return {};
}

// True when the outcome could be settled without the core.
template <class Shared>
bool settle_quickly(Shared& s, const breaker_ticket& ticket, verdict outcome) noexcept {
  const auto seen = s.view.load(std::memory_order_acquire);
  if (era_of(seen) != ticket.era) {
    return true;  // an era that is over
  }
  if (outcome == verdict::neutral) {
    return (seen & locked_bit) == 0 &&
           static_cast<breaker_state>(seen & state_mask) != breaker_state::half_open;
  }
  if (static_cast<breaker_state>(seen & state_mask) == breaker_state::disabled) {
    return true;
  }
  if (outcome != verdict::success || (seen & plain_bit) == 0) {
    return false;
  }
  auto counted = s.quick.load(std::memory_order_relaxed);
  do {
    if (era_of(counted) != ticket.era) {
      return true;
    }
    if ((counted & low_half) == low_half) {
      return false;
    }
  } while (!s.quick.compare_exchange_weak(counted, counted + 1, std::memory_order_relaxed));
  return true;
}

template <class Shared>
breaker_admission ask(Shared& s, time_point now) {
  breaker_admission answer;
  answer.change = s.update(now, origin::itself, [&](breaker_core& core, time_point at) {
    answer = core.admit(at);
    return answer.change;
  });
  return answer;
}

template <class Shared>
std::optional<breaker_change> tell(Shared& s, const breaker_ticket& ticket, verdict outcome,
                                   time_point now, std::optional<duration> retry_after,
                                   random_source* random) {
  return s.update(now, origin::itself, [&](breaker_core& core, time_point at) {
    return core.complete(ticket, outcome, at, retry_after, random);
  });
}

}  // namespace

result<circuit_breaker::permit> circuit_breaker::admit(time_point now) const {
  auto& s = *shared_;
  const auto quick = look(s, [now] { return now; });
  switch (quick.say) {
    case quick_look::answer::pass:
      return permit(s, {quick.era, now});
    case quick_look::answer::open: {
      result<permit> refused(tl::unexpect, s.open_error);  // in place: every move is a call
      refused.error().with_retry_after(quick.left);
      return refused;
    }
    case quick_look::answer::isolated:
      return result<permit>(tl::unexpect, s.isolated_error);
    case quick_look::answer::ask_the_core:
      break;
  }
  const auto answer = ask(s, now);
  if (answer.admitted) {
    return permit(s, answer.ticket);
  }
  return tl::unexpected<error>(answer.retry_after ? s.refusal(answer.retry_after)
                                                  : s.isolated_error);
}

void circuit_breaker::permit::complete(verdict outcome, time_point now,
                                       std::optional<duration> retry_after) {
  auto* s = std::exchange(owner_, nullptr);
  if (s != nullptr && !settle_quickly(*s, ticket_, outcome)) {
    tell(*s, ticket_, outcome, now, retry_after, nullptr);
  }
}

void circuit_breaker::permit::give_back() noexcept {
  auto* s = std::exchange(owner_, nullptr);
  if (!settle_quickly(*s, ticket_, verdict::neutral)) {
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
  auto& s = *shared_;
  const auto quick = look(s, [&c] { return c.now(); });
  switch (quick.say) {
    case quick_look::answer::pass:
      state.held = permit(s, {quick.era, {}});
      return step::inward;
    case quick_look::answer::open:
      return refuse(c, s.refusal(quick.left));
    case quick_look::answer::isolated:
      return refuse(c, s.isolated_error);
    case quick_look::answer::ask_the_core:
      break;
  }
  const auto answer = ask(s, c.now());
  if (answer.admitted) {
    state.held = permit(s, answer.ticket);
  }
  report_change(c, answer.change);
  if (answer.admitted) {
    return step::inward;
  }
  return refuse(c, answer.retry_after ? s.refusal(answer.retry_after) : s.isolated_error);
}

step circuit_breaker::leave(layer_state& state, call& c) const {
  auto& s = *shared_;
  const auto ticket = state.held.ticket_;
  if (!settle_quickly(s, ticket, c.outcome())) {
    const auto* e = c.failure();
    report_change(
        c, tell(s, ticket, c.outcome(), c.now(), e != nullptr ? e->retry_after() : std::nullopt,
                &c.caller().env().random()));
  }
  state.held.owner_ = nullptr;
  return step::outward;
}

breaker_state circuit_breaker::state_at(time_point now) const {
  const std::lock_guard hold(shared_->lock);
  return shared_->core.state(now);
}

breaker_metrics circuit_breaker::metrics(time_point now) const {
  const std::lock_guard hold(shared_->lock);
  shared_->collect_quick();
  return shared_->core.metrics(now);
}

std::string_view circuit_breaker::name() const noexcept {
  return shared_->name;
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
  auto all = std::make_shared<std::vector<listener>>(*shared_->listeners);
  all->push_back(std::move(f));
  shared_->listeners = std::move(all);
}

std::string circuit_breaker::describe() const {
  return detail::describe_breaker(shared_->core.options(), shared_->name);
}

}  // namespace fairlead::policy
