// SPDX-License-Identifier: BSL-1.0
// How it works: an open hash table of pointers, which are published once and never taken back. A
// reader that misses a pointer just being published looks again under the lock. A table that is
// half full is followed by one of twice its size; those before are kept, for readers may be in
// them.
#include "series.hpp"

#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace fairlead::observe::detail {

namespace {

constexpr std::size_t first_table = 8;

std::size_t hash_of(label_values values) noexcept {
  std::size_t h = 0;
  for (const auto v : values) {
    h = (h ^ std::hash<std::string_view>{}(v)) * 0x9e3779b97f4a7c15U;
    h ^= h >> 32U;
  }
  return h;
}

std::vector<std::string_view> others(std::size_t labels) {
  return std::vector<std::string_view>(labels, "other");
}

}  // namespace

series::series(label_values values, std::size_t hash, series_shape shape)
    : values_(values.begin(), values.end()),
      hash_(hash),
      shape_(shape),
      lines_per_stripe_((shape.words + 7) / 8),
      lines_(std::make_unique<line[]>(shape.stripes * lines_per_stripe_)) {}

series::~series() {
  delete[] examples_.load(std::memory_order_relaxed);
}

bool series::is(label_values values, std::size_t hash) const noexcept {
  return hash == hash_ && std::equal(values.begin(), values.end(), values_.begin(), values_.end());
}

std::uint64_t series::total(std::size_t word) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t s = 0; s < shape_.stripes; ++s) {
    sum += at(s, word).load(std::memory_order_relaxed);
  }
  return sum;
}

bool series::used() const noexcept {
  for (std::size_t w = 0; w < shape_.words; ++w) {
    if (total(w) != 0) {
      return true;
    }
  }
  return false;
}

void series::keep_example(std::size_t word, const exemplar& e) noexcept {
  auto* slots = examples_.load(std::memory_order_acquire);
  if (slots == nullptr) {
    try {
      auto made = std::make_unique<example_slot[]>(shape_.words);
      if (examples_.compare_exchange_strong(slots, made.get(), std::memory_order_acq_rel)) {
        slots = made.release();
      }
    } catch (...) {
      return;
    }
  }
  auto& slot = slots[word];
  if (!slot.busy.exchange(true, std::memory_order_acquire)) {
    slot.kept = e;
    slot.busy.store(false, std::memory_order_release);
  }
}

exemplar series::example(std::size_t word) const noexcept {
  auto* const slots = examples_.load(std::memory_order_acquire);
  if (slots == nullptr) {
    return {};
  }
  auto& slot = slots[word];
  while (slot.busy.exchange(true, std::memory_order_acquire)) {
  }
  const exemplar e = slot.kept;
  slot.busy.store(false, std::memory_order_release);
  return e;
}

series_table::series_table(std::size_t max, std::size_t labels, series_shape shape)
    : max_(max), shape_(shape), other_(others(labels), 0, shape) {
  tables_.push_back(std::make_unique<table>(first_table));
  current_ = tables_.back().get();
}

series* series_table::find(label_values values, std::size_t hash) const noexcept {
  const auto& t = *current_.load(std::memory_order_acquire);
  for (std::size_t i = hash;; ++i) {
    series* const s = t.slots[i & t.mask].load(std::memory_order_acquire);
    if (s == nullptr || s->is(values, hash)) {
      return s;
    }
  }
}

series& series_table::at(label_values values) noexcept {
  std::array<std::string_view, most_labels> room;
  const auto n = std::min(values.size(), room.size());
  for (std::size_t i = 0; i < n; ++i) {
    room[i] = cut(values[i], longest_label);
  }
  const label_values wanted(room.data(), n);
  const auto hash = hash_of(wanted);
  series* s = find(wanted, hash);
  if (s == nullptr && !overflowed_.load(std::memory_order_relaxed)) {
    try {
      s = make(wanted, hash);
    } catch (...) {  // no memory: it is counted all the same
    }
  }
  return s == nullptr ? other_ : *s;
}

series* series_table::make(label_values values, std::size_t hash) {
  const std::lock_guard hold(lock_);
  if (series* const meanwhile = find(values, hash); meanwhile != nullptr) {
    return meanwhile;
  }
  if (made_.size() == max_) {
    overflowed_.store(true, std::memory_order_relaxed);
    return nullptr;
  }
  if (2 * made_.size() >= tables_.back()->mask) {
    grow();
  }
  auto one = std::make_unique<series>(values, hash, shape_);
  hashes_.reserve(made_.size() + 1);
  made_.push_back(std::move(one));
  hashes_.push_back(hash);
  put(*tables_.back(), *made_.back(), hash);
  return made_.back().get();
}

void series_table::put(table& to, series& s, std::size_t hash) noexcept {
  std::size_t i = hash & to.mask;
  while (to.slots[i].load(std::memory_order_relaxed) != nullptr) {
    i = (i + 1) & to.mask;
  }
  to.slots[i].store(&s, std::memory_order_release);
}

void series_table::grow() {
  tables_.reserve(tables_.size() + 1);
  auto larger = std::make_unique<table>(2 * (tables_.back()->mask + 1));
  for (std::size_t i = 0; i < made_.size(); ++i) {
    put(*larger, *made_[i], hashes_[i]);
  }
  current_.store(larger.get(), std::memory_order_release);
  tables_.push_back(std::move(larger));
}

std::vector<const series*> series_table::all() const {
  std::vector<const series*> out;
  const std::lock_guard hold(lock_);
  for (const auto& s : made_) {
    out.push_back(s.get());
  }
  if (other_.used()) {
    out.push_back(&other_);
  }
  return out;
}

}  // namespace fairlead::observe::detail
