// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/breaker_window.hpp>

#include <algorithm>

namespace fairlead::policy {

namespace {

constexpr std::uint8_t used = 1;
constexpr std::uint8_t failed = 2;
constexpr std::uint8_t slow_bit = 4;

std::uint64_t bit(std::uint8_t outcome, std::uint8_t mask) noexcept {
  return (outcome & mask) != 0 ? 1 : 0;
}

}  // namespace

void count_window::add(bool failure, bool slow) noexcept {
  auto& place = outcomes_[next_];
  totals_.calls -= bit(place, used);
  totals_.failures -= bit(place, failed);
  totals_.slow -= bit(place, slow_bit);
  place = static_cast<std::uint8_t>(used | (failure ? failed : 0) | (slow ? slow_bit : 0));
  totals_.calls += 1;
  totals_.failures += bit(place, failed);
  totals_.slow += bit(place, slow_bit);
  next_ = next_ + 1 == outcomes_.size() ? 0 : next_ + 1;
}

void count_window::clear() noexcept {
  std::fill(outcomes_.begin(), outcomes_.end(), std::uint8_t{0});
  next_ = 0;
  totals_ = {};
}

time_window::time_window(duration length, std::uint32_t slices)
    : slices_(slices), width_(std::max(length / slices, duration(1))) {}

void time_window::clear() noexcept {
  std::fill(slices_.begin(), slices_.end(), slice{});
  totals_ = {};
}

// Makes the slice of `now` the newest one. A `now` before that of another thread counts as its.
time_window::slice& time_window::current(time_point now) noexcept {
  const auto size = static_cast<std::int64_t>(slices_.size());
  const auto wanted = std::max(now.time_since_epoch() / width_, newest_);
  if (wanted - newest_ >= size) {
    std::fill(slices_.begin(), slices_.end(), slice{});
    totals_ = {};
    newest_ = wanted;
  }
  while (newest_ < wanted) {
    ++newest_;
    auto& old = slices_[static_cast<std::size_t>(newest_ % size)];
    totals_.calls -= old.calls;
    totals_.failures -= old.failures;
    totals_.slow -= old.slow;
    old = {};
  }
  return slices_[static_cast<std::size_t>(newest_ % size)];
}

void time_window::add(bool failure, bool slow, time_point now) noexcept {
  auto& s = current(now);
  if (s.calls == ~std::uint32_t{0}) {
    return;  // four billion calls in one slice say enough
  }
  s.calls += 1;
  s.failures += failure ? 1 : 0;
  s.slow += slow ? 1 : 0;
  totals_.calls += 1;
  totals_.failures += failure ? 1 : 0;
  totals_.slow += slow ? 1 : 0;
}

const window_totals& time_window::totals(time_point now) noexcept {
  (void)current(now);
  return totals_;
}

overdue_calls::overdue_calls(duration threshold)
    : buckets_(parts + 2),
      threshold_(threshold),
      width_(std::max((threshold + duration(parts - 1)) / parts, duration(1))) {}

void overdue_calls::clear() noexcept {
  std::fill(buckets_.begin(), buckets_.end(), 0U);
  overdue_ = 0;
}

std::int64_t overdue_calls::bucket_of(time_point at) const noexcept {
  return at.time_since_epoch() / width_;
}

std::uint32_t& overdue_calls::at(std::int64_t bucket) noexcept {
  return buckets_[static_cast<std::size_t>(bucket % static_cast<std::int64_t>(buckets_.size()))];
}

// A bucket is overdue once its last instant is `threshold` ago.
void overdue_calls::roll(time_point now) noexcept {
  const auto limit = bucket_of(now - threshold_);
  if (limit <= first_) {
    return;
  }
  const auto last = std::min(limit, first_ + static_cast<std::int64_t>(buckets_.size()));
  for (auto b = first_; b < last; ++b) {
    overdue_ += at(b);
    at(b) = 0;
  }
  first_ = limit;
}

void overdue_calls::begin(time_point began, time_point now) noexcept {
  roll(std::max(began, now));
  const auto bucket = bucket_of(began);
  if (bucket < first_) {
    ++overdue_;
  } else {
    ++at(bucket);
  }
}

void overdue_calls::end(time_point began, time_point now) noexcept {
  roll(std::max(began, now));
  const auto bucket = bucket_of(began);
  if (bucket < first_) {
    --overdue_;
  } else {
    --at(bucket);
  }
}

std::uint64_t overdue_calls::count(time_point now) noexcept {
  roll(now);
  return overdue_;
}

}  // namespace fairlead::policy
