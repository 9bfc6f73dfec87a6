// SPDX-License-Identifier: BSL-1.0
// How it works: a fresh value is given on the way in. One that may only stand in for a failure is
// kept by the call and used on the way out. When a value may be given while a new one is fetched,
// the first call that finds it so starts the run that replaces it.
#include <fairlead/policy/cache.hpp>

#include "detail/text.hpp"

#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace fairlead::policy {

namespace {

struct entry_key {
  std::string key;
  const void* type;
};
struct key_view {
  std::string_view key;
  const void* type;
};
struct by_key {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const noexcept {
    const std::string_view left = a.key;
    const std::string_view right = b.key;
    return left != right ? left < right : std::less<>{}(a.type, b.type);
  }
};

struct entry {
  std::shared_ptr<const void> outcome;
  verdict judged = verdict::success;
  time_point fresh_until{};
  bool negative = false;
  std::uint64_t refresh = 0;  // of the run that fetches a new value; 0 when there is none
  std::list<const entry_key*>::iterator used;
};

enum class age : std::uint8_t { fresh, revalidate, expired };

}  // namespace

std::vector<std::string> problems_of(const cache_options& o) {
  std::vector<std::string> out;
  if (o.ttl <= duration::zero()) {
    out.emplace_back("ttl is not positive");
  }
  if (o.stale_while_revalidate < duration::zero()) {
    out.emplace_back("stale_while_revalidate is negative");
  }
  if (o.stale_if_error < duration::zero()) {
    out.emplace_back("stale_if_error is negative");
  }
  if (o.negative_ttl < duration::zero()) {
    out.emplace_back("negative_ttl is negative");
  }
  if (!(o.ttl_jitter >= 0 && o.ttl_jitter <= 1)) {
    out.emplace_back("ttl_jitter is not in [0, 1]");
  }
  if (o.refresh_limit <= duration::zero()) {
    out.emplace_back("refresh_limit is not positive");
  }
  if (o.max_entries == 0) {
    out.emplace_back("max_entries is 0");
  }
  return out;
}

struct cache::shared {
  explicit shared(const cache_options& o)
      : options(o), name(o.name.empty() ? std::string_view("cache") : o.name) {
    options.name = name;
  }

  void drop(std::map<entry_key, entry, by_key>::iterator at) {
    recent.erase(at->second.used);
    entries.erase(at);
  }

  // `shorter` is the share of the ttl that is taken off.
  void store(const key_view& key, std::shared_ptr<const void> outcome, verdict judged,
             bool negative, time_point now, double shorter) {
    const auto life = negative ? options.negative_ttl : options.ttl;
    auto at = entries.find(key);
    if (at == entries.end()) {
      if (entries.size() >= options.max_entries) {
        drop(entries.find(*recent.back()));
      }
      at = entries.emplace(entry_key{std::string(key.key), key.type}, entry{}).first;
      recent.push_front(&at->first);
      at->second.used = recent.begin();
    }
    auto& e = at->second;
    e.outcome = std::move(outcome);
    e.judged = judged;
    e.negative = negative;
    e.refresh = 0;
    const auto kept =
        std::chrono::duration_cast<duration>(std::chrono::duration<double, duration::period>(
            static_cast<double>(life.count()) * shorter));
    e.fresh_until = saturating_add(now, life == duration::max() ? life : life - kept);
  }

  age age_of(const entry& e, time_point now) const {
    if (now < e.fresh_until) {
      return age::fresh;
    }
    const bool soon =
        !e.negative && now < saturating_add(e.fresh_until, options.stale_while_revalidate);
    return soon ? age::revalidate : age::expired;
  }

  double draw(call& c) const {
    return options.ttl_jitter == 0 ? 0 : options.ttl_jitter * c.caller().env().random().uniform();
  }

  cache_options options;
  std::string name;
  std::mutex mutex;
  // Guarded by the mutex.
  std::map<entry_key, entry, by_key> entries;
  std::list<const entry_key*> recent;  // the latest first
  std::uint64_t refreshes = 0;
  cache_metrics counts;
};

// A run in the background that fetches a new value.
struct cache::refresh {
  std::shared_ptr<shared> owner;
  entry_key key;
  std::uint64_t number = 0;
  double shorter = 0;

  ~refresh() {
    const std::lock_guard lock(owner->mutex);
    const auto at = owner->entries.find(key);
    if (at != owner->entries.end() && at->second.refresh == number) {
      at->second.refresh = 0;  // it came to nothing: the next call may try
    }
  }

  static void on_end(void* self, inner_run& r) noexcept {
    auto& me = *static_cast<refresh*>(self);
    if (r.thrown() || r.failure() != nullptr || r.outcome() != verdict::success) {
      return;
    }
    try {
      auto value = r.copy();
      const auto now = r.surroundings().now();
      const std::lock_guard lock(me.owner->mutex);
      const auto at = me.owner->entries.find(me.key);
      if (at != me.owner->entries.end() && at->second.refresh == me.number) {
        me.owner->store({me.key.key, me.key.type}, std::move(value), r.outcome(), false, now,
                        me.shorter);
      }
    } catch (...) {  // the old value stays
    }
  }
};

cache::cache(const cache_options& options) {
  detail::throw_if_any("cache", options.name, problems_of(options));
  shared_ = std::make_shared<shared>(options);
}

