// SPDX-License-Identifier: BSL-1.0
// The policies that wait, branch and share, written the obvious way: a coroutine each, around
// another. What stacks of all kinds must be equal to (X15). What decides without waiting (breaker,
// throttle, adaptive limit, budget) is asked directly.
#pragma once

#include "policy/oracle.hpp"

#include <fairlead/core/background.hpp>
#include <fairlead/core/spawn.hpp>
#include <fairlead/core/waiter.hpp>
#include <fairlead/policy/adaptive_limit.hpp>
#include <fairlead/policy/retry_budget.hpp>
#include <fairlead/policy/throttle.hpp>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::testing::naive {

/// What happened, with its time. Compared as a set per instant: which of two things that one thing
/// brought about comes first is not the policies' promise.
class diary {
 public:
  void note(time_point at, std::string_view what) {
    char time[32];
    std::snprintf(time, sizeof(time), "%017lld ",
                  static_cast<long long>(at.time_since_epoch().count()));
    lines_.push_back(time + std::string(what));
  }
  void event(time_point at, std::string_view policy, std::string_view action, std::uint32_t attempt,
             duration delay = {}) {
    std::string text =
        std::string(policy) + " " + std::string(action) + " of attempt " + std::to_string(attempt);
    if (delay != duration{}) {
      text += " after " + std::to_string(delay.count());
    }
    note(at, text);
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    auto out = lines_;
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  std::vector<std::string> lines_;
};

// Where contexts carry that a budget knows of their call; runs apart from the call begin without
// it.
constexpr std::string_view enrolled_mark = "enrolled";

struct retry_rules {
  std::uint32_t most = 1;
  duration wait{};
  bool rejections = false;  // are repeated too
};

inline task<result<int>> retry(context& cx, retry_rules rules,
                               std::optional<policy::retry_budget> budget, diary& log,
                               operation inner) {
  const auto [most, wait, rejections] = rules;
  std::optional<error> last;
  policy::retry_budget::execution enrolled;
  policy::retry_budget::reservation extra;
  if (budget) {
    enrolled = budget->begin(cx.now());
  }
  for (std::uint32_t n = 1;; ++n) {
    auto attempt = cx.with_attempt(n);
    if (budget) {
      attempt = attempt.with_idempotency_key(enrolled_mark);
    }
    auto outcome = co_await inner(attempt);
    const auto v = outcome ? policy::verdict::success : policy::default_verdict(outcome.error());
    if (budget && n == 1) {
      budget->first_ended(v);
    }
    extra.complete(v);
    if (outcome) {
      co_return outcome;
    }
    error e = outcome.error();
    e.with_attempts(n);
    if (last && e.cause() == nullptr &&
        (e.kind() == error_kind::cancelled || e.kind() == error_kind::deadline)) {
      e.with_cause(*last);
    }
    if (e.kind() == error_kind::cancelled) {
      co_return tl::unexpected<error>(e);
    }
    auto why = retry_stop::none;
    const bool again =
        e.is_rejection() ? rejections && e.is_transient() : v == policy::verdict::failure;
    if (!again) {
      why = e.kind() == error_kind::deadline ? retry_stop::deadline : retry_stop::not_retryable;
    } else if (n == most) {
      why = retry_stop::attempts;
    } else if (budget) {
      extra = budget->reserve(cx.now(), e.kind() == error_kind::timeout
                                            ? policy::extra_attempt::after_timeout
                                            : policy::extra_attempt::after_failure);
      why = extra ? why : retry_stop::budget;
    }
    if (why == retry_stop::none && cx.deadline() != no_deadline &&
        cx.now() + wait >= cx.deadline()) {
      why = retry_stop::deadline;
    }
    if (why != retry_stop::none) {
      log.event(cx.now(), "retry", "gave_up", n);
      e.with_suppressed_by(why);
      co_return tl::unexpected<error>(e);
    }
    log.event(cx.now(), "retry", "retry", n, wait);
    last = e;
    auto slept = co_await sleep_for(cx, wait);
    if (!slept) {
      error gone = slept.error();
      gone.with_attempts(n).with_cause(e);
      co_return tl::unexpected<error>(gone);
    }
  }
}

inline task<result<int>> timeout(context& cx, duration limit, timeout_scope scope, diary& log,
                                 operation inner) {
  const auto own = cx.now() + limit;
  auto outcome = co_await oracle_timeout(cx, limit, scope, std::move(inner));
  if (own >= cx.deadline() || cx.now() < own) {
    co_return outcome;
  }
  const auto* e = outcome ? nullptr : &outcome.error();
  if (e != nullptr && e->kind() == error_kind::timeout &&
      e->get<errors::timeout>()->limit == limit) {
    log.event(cx.now(), "timeout", "timeout", cx.attempt(), limit);
  } else if (e == nullptr || e->kind() != error_kind::cancelled) {
    log.event(cx.now(), "timeout", "late", cx.attempt(), limit);
  }
  co_return outcome;
}

inline task<result<int>> breaker(context& cx, policy::circuit_breaker b, diary& log,
                                 operation inner) {
  auto permit = b.admit(cx.now());
  if (!permit) {
    log.event(cx.now(), "circuit_breaker", "rejected", cx.attempt());
    co_return tl::unexpected<error>(permit.error());
  }
  auto outcome = co_await inner(cx);
  auto v = policy::verdict::success;
  if (!outcome) {
    v = policy::default_verdict(outcome.error());
  }
  permit->complete(v, cx.now());
  co_return outcome;
}

inline task<result<int>> throttle(context& cx, policy::throttle t, diary& log, operation inner) {
  auto permit = t.admit(cx.now(), cx.env().random());
  if (!permit) {
    log.event(cx.now(), "throttle", "rejected", cx.attempt());
    co_return tl::unexpected<error>(permit.error());
  }
  auto outcome = co_await inner(cx);
  auto v = policy::verdict::success;
  if (!outcome) {
    v = policy::default_verdict(outcome.error());
  }
  permit->complete(v, cx.now());
  co_return outcome;
}

inline task<result<int>> adaptive(context& cx, policy::adaptive_limit a, diary& log,
                                  operation inner) {
  auto permit = a.admit(cx.now());
  if (!permit) {
    log.event(cx.now(), "adaptive_limit", "rejected", cx.attempt());
    co_return tl::unexpected<error>(permit.error());
  }
  auto outcome = co_await inner(cx);
  auto v = policy::verdict::success;
  if (!outcome) {
    v = policy::default_verdict(outcome.error());
  }
  permit->complete(v, cx.now());
  co_return outcome;
}

inline task<result<int>> fallback(context& cx, int instead, diary& log, operation inner) {
  auto outcome = co_await inner(cx);
  if (!outcome && outcome.error().kind() != error_kind::cancelled && !cx.cancelled()) {
    log.event(cx.now(), "fallback", "fallback", cx.attempt());
    co_return instead;
  }
  co_return outcome;
}

struct places {
  std::uint32_t max = 1;
  std::uint32_t queue = 0;
  duration max_wait{};
  std::uint32_t in_use = 0;
  std::deque<waiter*> line = {};

