// SPDX-License-Identifier: BSL-1.0
#include "detail/resolver_cache.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::net::detail {

std::string canonical_name(std::string_view host) {
  if (host.ends_with('.')) {
    host.remove_suffix(1);
  }
  return asked_name(host);
}

std::string asked_name(std::string_view host) {
  std::string out(host);
  for (char& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

resolved resolver_cache::remaining(const entry& e, time_point now) {
  return resolved(e.addresses->addresses, std::max(duration::zero(), e.fresh_until - now));
}

std::optional<result<resolved>> resolver_cache::find(const std::string& name, time_point now) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  const entry& e = *found->second;
  if (now >= e.ask_after) {
    return std::nullopt;
  }
  if (e.addresses && now < e.fresh_until) {
    return remaining(e, now);
  }
  if (e.addresses && now < e.usable_until) {
    ++stale_;
    return remaining(e, now);
  }
  if (e.failure) {
    return fail(*e.failure);
  }
  return std::nullopt;
}

duration resolver_cache::lives(const resolved& answer) const noexcept {
  if (!answer.ttl) {
    return options_.usual_ttl;
  }
  return std::clamp(*answer.ttl, options_.least_ttl, options_.most_ttl);
}

result<resolved> resolver_cache::answered(const std::string& name, result<resolved> answer,
                                          time_point now) {
  if (answer) {
    const auto ttl = lives(*answer);
    if (ttl <= duration::zero()) {
      forget(name);
      return answer;
    }
    auto& e = place_for(name);
    e.addresses = std::move(*answer);
    e.failure.reset();
    e.fresh_until = saturating_add(now, ttl);
    e.ask_after = e.fresh_until;
    e.usable_until = saturating_add(e.fresh_until, options_.stale_ttl);
    return remaining(e, now);
  }
  if (!answer.error().is<errors::dns_failure>()) {
    return answer;  // of the one who asked, not of the name
  }
  const auto known = by_name_.find(name);
  const bool usable =
      known != by_name_.end() && known->second->addresses && now < known->second->usable_until;
  if (!usable && options_.failure_ttl <= duration::zero()) {
    forget(name);
    return answer;
  }
  auto& e = place_for(name);
  e.failure = answer.error();
  e.ask_after = saturating_add(now, options_.failure_ttl);
  if (usable) {
    ++stale_;
    return remaining(e, now);
  }
  e.addresses.reset();
  return answer;
}

auto resolver_cache::place_for(const std::string& name) -> entry& {
  const auto known = by_name_.find(name);
  if (known != by_name_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return entries_.front();
  }
  if (entries_.size() >= options_.max_entries) {
    by_name_.erase(entries_.back().name);
    entries_.pop_back();
  }
  entry fresh;
  fresh.name = name;
  entries_.push_front(std::move(fresh));
  by_name_.emplace(entries_.front().name, entries_.begin());
  return entries_.front();
}

void resolver_cache::forget(const std::string& name) {
  const auto known = by_name_.find(name);
  if (known != by_name_.end()) {
    const auto at = known->second;
    by_name_.erase(known);
    entries_.erase(at);
  }
}

void resolver_cache::clear() noexcept {
  by_name_.clear();
  entries_.clear();
}

}  // namespace fairlead::net::detail
