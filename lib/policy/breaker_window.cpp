// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/breaker_window.hpp>

#include <algorithm>

namespace fairlead::policy {

count_window::count_window(std::uint32_t size) : bad_(size) {}

void count_window::add(bool bad) noexcept {
  const bool full = totals_.calls == bad_.size();
  if (!full) {
    ++totals_.calls;
  }
  totals_.bad -= bad_[next_] ? 1 : 0;
  totals_.bad += bad ? 1 : 0;
  bad_[next_] = bad;
  next_ = next_ + 1 == bad_.size() ? 0 : next_ + 1;
}

void count_window::add_good(std::uint64_t n) noexcept {
  for (auto left = std::min<std::uint64_t>(n, bad_.size()); left != 0; --left) {
    add(false);
  }
}

void count_window::clear() noexcept {
  std::fill(bad_.begin(), bad_.end(), false);
  next_ = 0;
  totals_ = {};
}

time_window::time_window(duration length, std::uint32_t slices)
    : slices_(std::make_unique<slice[]>(slices)),  // NOLINT(modernize-avoid-c-arrays)
      size_(slices),
      width_(std::max(length / slices, duration(1))) {}

void time_window::clear() noexcept {
  std::fill_n(slices_.get(), size_, slice{});
  totals_ = {};
}

time_window::slice& time_window::newest() noexcept {
  return slices_[static_cast<std::size_t>(newest_ % size_)];
}

time_point time_window::slice_ends() const noexcept {
  const auto most = time_point::max().time_since_epoch() / width_;
  return newest_ >= most ? time_point::max() : time_point(width_ * (newest_ + 1));
}

// Makes the slice of `now` the newest one. A `now` before that of another thread counts as its.
time_window::slice& time_window::current(time_point now) noexcept {
  const auto wanted = std::max(now.time_since_epoch() / width_, newest_);
  if (wanted - newest_ >= size_) {
    clear();
    newest_ = wanted;
  }
  while (newest_ < wanted) {
    ++newest_;
    totals_.calls -= newest().calls;
    totals_.bad -= newest().bad;
    newest() = {};
  }
  return newest();
}

// Four billion calls in one slice say enough: it counts no more.
void time_window::add(bool bad, time_point now) noexcept {
  auto& s = current(now);
  if (s.calls != ~std::uint32_t{0}) {
    s.calls += 1;
    s.bad += bad ? 1 : 0;
    totals_.calls += 1;
    totals_.bad += bad ? 1 : 0;
  }
}

void time_window::add_good(std::uint64_t n) noexcept {
  auto& s = newest();
  const auto room = ~std::uint32_t{0} - s.calls;
  const auto counted = static_cast<std::uint32_t>(std::min<std::uint64_t>(n, room));
  s.calls += counted;
  totals_.calls += counted;
}

const window_totals& time_window::totals(time_point now) noexcept {
  (void)current(now);
  return totals_;
}

overdue_calls::overdue_calls(duration threshold)
    : buckets_(parts + 1),
      threshold_(threshold),
      width_(threshold / parts + duration(threshold % parts == duration::zero() ? 0 : 1)) {}

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

void overdue_calls::begin(time_point now) noexcept {
  roll(now);
  const auto bucket = bucket_of(now);
  if (bucket < first_) {
    ++overdue_;
  } else {
    ++at(bucket);
  }
}

void overdue_calls::end(time_point began) noexcept {
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