  void release() {
    --in_use;
    while (in_use < max && !line.empty()) {
      auto* next = line.front();
      line.pop_front();
      in_use += next->notify() ? 1 : 0;
    }
  }
};

inline error in_queue(error e) {
  return e.at(error_stage::pool);
}

inline task<result<int>> bulkhead(context& cx, std::shared_ptr<places> p, diary& log,
                                  operation inner) {
  const bool free = p->in_use < p->max && p->line.empty();
  if (!free && cx.deadline() <= cx.now()) {
    co_return tl::unexpected<error>(in_queue(errors::deadline{}));
  }
  if (!free && (p->max_wait <= duration::zero() || p->line.size() >= p->queue)) {
    log.event(cx.now(), "bulkhead", "rejected", cx.attempt());
    co_return fail(errors::bulkhead_full{"bulkhead", p->max});
  }
  if (free) {
    ++p->in_use;
  } else {
    const auto give_up = saturating_add(cx.now(), p->max_wait);
    const auto until = cx.with_deadline(give_up);
    waiter w(until);
    p->line.push_back(&w);
    const auto woken = co_await w.wait();
    if (woken != wake::notified) {
      std::erase(p->line, &w);
    }
    if (cx.cancelled() || woken == wake::cancelled) {
      if (woken == wake::notified) {
        p->release();
      }
      co_return tl::unexpected<error>(in_queue(errors::cancelled{}));
    }
    if (woken == wake::deadline && cx.deadline() <= give_up) {
      co_return tl::unexpected<error>(in_queue(errors::deadline{}));
    }
    if (woken == wake::deadline) {
      log.event(cx.now(), "bulkhead", "rejected", cx.attempt());
      co_return fail(errors::bulkhead_full{"bulkhead", p->max});
    }
  }
  auto outcome = co_await inner(cx);
  p->release();
  co_return outcome;
}

/// A permit every `every`, of which `burst` can be saved up.
struct bucket {
  duration every{};
  std::uint32_t burst = 1;
  duration max_wait{};
  time_point full_at{};            // when all permits are there again
  std::deque<waiter**> line = {};  // who waits, and whom to tell that one before him left

