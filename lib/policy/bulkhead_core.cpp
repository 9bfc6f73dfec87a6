// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/bulkhead_core.hpp>

namespace fairlead::policy {

waiting_line::waiting_line(const bulkhead_options& options) noexcept
    : room_(options.queue),
      order_(options.order),
      ranks_(options.ranks),
      target_(options.sojourn_target),
      overload_after_(options.overload_after) {}

waiting_line::joined waiting_line::join(place& p, criticality rank, time_point now) noexcept {
  const auto own =
      static_cast<std::uint8_t>(ranks_ == queue_ranks::equal ? criticality::critical_plus : rank);
  place* displaced = nullptr;
  if (size_ >= room_) {
    for (std::size_t r = lists_.size() - 1; r > own && displaced == nullptr; --r) {
      displaced = lists_[r].last;
    }
    if (displaced == nullptr) {
      return {};
    }
    leave(*displaced);
  }
  if (size_ == 0 && displaced == nullptr) {
    busy_since_ = now;
  }
  auto& list = lists_[own];
  p.since = now;
  p.rank = own;
  p.next = nullptr;
  p.prev = list.last;
  (list.last != nullptr ? list.last->next : list.first) = &p;
  list.last = &p;
  ++size_;
  return {true, displaced};
}

void waiting_line::leave(place& p) noexcept {
  if (!p.queued()) {
    return;
  }
  auto& list = lists_[p.rank];
  (p.prev != nullptr ? p.prev->next : list.first) = p.next;
  (p.next != nullptr ? p.next->prev : list.last) = p.prev;
  p.next = p.prev = nullptr;
  p.rank = place::not_queued;
  --size_;
}

waiting_line::popped waiting_line::pop(time_point now) noexcept {
  if (size_ == 0) {
    return {};
  }
  const bool overloaded = needs_time() && now - busy_since_ >= overload_after_;
  if (overloaded && target_ > duration::zero() && size_ > 1) {
    // The least critical first, so that the last one is the most critical.
    for (auto list = lists_.rbegin(); list != lists_.rend(); ++list) {
      if (list->first != nullptr && now - list->first->since > target_) {
        auto* stale = list->first;
        leave(*stale);
        return {stale, verb::drop};
      }
    }
  }
  for (auto& list : lists_) {
    if (list.first != nullptr) {
      auto* next = overloaded && order_ == queue_order::adaptive_lifo ? list.last : list.first;
      leave(*next);
      return {next, verb::serve};
    }
  }
  return {};
}

}  // namespace fairlead::policy
