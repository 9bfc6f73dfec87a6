// SPDX-License-Identifier: BSL-1.0
#include "pool_core.hpp"

#include <algorithm>

namespace fairlead::http::detail {

namespace {
// Origins without connections are remembered up to here, so that a steady client allocates nothing.
constexpr std::size_t remembered_origins = 64;
}  // namespace

pool_core::origin& pool_core::find(std::string_view key) {
  const auto found = origins_.find(key);
  if (found != origins_.end()) {
    return found->second;
  }
  if (origins_.size() >= remembered_origins) {
    std::erase_if(origins_, [](const auto& entry) {
      return entry.second.places == 0 && entry.second.waiters == 0;
    });
  }
  return origins_[std::string(key)];
}

pool_core::connection_id pool_core::take_place(origin& o) {
  connection_id id = 0;
  if (free_.empty()) {
    id = static_cast<connection_id>(slots_.size());
    slots_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  slots_[id] = slot{&o, false, {}, {}};
  ++o.places;
  ++open_;
  return id;
}

pool_core::connection_id pool_core::take_idle(origin& o) noexcept {
  const auto id = o.idle.back();
  o.idle.pop_back();
  slots_[id].idle = false;
  --idle_;
  return id;
}

void pool_core::leave_idle(connection_id id) noexcept {
  auto& s = slots_[id];
  if (s.idle) {
    std::erase(s.at->idle, id);
    s.idle = false;
    --idle_;
  }
}

pool_core::connection_id pool_core::oldest_idle() const noexcept {
  connection_id best = no_connection;
  for (connection_id id = 0; id < slots_.size(); ++id) {
    const auto& s = slots_[id];
    if (s.at != nullptr && s.idle && (best == no_connection || s.since < slots_[best].since)) {
      best = id;
    }
  }
  return best;
}

// Whether a connection for `o` can be opened, be it in the place of an idle one.
bool pool_core::may_open(const origin& o) const noexcept {
  if (o.places >= limits_.per_origin) {
    return !o.idle.empty();
  }
  return open_ < limits_.total || idle_ > 0;
}

void pool_core::open_for(ticket& t) {
  auto& o = *t.at_;
  t.evict_ = no_connection;
  if (o.places >= limits_.per_origin) {
    t.evict_ = o.idle.front();
  } else if (open_ >= limits_.total) {
    t.evict_ = oldest_idle();
  }
  if (t.evict_ != no_connection) {
    auto& victim = slots_[t.evict_];
    auto& from = *victim.at;
    leave_idle(t.evict_);
    --from.places;
    --open_;
    victim.at = nullptr;
    // The owner still holds the victim under its id: that id is free only after the new one was
    // taken.
    t.id_ = take_place(o);
    free_.push_back(t.evict_);
  } else {
    t.id_ = take_place(o);
  }
  t.what_ = verdict::open;
}

void pool_core::acquire(ticket& t, std::string_view key, wish w) {
  auto& o = find(key);
  t.at_ = &o;
  t.wish_ = w;
  t.evict_ = no_connection;
  t.id_ = no_connection;
  if (w == wish::any && !o.idle.empty()) {
    t.what_ = verdict::reuse;
    t.id_ = take_idle(o);
    return;
  }
  if (may_open(o)) {
    open_for(t);
    return;
  }
  if (waiting_ >= limits_.waiters) {
    t.what_ = verdict::refuse;
    return;
  }
  t.what_ = verdict::wait;
  t.prev_ = last_;
  t.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &t;
  last_ = &t;
  ++o.waiters;
  ++waiting_;
}

void pool_core::unlink(ticket& t) noexcept {
  (t.prev_ != nullptr ? t.prev_->next_ : first_) = t.next_;
  (t.next_ != nullptr ? t.next_->prev_ : last_) = t.prev_;
  t.next_ = nullptr;
  t.prev_ = nullptr;
  --t.at_->waiters;
  --waiting_;
}

void pool_core::abandon(ticket& t) noexcept {
  if (t.what_ == verdict::wait) {
    unlink(t);
    t.what_ = verdict::refuse;
  }
}

// Grants the first ticket in line that can be served now.
pool_core::ticket* pool_core::serve_next() {
  for (auto* t = first_; t != nullptr; t = t->next_) {
    auto& o = *t->at_;
    if (t->wish_ == wish::any && !o.idle.empty()) {
      unlink(*t);
      t->what_ = verdict::reuse;
      t->id_ = take_idle(o);
      return t;
    }
    if (may_open(o)) {
      unlink(*t);
      open_for(*t);
      return t;
    }
  }
  return nullptr;
}

pool_core::handover pool_core::give_back(connection_id id, time_point now) {
  auto& s = slots_[id];
  if (limits_.idle <= duration::zero() || saturating_add(s.opened, limits_.life) <= now) {
    return forget(id);
  }
  s.idle = true;
  s.since = now;
  s.at->idle.push_back(id);
  ++idle_;
  return {false, serve_next()};
}

pool_core::handover pool_core::forget(connection_id id) {
  leave_idle(id);
  auto& o = *slots_[id].at;
  slots_[id].at = nullptr;
  free_.push_back(id);
  --o.places;
  --open_;
  return {true, serve_next()};
}

// When an idle connection is closed.
time_point pool_core::end_of(const slot& s) const noexcept {
  return std::min(saturating_add(s.since, limits_.idle), saturating_add(s.opened, limits_.life));
}

std::vector<pool_core::connection_id> pool_core::expired(time_point now) const {
  std::vector<connection_id> out;
  for (connection_id id = 0; id < slots_.size(); ++id) {
    const auto& s = slots_[id];
    if (s.at != nullptr && s.idle && end_of(s) <= now) {
      out.push_back(id);
    }
  }
  return out;
}

std::vector<pool_core::connection_id> pool_core::idle_ones() const {
  std::vector<connection_id> out;
  for (connection_id id = 0; id < slots_.size(); ++id) {
    if (slots_[id].at != nullptr && slots_[id].idle) {
      out.push_back(id);
    }
  }
  return out;
}

time_point pool_core::next_expiry() const noexcept {
  auto next = no_deadline;
  for (const auto& s : slots_) {
    if (s.at != nullptr && s.idle) {
      next = std::min(next, end_of(s));
    }
  }
  return next;
}

std::size_t pool_core::places_of(std::string_view key) const noexcept {
  const auto found = origins_.find(key);
  return found == origins_.end() ? 0 : found->second.places;
}

std::size_t pool_core::room_for(std::string_view key) const noexcept {
  return std::min(limits_.per_origin - places_of(key), limits_.total - open_);
}

}  // namespace fairlead::http::detail