  /// When the one in place `i` could start.
  [[nodiscard]] time_point start_of(std::size_t i) const {
    return full_at + every * static_cast<int>(i) - every * static_cast<int>(burst - 1);
  }
  void tell_all() const {
    for (auto* const w : line) {
      if (*w != nullptr) {
        (*w)->notify();
      }
    }
  }
};

inline task<result<int>> rate_limit(context& cx, std::shared_ptr<bucket> b, diary& log,
                                    operation inner) {
  if (cx.deadline() <= cx.now()) {
    auto outcome = co_await inner(cx);
    co_return outcome;
  }
  auto due = b->start_of(b->line.size());
  if (due > std::min(saturating_add(cx.now(), b->max_wait), cx.deadline() - duration(1))) {
    log.event(cx.now(), "rate_limit", "rejected", cx.attempt());
    error e = errors::rate_limited{"rate_limit", std::nullopt};
    e.with_retry_after(due - cx.now());
    co_return tl::unexpected<error>(e);
  }
  waiter* sleeper = nullptr;
  if (due > cx.now()) {
    b->line.push_back(&sleeper);
  }
  const auto own_place = [&] {
    const auto at = std::find(b->line.begin(), b->line.end(), &sleeper);
    return static_cast<std::size_t>(at - b->line.begin());
  };
  while (due > cx.now()) {
    const auto until = cx.with_deadline(due);
    waiter w(until);
    sleeper = &w;
    const auto woken = co_await w.wait();
    sleeper = nullptr;
    if (woken == wake::cancelled || cx.cancelled()) {
      std::erase(b->line, &sleeper);
      b->tell_all();
      co_return fail(errors::cancelled{});
    }
    due = b->start_of(own_place());
  }
  std::erase(b->line, &sleeper);
  b->full_at = std::max(b->full_at, cx.now()) + b->every;
  const auto mark = b->full_at;
  auto outcome = co_await inner(cx);
  if (!outcome) {
    const auto& e = outcome.error();
    const bool never_left = e.sent() == error_sent::not_sent && e.attempts() == 1 &&
                            e.cause() == nullptr &&
                            (e.is_rejection() || e.stage() == error_stage::pool);
    if (never_left && b->full_at == mark) {
      b->full_at -= b->every;
      b->tell_all();
    }
  }
  co_return outcome;
}

struct hedge_attempt {
  explicit hedge_attempt(const context& cx) : scope(cx) {}
  cancel_scope scope;
  std::optional<result<int>> outcome;
  policy::retry_budget::reservation extra;
};

inline task<result<int>> hedge(context& cx, duration delay, std::uint32_t hedges,
                               std::optional<policy::retry_budget> budget, diary& log,
                               operation inner) {
  const bool enrolls = cx.idempotency_key() != enrolled_mark;
  policy::retry_budget::execution enrolled;
  if (budget && enrolls) {
    enrolled = budget->begin(cx.now());
  }
  detail::child_group running(cx.env());
  std::deque<hedge_attempt> attempts;
  waiter* sleeper = nullptr;
  std::size_t in_flight = 0;
  std::size_t last = 0;
  std::optional<std::size_t> winner;
  time_point decided_at{};
  bool over = false;
  time_point next = no_deadline;
  const auto useful = [&](time_point at) { return at < cx.deadline(); };
  const auto number = [&](std::size_t i) { return cx.attempt() + static_cast<std::uint32_t>(i); };
  const auto decide = [&](std::size_t i) {
    winner = i;
    decided_at = cx.now();
    for (std::size_t other = 0; other < attempts.size(); ++other) {
      if (!attempts[other].outcome) {
        log.event(cx.now(), "hedge", "hedge_cancelled", number(other));
        attempts[other].scope.cancel();
      }
    }
  };
  std::function<void()> start_due;
  const auto end = [&](std::size_t i) {
    last = i;
    --in_flight;
    const auto& o = *attempts[i].outcome;
    const auto own = o ? policy::verdict::success : policy::default_verdict(o.error());
    const auto v = winner ? policy::verdict::neutral : own;
    if (budget && i > 0) {
      attempts[i].extra.complete(v);
    } else if (budget && enrolls) {
      budget->first_ended(v);
    }
    if (winner) {
      // Of those that end at the same instant the one that started first.
      const bool counts = own == policy::verdict::success || own == policy::verdict::fatal;
      winner = counts && decided_at == cx.now() ? std::min(*winner, i) : *winner;
      return;
    }
    if (!o && o.error().is_rejection()) {
      if (in_flight == 0) {
        decide(i);
      }
    } else if (v != policy::verdict::failure) {
      decide(i);
    } else if (attempts.size() <= hedges && !over) {
      next = useful(cx.now()) ? cx.now() : no_deadline;
    }
    start_due();
  };
  const auto one = [&](std::size_t i) -> task<void> {
    auto& mine = attempts[i];
    auto own = mine.scope.with_attempt(number(i));
    auto outcome = co_await inner(own);
    mine.outcome = std::move(outcome);
    end(i);
    if (sleeper != nullptr) {
      sleeper->notify();
    }
  };
  const auto start = [&](policy::retry_budget::reservation extra) {
    const auto i = attempts.size();
    attempts.emplace_back(cx).extra = std::move(extra);
    ++in_flight;
    next = attempts.size() <= hedges && useful(cx.now() + delay) ? cx.now() + delay : no_deadline;
    if (i > 0) {
      log.event(cx.now(), "hedge", "hedge", number(i));
    }
    running.start(one(i));
  };
  start_due = [&] {
    over = over || cx.cancelled();
    while (!winner && !over && next <= cx.now() && attempts.size() <= hedges) {
      policy::retry_budget::reservation extra;
      if (budget) {
        extra = budget->reserve(cx.now(), policy::extra_attempt::hedge);
      }
      if (budget && !extra) {
        next = no_deadline;
      } else {
        start(std::move(extra));
      }
    }
  };
  start({});
  while (!winner) {
    start_due();
    if (winner) {
      break;
    }
    if (in_flight == 0 && cx.cancelled() && next != no_deadline) {
      error gone = errors::cancelled{};
      co_return tl::unexpected<error>(gone.with_cause(attempts[last].outcome->error()));
    }
    if (in_flight == 0) {
      decide(last);
      break;
    }
    cancel_scope unbound(cx.env());
    const auto until = unbound.with_deadline(over ? no_deadline : next);
    waiter w(until);
    sleeper = &w;
    (void)co_await w.wait();
    sleeper = nullptr;
  }
  co_await running.join();
  co_return std::move(*attempts[*winner].outcome);
}

struct flight {
  cancel_scope* run = nullptr;
  std::size_t parties = 0;
  std::deque<waiter*> waiting = {};
  std::optional<result<int>> outcome = {};
};
using flights = std::map<std::string, std::shared_ptr<flight>>;

inline task<result<int>> coalesce(context& cx, std::shared_ptr<flights> all, diary& log,
                                  operation inner) {
  const std::string key(cx.key());
  if (key.empty()) {
    auto outcome = co_await inner(cx);
    co_return outcome;
  }
  auto& found = (*all)[key];
  const bool first = found == nullptr;
  if (first) {
    found = std::make_shared<flight>();
  }
  const auto mine = found;
  ++mine->parties;
  if (first) {
    const auto attempt = cx.attempt();
    cx.env().background().spawn([all, mine, key, attempt, inner](context& root) -> task<void> {
      cancel_scope scope(root.env());
      mine->run = &scope;
      auto own =
          scope.with_key(key).with_attempt(attempt).with_idempotency(idempotency::idempotent);
      auto outcome = co_await inner(own);
      mine->run = nullptr;
      mine->outcome = std::move(outcome);
      if (const auto at = all->find(key); at != all->end() && at->second == mine) {
        all->erase(at);
      }
      for (auto* w : mine->waiting) {
        w->notify();
      }
    });
  } else {
    log.event(cx.now(), "coalesce", "joined", cx.attempt());
  }
  auto woken = wake::notified;
  if (!mine->outcome) {
    waiter w(cx);
    mine->waiting.push_back(&w);
    woken = co_await w.wait();
    std::erase(mine->waiting, &w);
  }
  if (--mine->parties == 0 && !mine->outcome) {
    if (const auto at = all->find(key); at != all->end() && at->second == mine) {
      all->erase(at);
    }
    mine->run->cancel();
  }
  if (woken == wake::cancelled) {
    co_return fail(errors::cancelled{});
  }
  if (woken == wake::deadline) {
    error e = errors::deadline{};
    co_return tl::unexpected<error>(e.with_sent(error_sent::unknown));
  }
  co_return *mine->outcome;
}

struct cached {
  int value = 0;
  time_point fresh_until{};
  int refresh = 0;  // the number of the run that fetches a new one
};
struct cache_state {
  duration ttl{};
  duration revalidate{};
  duration if_error{};
  std::map<std::string, cached> values = {};
  int refreshes = 0;
};

inline task<result<int>> cache(context& cx, std::shared_ptr<cache_state> state, diary& log,
                               operation inner) {
  const std::string key(cx.key());
  if (key.empty()) {
    auto outcome = co_await inner(cx);
    co_return outcome;
  }
  const auto found = state->values.find(key);
  const bool known = found != state->values.end();
  const auto old = known ? found->second : cached{};
  if (known && cx.now() < old.fresh_until) {
    log.event(cx.now(), "cache", "hit", cx.attempt());
    co_return old.value;
  }
  if (known && cx.now() < old.fresh_until + state->revalidate) {
    log.event(cx.now(), "cache", "stale", cx.attempt());
    if (old.refresh == 0) {
      const auto number = found->second.refresh = ++state->refreshes;
      const auto attempt = cx.attempt();
      cx.env().background().spawn(
          [state, key, attempt, number, inner](context& root) -> task<void> {
            cancel_scope scope(root.env());
            auto own = scope.with_key(key).with_attempt(attempt).with_timeout(30s).with_idempotency(
                idempotency::idempotent);
            auto outcome = co_await inner(own);
            auto& slot = state->values[key];
            if (slot.refresh == number) {
              slot.refresh = 0;
              if (outcome) {
                slot = {*outcome, root.now() + state->ttl};
              }
            }
          });
    }
    co_return old.value;
  }
  auto outcome = co_await inner(cx);
  if (outcome) {
    state->values[key] = {*outcome, cx.now() + state->ttl};
  } else if (known && outcome.error().kind() != error_kind::cancelled && !cx.cancelled() &&
             cx.now() < old.fresh_until + state->if_error) {
    log.event(cx.now(), "cache", "stale", cx.attempt());
    co_return old.value;
  }
  co_return outcome;
}

}  // namespace fairlead::testing::naive
