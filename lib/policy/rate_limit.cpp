// SPDX-License-Identifier: BSL-1.0
// How it works: `base` is the limit as those left it who have started. Whoever waits stands in a
// queue, and `plan` is what the limit will be when all of them have started: it tells those who
// come when they can start. Each that waits sleeps until its own instant and then takes from `base`
// itself. One that leaves earlier makes the plan `stale`: it is made again from `base` and the
// queue, and the next one is woken to sleep less long.
//
// While nobody waits there is only `base`; when that is one number it is kept in the atomic `word`,
// whose lowest bit says that the truth is behind the lock instead.
#include <fairlead/policy/rate_limit.hpp>

#include "detail/text.hpp"

#include <fairlead/core/waiter.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

namespace fairlead::policy {

namespace {

constexpr std::int64_t locked_bit = 1;

const rate_limit_options& checked(const rate_limit_options& options) {
  detail::throw_if_any("rate_limit", options.name, problems_of(options));
  return options;
}

}  // namespace

// The sleep of one that waits. Anybody may ring it, under the lock.
struct rate_limit::bell {
  bell(shared& s, place& p, const context& cx) noexcept
      : owner(s), mine(p), until(cx), w(until, "its turn at a rate limit") {}
  bell(const bell&) = delete;
  bell& operator=(const bell&) = delete;
  ~bell();

  shared& owner;
  place& mine;
  context until;
  waiter w;
};

struct rate_limit::shared {
  explicit shared(const rate_limit_options& o)
      : name(o.name),
        options(o),
        most(fairlead::policy::max_cost(o)),
        limited(errors::rate_limited{o.name, std::nullopt}),
        base(o),
        plan(o),
        one_word(base.is_one_word()) {
    options.name = name;
    word.store(one_word ? base.word() * 2 : locked_bit, std::memory_order_relaxed);
  }

  [[nodiscard]] std::string_view label() const noexcept {
    return name.empty() ? std::string_view("rate_limit") : name;
  }

  [[nodiscard]] error refusal(duration wait) const noexcept {
    error e = limited;
    e.with_retry_after(wait);
    return e;
  }

  [[nodiscard]] bool too_dear(std::uint32_t cost) const noexcept {
    return most != 0 && cost > most;
  }
  [[nodiscard]] error dear(std::uint32_t cost) const {
    const auto reason = "takes " + std::to_string(cost) +
                        " permits, but there are never more than " + std::to_string(most);
    return errors::invalid_argument{name.empty() ? std::string_view("cost") : name, reason};
  }

  // The short way: permits that are there while nobody waits.
  [[nodiscard]] bool take_quickly(rate_ticket& ticket, std::uint32_t cost,
                                  time_point now) noexcept {
    auto seen = word.load(std::memory_order_relaxed);
    while ((seen & locked_bit) == 0) {
      const auto after = base.next_word(seen >> 1, cost, now);
      if (!after) {
        return false;
      }
      if (word.compare_exchange_weak(seen, *after * 2, std::memory_order_acq_rel,
                                     std::memory_order_relaxed)) {
        ticket = {cost, now, *after};
        return true;
      }
    }
    return false;
  }

  // From here on under the lock.

  // Holds the lock; outside of it the state may be in the word.
  class section {
   public:
    explicit section(shared& s) noexcept : s_(s), hold_(s.lock) {
      if (s_.one_word) {
        const auto seen = s_.word.fetch_or(locked_bit, std::memory_order_acq_rel);
        if ((seen & locked_bit) == 0) {
          s_.base.set_word(seen >> 1);
        }
      }
    }
    section(const section&) = delete;
    section& operator=(const section&) = delete;
    ~section() {
      if (s_.one_word && s_.first == nullptr && s_.paused == time_point::min()) {
        s_.word.store(s_.base.word() * 2, std::memory_order_release);
      }
    }

   private:
    shared& s_;
    std::lock_guard<std::mutex> hold_;
  };

  // When a call that comes now counts as having come.
  [[nodiscard]] time_point arrival(time_point now) noexcept {
    if (paused <= now) {
      paused = time_point::min();
    }
    return std::max(now, paused);
  }

  void append(place& p) noexcept {
    p.prev = last;
    (last != nullptr ? last->next : first) = &p;
    last = &p;
    ++waiting;
  }
  void remove(place& p) noexcept {
    (p.prev != nullptr ? p.prev->next : first) = p.next;
    (p.next != nullptr ? p.next->prev : last) = p.prev;
    p.next = p.prev = nullptr;
    p.owner = nullptr;
    --waiting;
  }

  void make_plan() noexcept {
    if (!stale) {
      return;
    }
    stale = false;
    plan = base;
    auto since = time_point::min();
    for (auto* p = first; p != nullptr; p = p->next) {
      since = std::max(since, p->not_before);
      p->not_before = time_point::min();
      p->from = std::max(p->from, since);
      p->due = plan.take(p->cost, p->from).due;
    }
  }

  struct answer {
    enum class what : std::uint8_t { start, wait, refuse };
    what say;
    time_point due;
  };

