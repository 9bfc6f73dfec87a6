// SPDX-License-Identifier: BSL-1.0
// How it works: an open hash table of pointers, which are published once and never taken back. A
// reader that misses a pointer just being published looks again under the lock.
#include "series.hpp"

#include <bit>
#include <functional>

namespace fairlead::observe::detail {

namespace {

std::size_t hash_of(const label_values& values) noexcept {
  std::size_t h = 0;
  for (const auto v : values) {
    h = (h ^ std::hash<std::string_view>{}(v)) * 0x9e3779b97f4a7c15U;
    h ^= h >> 32U;
  }
  return h;
}

label_values others() noexcept {
  label_values all;
  all.fill("other");
  return all;
}

}  // namespace

series::series(const label_values& values, std::size_t hash, std::size_t words)
    : hash_(hash),
      lines_per_stripe_((words + 7) / 8),
      lines_(std::make_unique<line[]>(stripes * lines_per_stripe_)) {
  for (std::size_t i = 0; i < most_labels; ++i) {
    values_[i] = values[i];
  }
}

bool series::is(const label_values& values, std::size_t hash) const noexcept {
  if (hash != hash_) {
    return false;
  }
  for (std::size_t i = 0; i < most_labels; ++i) {
    if (values[i] != values_[i]) {
      return false;
    }
  }
  return true;
}

std::uint64_t series::total(std::size_t word) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t s = 0; s < stripes; ++s) {
    sum += lines_[s * lines_per_stripe_ + word / 8].words[word % 8].load(std::memory_order_relaxed);
  }
  return sum;
}

series_table::series_table(std::size_t max, std::size_t words)
    : max_(max),
      words_(words),
      mask_(std::bit_ceil(2 * max) - 1),
      slots_(std::make_unique<std::atomic<series*>[]>(mask_ + 1)),
      other_(others(), 0, words) {}

series* series_table::find(const label_values& values, std::size_t hash) const noexcept {
  for (std::size_t i = hash;; ++i) {
    series* const s = slots_[i & mask_].load(std::memory_order_acquire);
    if (s == nullptr || s->is(values, hash)) {
      return s;
    }
  }
}

series& series_table::at(label_values values) noexcept {
  for (auto& v : values) {
    v = v.substr(0, longest_label);
  }
  const auto hash = hash_of(values);
  series* s = find(values, hash);
  if (s == nullptr && !overflowed_.load(std::memory_order_relaxed)) {
    try {
      s = make(values, hash);
    } catch (...) {  // no memory: it is counted all the same
    }
  }
  return s == nullptr ? other_ : *s;
}

series* series_table::make(const label_values& values, std::size_t hash) {
  const std::lock_guard hold(lock_);
  if (series* const meanwhile = find(values, hash); meanwhile != nullptr) {
    return meanwhile;
  }
  if (made_.size() == max_) {
    overflowed_.store(true, std::memory_order_relaxed);
    return nullptr;
  }
  auto& one = *made_.emplace_back(std::make_unique<series>(values, hash, words_));
  std::size_t i = hash & mask_;
  while (slots_[i].load(std::memory_order_relaxed) != nullptr) {
    i = (i + 1) & mask_;
  }
  slots_[i].store(&one, std::memory_order_release);
  return &one;
}

std::vector<const series*> series_table::all() const {
  std::vector<const series*> out;
  const std::lock_guard hold(lock_);
  for (const auto& s : made_) {
    out.push_back(s.get());
  }
  bool used = false;
  for (std::size_t w = 0; w < words_; ++w) {
    used = used || other_.total(w) != 0;
  }
  if (used) {
    out.push_back(&other_);
  }
  return out;
}

}  // namespace fairlead::observe::detail
