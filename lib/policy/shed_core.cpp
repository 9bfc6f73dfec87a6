// SPDX-License-Identifier: BSL-1.0
// How it works: class and level make a rank, least important first. If a share of the calls must
// go, those go whose rank lies in that share of the last calls' ranks. The rank on the edge is
// dropped in part, one call in so many, counted and not drawn.
#include <fairlead/policy/shed_core.hpp>

#include "detail/problems.hpp"

#include <algorithm>
#include <cmath>

namespace fairlead::policy {

namespace {

constexpr std::uint32_t classes = 4;
constexpr std::uint32_t most_history = 1U << 20U;

std::uint32_t rank_of(const shed_facts& f) noexcept {
  const auto c = std::min(static_cast<std::uint32_t>(f.criticality), classes - 1);
  return (classes - 1 - c) * shed_core::levels + std::min(f.level, shed_core::levels - 1);
}

duration nanoseconds(double ns) noexcept {
  constexpr double most = 9e18;  // fits
  return duration(static_cast<duration::rep>(std::min(ns, most)));
}

}  // namespace

std::vector<std::string> problems_of(const shed_options& o) {
  detail::problem_list p;
  p.add_if(o.limit == 0, "limit is 0; it is how many calls are worked on at the same time");
  p.add_if(!(o.shed_from >= 1), "shed_from must be at least 1");
  p.add_if(!(o.shed_all >= o.shed_from) || !std::isfinite(o.shed_all),
           "shed_all must be a finite number, at least shed_from");
  p.add_if(o.history == 0, "history is 0");
  p.add_if(o.history > most_history, "history is greater than 1048576");
  return p.found;
}

shed_core::shed_core(const shed_options& o)
    : limit_(o.limit),
      from_(o.shed_from),
      all_(o.shed_all),
      predict_(o.predict),
      recent_(o.history),
      per_rank_(std::size_t{classes} * levels),
      service_(100, 10) {}

double shed_core::share(std::uint32_t in_flight) const noexcept {
  const auto load = in_flight / limit_;
  if (load >= all_) {
    return 1;
  }
  return load <= from_ ? 0 : (load - from_) / (all_ - from_);
}

duration shed_core::service() const noexcept {
  return nanoseconds(service_.value());
}

duration shed_core::expected_wait(std::uint32_t in_flight) const noexcept {
  if (in_flight < limit_) {
    return duration::zero();
  }
  return nanoseconds((in_flight - limit_ + 1) / limit_ * service_.value());
}

void shed_core::succeeded(duration latency, std::uint32_t in_flight) noexcept {
  if (latency <= duration::zero()) {
    return;
  }
  // What came in to a full house waited most of its time.
  const auto worked = std::min(1.0, limit_ / (in_flight + 1.0));
  service_.add(static_cast<double>(latency.count()) * worked);
}

void shed_core::remember(std::uint32_t rank) noexcept {
  auto& place = recent_[next_];
  if (known_ == recent_.size()) {
    --per_rank_[place];
  } else {
    ++known_;
  }
  place = static_cast<std::uint16_t>(rank);
  ++per_rank_[rank];
  next_ = next_ + 1 == recent_.size() ? 0 : next_ + 1;
}

bool shed_core::among_the_least(std::uint32_t rank, double share) noexcept {
  if (share >= 1) {
    return true;
  }
  if (share <= 0) {
    return false;
  }
  std::uint64_t below = 0;
  for (std::uint32_t r = 0; r < rank; ++r) {
    below += per_rank_[r];
  }
  const auto to_drop = share * static_cast<double>(known_) - static_cast<double>(below);
  const auto here = static_cast<double>(per_rank_[rank]);
  if (to_drop <= 0) {
    return false;
  }
  if (to_drop >= here) {
    return true;
  }
  carry_ += to_drop / here;
  if (carry_ < 1) {
    return false;
  }
  carry_ -= 1;
  return true;
}

shed_reason shed_core::decide(const shed_facts& f) noexcept {
  const auto rank = rank_of(f);
  remember(rank);
  if (among_the_least(rank, share(f.in_flight))) {
    return shed_reason::load;
  }
  // A free place is always given: otherwise one bad guess would last for ever.
  if (predict_ && f.in_flight >= limit_ && f.deadline != no_deadline &&
      saturating_add(saturating_add(f.now, expected_wait(f.in_flight)), service()) > f.deadline) {
    return shed_reason::late;
  }
  return shed_reason::none;
}

}  // namespace fairlead::policy
