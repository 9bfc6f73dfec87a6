// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/latency_quantile.hpp>

#include <algorithm>
#include <cmath>

namespace fairlead::policy {

namespace {
constexpr std::uint32_t refresh_every = 16;
}  // namespace

latency_quantile::latency_quantile(double q, std::uint32_t min_samples, duration max_age)
    : q_(q), min_samples_(min_samples), max_age_(max_age), ring_(capacity) {
  sorted_.reserve(capacity);
}

void latency_quantile::record(duration latency, time_point now) {
  forget_old(now);
  if (size_ == capacity) {
    first_ = (first_ + 1) % capacity;
    --size_;
  }
  ring_[(first_ + size_) % capacity] = {now, latency};
  ++size_;
  if (size_ <= min_samples_ || ++unseen_ >= refresh_every) {
    known_.reset();
  }
}

void latency_quantile::forget_old(time_point now) {
  while (size_ > 0 && now - ring_[first_].when > max_age_) {
    first_ = (first_ + 1) % capacity;
    --size_;
    known_.reset();
  }
}

std::size_t latency_quantile::samples(time_point now) {
  forget_old(now);
  return size_;
}

std::optional<duration> latency_quantile::at(time_point now) {
  forget_old(now);
  if (size_ == 0 || size_ < min_samples_) {
    return std::nullopt;
  }
  if (!known_) {
    sorted_.clear();
    for (std::size_t i = 0; i < size_; ++i) {
      sorted_.push_back(ring_[(first_ + i) % capacity].latency);
    }
    // The smallest latency that at least a share `q` of the samples does not exceed.
    const auto rank = static_cast<std::size_t>(std::ceil(q_ * static_cast<double>(size_)));
    const auto nth =
        sorted_.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1)) - 1;
    std::nth_element(sorted_.begin(), nth, sorted_.end());
    known_ = *nth;
    unseen_ = 0;
  }
  return known_;
}

}  // namespace fairlead::policy
