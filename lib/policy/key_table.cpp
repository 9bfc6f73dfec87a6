// SPDX-License-Identifier: BSL-1.0
// How it works: a list in the order of use, and a hash table of where in it a key is. What cannot
// be forgotten when its turn comes goes back to the front, so that nobody looks at it again soon; a
// call looks at a bounded number of keys.
#include <fairlead/policy/detail/key_table.hpp>
#include <fairlead/policy/keyed.hpp>

#include "detail/text.hpp"

#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace fairlead::policy {

std::vector<std::string> problems_of(const keyed_options& options) {
  std::vector<std::string> found;
  if (options.max_keys == 0) {
    found.emplace_back("max_keys is 0");
  }
  if (options.idle_ttl < duration::zero()) {
    found.emplace_back("idle_ttl is negative");
  }
  return found;
}

namespace detail {

namespace {

constexpr std::size_t looks_for_room = 256;
constexpr std::size_t looks_for_idle = 2;

}  // namespace

struct key_table::impl {
  struct entry {
    std::string key;
    std::shared_ptr<key_slot> slot;
    time_point used;
  };
  using entries = std::list<entry>;

  impl(const keyed_options& o, maker m) : options(o), make(std::move(m)) {}

  [[nodiscard]] bool idle(const entry& e, time_point now) const {
    return saturating_add(e.used, options.idle_ttl) <= now;
  }
  [[nodiscard]] static bool forgettable(const entry& e, time_point now) {
    return e.slot.use_count() == 1 && e.slot->forgettable(now);
  }

  entries::iterator forget(entries::iterator e) {
    places.erase(e->key);
    return order.erase(e);
  }

  // Forgets what is at the end of the list; what is busy goes to the front.
  bool forget_last(time_point now) {
    const auto last = std::prev(order.end());
    if (forgettable(*last, now)) {
      forget(last);
      return true;
    }
    order.splice(order.begin(), order, last);
    return false;
  }

  void forget_some_idle(time_point now) {
    for (std::size_t i = 0; i < looks_for_idle && !order.empty() && idle(order.back(), now); ++i) {
      forget_last(now);
    }
  }

  bool make_room(time_point now) {
    const auto looks = std::min(looks_for_room, order.size());
    for (std::size_t i = 0; order.size() >= options.max_keys; ++i) {
      if (i == looks) {
        return false;
      }
      forget_last(now);
    }
    return true;
  }

  std::shared_ptr<key_slot> find(std::string_view key, time_point now) {
    const std::lock_guard hold(lock);
    if (const auto known = places.find(key); known != places.end()) {
      const auto e = known->second;
      e->used = now;
      order.splice(order.begin(), order, e);
      forget_some_idle(now);
      return e->slot;
    }
    forget_some_idle(now);
    if (!make_room(now)) {
      if (options.when_full == keys_full::share && rest == nullptr) {
        rest = make();
      }
      return rest;
    }
    order.push_front({std::string(key), make(), now});
    try {
      places.emplace(order.front().key, order.begin());
    } catch (...) {
      order.pop_front();
      throw;
    }
    return order.front().slot;
  }

  const keyed_options options;
  const maker make;
  std::mutex lock;
  entries order;  // the last used first
  std::unordered_map<std::string_view, entries::iterator> places;
  std::shared_ptr<key_slot> rest;  // of the keys that found no room
};

key_table::key_table(const keyed_options& options, maker make)
    : impl_(std::make_unique<impl>(options, std::move(make))) {}

key_table::~key_table() = default;

std::shared_ptr<key_slot> key_table::find(std::string_view key, time_point now) {
  return impl_->find(key, now);
}

std::size_t key_table::forget_idle(time_point now) {
  auto& t = *impl_;
  const std::lock_guard hold(t.lock);
  const auto before = t.order.size();
  for (auto e = t.order.begin(); e != t.order.end();) {
    e = t.idle(*e, now) && impl::forgettable(*e, now) ? t.forget(e) : std::next(e);
  }
  return before - t.order.size();
}

std::size_t key_table::size() const {
  const std::lock_guard hold(impl_->lock);
  return impl_->order.size();
}

std::vector<std::string> key_table::keys() const {
  const std::lock_guard hold(impl_->lock);
  std::vector<std::string> out;
  for (const auto& e : impl_->order) {
    out.push_back(e.key);
  }
  return out;
}

void check_keyed(const keyed_options& options) {
  throw_if_any("keyed", {}, problems_of(options));
}

std::string describe_keyed(const keyed_options& options, std::string_view each) {
  std::string out = "for each key (at most " + std::to_string(options.max_keys) + ") ";
  return out.append(each);
}

}  // namespace detail

}  // namespace fairlead::policy