  // Takes, queues or does nothing.
  answer ask(place& p, std::uint32_t cost, time_point now, time_point latest) noexcept {
    const section held(*this);
    make_plan();
    const auto from = arrival(now);
    const auto due = (first != nullptr ? plan : base).due(cost, from);
    if (due <= now) {
      p.ticket = base.take(cost, from, due);
      stale = first != nullptr;  // those who wait may start now too, but have not
      return {answer::what::start, due};
    }
    if (due > latest) {
      return {answer::what::refuse, due};
    }
    if (first == nullptr) {
      plan = base;
    }
    p.owner = this;
    p.cost = cost;
    p.from = from;
    p.not_before = time_point::min();
    p.due = plan.take(cost, from).due;
    p.latest = latest;
    append(p);
    return {answer::what::wait, due};
  }

  // The instant of one that waits; when that has come, it has started and left the queue.
  answer look(place& p, bell& b, time_point now) noexcept {
    const section held(*this);
    make_plan();
    if (p.due <= now) {
      stale = stale || first != &p;
      p.ticket = base.take(p.cost, p.from, p.due);
      auto* next = p.next;
      remove(p);
      ring_if_late(next);
      return {answer::what::start, p.due};
    }
    if (p.due > p.latest) {
      step_aside(p, now);
      return {answer::what::refuse, p.due};
    }
    b.until = b.until.with_deadline(p.due);
    p.sleeper = &b;
    return {answer::what::wait, p.due};
  }

  static void ring_if_late(place* p) noexcept {
    if (p != nullptr && p->sleeper != nullptr && p->sleeper->until.deadline() > p->due) {
      p->sleeper->w.notify();
    }
  }

  void step_aside(place& p, time_point now) noexcept {
    auto* next = p.next;
    if (next != nullptr) {
      next->not_before = std::max({next->not_before, p.not_before, now});
      if (next->sleeper != nullptr) {
        next->sleeper->w.notify();
      }
    }
    stale = true;
    remove(p);
  }

  void leave(place& p, time_point now) noexcept {
    const section held(*this);
    if (p.owner != nullptr) {
      step_aside(p, now);
    }
  }

  void pause(time_point when) noexcept {
    const section held(*this);
    if (when <= paused) {
      return;
    }
    paused = when;
    if (first != nullptr) {
      first->not_before = std::max(first->not_before, when);
      stale = true;
      for (auto* p = first; p != nullptr; p = p->next) {
        if (p->sleeper != nullptr) {
          p->sleeper->w.notify();  // perhaps it cannot wait so long
        }
      }
    }
  }

  void give_back(const rate_ticket& ticket, time_point now) noexcept {
    const section held(*this);
    if (base.give_back(ticket) && first != nullptr) {
      stale = true;
      first->not_before = std::max(first->not_before, now);
      if (first->sleeper != nullptr) {
        first->sleeper->w.notify();
      }
    }
  }

  const std::string name;
  rate_limit_options options;
  const std::uint32_t most;
  const error limited;

  alignas(64) std::atomic<std::int64_t> word;

  std::mutex lock;
  rate_core base;
  rate_core plan;
  const bool one_word;
  bool stale = false;
  time_point paused = time_point::min();
  place* first = nullptr;
  place* last = nullptr;
  std::size_t waiting = 0;
};

rate_limit::bell::~bell() {
  const std::lock_guard hold(owner.lock);
  mine.sleeper = nullptr;
}

void rate_limit::place::abandon() noexcept {
  if (auto* s = owner; s != nullptr) {
    s->leave(*this, time->now());
  }
}

rate_limit::rate_limit(const rate_limit_options& options)
    : shared_(std::make_shared<shared>(checked(options))) {}

result<rate_limit> rate_limit::make(const rate_limit_options& options) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"rate_limit", detail::joined(problems)});
  }
  return rate_limit(std::make_shared<shared>(options));
}

result<void> rate_limit::take(time_point now, std::uint32_t cost) const {
  auto& s = *shared_;
  if (cost == 0) {
    return {};
  }
  if (s.too_dear(cost)) {
    return tl::unexpected<error>(s.dear(cost));
  }
  place mine;
  if (s.take_quickly(mine.ticket, cost, now)) {
    return {};
  }
  const auto answer = s.ask(mine, cost, now, now);
  if (answer.say == shared::answer::what::start) {
    return {};
  }
  return tl::unexpected<error>(s.refusal(answer.due - now));
}

namespace {

// A start at the deadline itself would be too late.
time_point last_start(time_point now, duration max_wait, time_point deadline) noexcept {
  return std::min(saturating_add(now, max_wait), deadline - duration(1));
}

}  // namespace

task<result<void>> rate_limit::wait_turn(shared& s, place& mine, context& cx) {
  for (;;) {
    const auto now = cx.now();
    bell b(s, mine, cx);
    if (cx.cancelled()) {
      co_return fail(errors::cancelled{});
    }
    const auto answer = s.look(mine, b, now);
    if (answer.say == shared::answer::what::start) {
      co_return result<void>{};
    }
    if (answer.say == shared::answer::what::refuse) {
      co_return tl::unexpected<error>(s.refusal(answer.due - now));
    }
    const auto woken = co_await b.w.wait();
    if (woken == wake::cancelled) {
      co_return fail(errors::cancelled{});
    }
  }
}