result<cache> cache::make(const cache_options& options) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fairlead::fail(errors::invalid_argument{"cache", detail::joined(problems)});
  }
  return cache(options);
}

void cache::forget(std::string_view key) const {
  auto& s = *shared_;
  const std::lock_guard lock(s.mutex);
  auto at = s.entries.lower_bound(key_view{key, nullptr});
  while (at != s.entries.end() && at->first.key == key) {
    s.drop(at++);
  }
}

void cache::clear() const {
  const std::lock_guard lock(shared_->mutex);
  shared_->recent.clear();
  shared_->entries.clear();
}

cache_metrics cache::metrics() const {
  const std::lock_guard lock(shared_->mutex);
  auto out = shared_->counts;
  out.entries = shared_->entries.size();
  return out;
}

step cache::enter(layer_state& s, call& c) const {
  s.old.reset();
  const auto key = c.caller().key();
  if (key.empty()) {
    return step::inward;
  }
  auto& own = *shared_;
  std::shared_ptr<const void> found;
  {
    const std::lock_guard lock(own.mutex);
    const auto at = own.entries.find(key_view{key, c.type().id});
    if (at == own.entries.end()) {
      ++own.counts.misses;
      return step::inward;
    }
    auto& e = at->second;
    own.recent.splice(own.recent.begin(), own.recent, e.used);
    s.judged = e.judged;
    switch (own.age_of(e, c.now())) {
      case age::fresh:
        ++own.counts.hits;
        found = e.outcome;
        break;
      case age::revalidate:
      case age::expired:
        if (!e.negative) {
          s.old = e.outcome;
          s.old_until = saturating_add(e.fresh_until, own.options.stale_if_error);
        }
        if (own.age_of(e, c.now()) == age::revalidate) {
          return step::branch;
        }
        ++own.counts.misses;
        return step::inward;
    }
  }
  c.type().assign(c, found.get());
  c.judge(s.judged);
  c.report({.policy = observe::policy_kind::cache,
            .action = observe::policy_action::hit,
            .name = own.name,
            .attempt = c.attempt()});
  return step::outward;
}

step cache::leave(layer_state& s, call& c) const {
  const auto key = c.caller().key();
  if (key.empty()) {
    return step::outward;
  }
  auto& own = *shared_;
  const auto* e = c.failure();
  const bool counts = c.outcome() == verdict::success;
  if (e != nullptr && !counts && e->kind() != error_kind::cancelled && !c.cancelled() && s.old &&
      c.now() < s.old_until) {
    c.report({.policy = observe::policy_kind::cache,
              .action = observe::policy_action::stale,
              .name = own.name,
              .attempt = c.attempt(),
              .cause = e});
    c.type().assign(c, s.old.get());
    c.judge(s.judged);
    const std::lock_guard lock(own.mutex);
    ++own.counts.stale;
    return step::outward;
  }
  if (!counts || (e != nullptr && own.options.negative_ttl == duration::zero())) {
    return step::outward;
  }
  auto value = c.type().copy(c);
  const auto shorter = own.draw(c);
  const std::lock_guard lock(own.mutex);
  own.store({key, c.type().id}, std::move(value), c.outcome(), e != nullptr, c.now(), shorter);
  return step::outward;
}

task<void> cache::branch(layer_state& s, call& c, inside& in) const {
  auto& own = *shared_;
  const auto key = c.caller().key();
  if (!in.detachable()) {
    {
      const std::lock_guard lock(own.mutex);
      ++own.counts.misses;
    }
    auto run = in.prepare(c);
    co_await in.run(run);
    if (run->thrown()) {
      std::rethrow_exception(run->thrown());
    }
    run->give_to(c);
    static_cast<void>(leave(s, c));
    co_return;
  }
  auto todo =
      std::make_shared<refresh>(refresh{shared_, entry_key{std::string(key), c.type().id}, 0, 0});
  {
    const std::lock_guard lock(own.mutex);
    ++own.counts.stale;
    const auto at = own.entries.find(todo->key);
    if (at != own.entries.end() && at->second.refresh == 0) {
      todo->number = at->second.refresh = ++own.refreshes;
    }
  }
  c.report({.policy = observe::policy_kind::cache,
            .action = observe::policy_action::stale,
            .name = own.name,
            .attempt = c.attempt()});
  if (todo->number != 0) {
    todo->shorter = own.draw(c);
    auto run = in.prepare(c);
    run->release();
    run->set_deadline(saturating_add(c.now(), own.options.refresh_limit));
    auto* const raw = todo.get();
    run->when_ended(&refresh::on_end, raw);
    run->keep(std::move(todo));
    in.start(std::move(run));
  }
  c.type().assign(c, s.old.get());
  c.judge(s.judged);
}

std::string cache::describe() const {
  const auto& o = shared_->options;
  std::string out = "a cache that answers for " + detail::words(o.ttl);
  if (o.stale_while_revalidate > duration::zero()) {
    out += ", for " + detail::words(o.stale_while_revalidate) + " more while it fetches anew";
  }
  if (o.stale_if_error > duration::zero()) {
    out += ", for " + detail::words(o.stale_if_error) + " more in place of a failure";
  }
  return out;
}

}  // namespace fairlead::policy