task<result<void>> rate_limit::acquire(context& cx) const {
  const auto self = shared_;
  auto& s = *self;
  if (const auto ok = cx.check(); !ok || cx.cost() == 0) {
    co_return ok;
  }
  if (s.too_dear(cx.cost())) {
    co_return tl::unexpected<error>(s.dear(cx.cost()));
  }
  place mine;
  const auto now = cx.now();
  if (s.take_quickly(mine.ticket, cx.cost(), now)) {
    co_return result<void>{};
  }
  mine.time = &cx.env().time();
  const auto answer =
      s.ask(mine, cx.cost(), now, last_start(now, s.options.max_wait, cx.deadline()));
  if (answer.say == shared::answer::what::refuse) {
    co_return tl::unexpected<error>(s.refusal(answer.due - now));
  }
  if (answer.say == shared::answer::what::wait) {
    const auto waited = co_await wait_turn(s, mine, cx);
    co_return waited;
  }
  co_return result<void>{};
}

void rate_limit::pause_until(time_point when) const {
  shared_->pause(when);
}

rate_metrics rate_limit::metrics(time_point now) const {
  auto& s = *shared_;
  const shared::section held(s);
  auto available = s.base.available(now);
  if (s.arrival(now) > now) {
    available = std::min<std::int64_t>(available, 0);
  }
  for (const auto* p = s.first; p != nullptr; p = p->next) {
    available -= p->cost;
  }
  return {available, s.waiting, s.paused};
}

bool rate_limit::idle(time_point now) const {
  auto& s = *shared_;
  const shared::section held(s);
  return s.first == nullptr && s.arrival(now) == now && s.base.untouched(now);
}

std::string_view rate_limit::name() const noexcept {
  return shared_->name;
}

std::uint32_t rate_limit::max_cost() const noexcept {
  return shared_->most;
}

step rate_limit::refuse(call& c, error e) const {
  c.fail(std::move(e));
  if (c.observed()) {
    c.report({.policy = observe::policy_kind::rate_limit,
              .action = observe::policy_action::rejected,
              .name = shared_->label(),
              .attempt = c.attempt(),
              .cause = c.failure()});
  }
  return step::outward;
}

step rate_limit::enter(layer_state& state, call& c) const {
  auto& s = *shared_;
  auto& mine = state.mine;
  mine.ticket.cost = 0;
  const auto cost = c.caller().cost();
  const auto now = c.now();
  if (cost == 0 || c.caller().deadline() <= now) {
    return step::inward;  // nothing will be started at a deadline
  }
  if (s.too_dear(cost)) {
    c.fail(s.dear(cost));
    return step::outward;
  }
  if (s.take_quickly(mine.ticket, cost, now)) {
    return step::inward;
  }
  mine.time = &c.caller().env().time();
  const auto answer = s.ask(mine, cost, now, last_start(now, s.options.max_wait, c.deadline()));
  switch (answer.say) {
    case shared::answer::what::start:
      return step::inward;
    case shared::answer::what::wait:
      c.begin_wait();
      return step::wait;
    case shared::answer::what::refuse:
      break;
  }
  return refuse(c, s.refusal(answer.due - now));
}

task<result<void>> rate_limit::pause(layer_state& state, call& c) const {
  return wait_turn(*shared_, state.mine, c.surroundings());
}

step rate_limit::resume(layer_state& state, call& c, const result<void>& waited) const {
  c.end_wait(observe::policy_kind::rate_limit, shared_->label());
  if (waited) {
    return step::inward;
  }
  state.mine.abandon();
  if (waited.error().kind() == error_kind::rate_limited) {
    return refuse(c, waited.error());
  }
  c.fail(waited.error());
  return step::outward;
}

step rate_limit::leave(layer_state& state, call& c) const {
  if (const auto* e = c.failure(); e != nullptr) {
    after_failure(state, c, *e);
  }
  return step::outward;
}

void rate_limit::after_failure(layer_state& state, call& c, const error& e) const {
  auto& s = *shared_;
  const bool never_left = e.sent() == error_sent::not_sent && e.attempts() == 1 &&
                          e.cause() == nullptr &&
                          (e.is_rejection() || e.stage() == error_stage::pool);
  if (never_left) {
    if (state.mine.ticket.cost != 0) {
      s.give_back(state.mine.ticket, c.now());
    }
    return;
  }
  if (s.options.pause_on_retry_after) {
    if (const auto asked = e.retry_after(); asked && *asked > duration::zero()) {
      s.pause(saturating_add(c.now(), std::min(*asked, s.options.pause_cap)));
    }
  }
}

std::string rate_limit::describe() const {
  return detail::describe_rate_limit(shared_->options);
}

}  // namespace fairlead::policy
