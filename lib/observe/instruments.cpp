// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/instruments.hpp>

#include "detail/family.hpp"

#include <algorithm>
#include <atomic>
#include <bit>

namespace fairlead::observe {

namespace {

std::uint64_t ticks_of(duration took) noexcept {
  return static_cast<std::uint64_t>(std::max(took, duration::zero()).count());
}

}  // namespace

void counter::add(std::uint64_t n) noexcept {
  in_->add(detail::stripe_of(nullptr), 0, n);
}

void counter::add(std::uint64_t n, const context& cx) noexcept {
  in_->add(detail::stripe_of(&cx), 0, n);
  detail::keep_example(*in_, 0, static_cast<double>(n), &cx);
}

void gauge::set(double value) noexcept {
  in_->only().store(std::bit_cast<std::uint64_t>(value), std::memory_order_relaxed);
  in_->mark();
}

void gauge::add(double n) noexcept {
  auto& bits = in_->only();
  auto was = bits.load(std::memory_order_relaxed);
  while (!bits.compare_exchange_weak(was,
                                     std::bit_cast<std::uint64_t>(std::bit_cast<double>(was) + n),
                                     std::memory_order_relaxed)) {
  }
  in_->mark();
}

double gauge::value() const noexcept {
  return std::bit_cast<double>(in_->only().load(std::memory_order_relaxed));
}

void duration_histogram::record(duration took) noexcept {
  of_->measure(*in_, ticks_of(took), nullptr);
}

void duration_histogram::record(duration took, const context& cx) noexcept {
  of_->measure(*in_, ticks_of(took), &cx);
}

void size_histogram::record(std::uint64_t size) noexcept {
  of_->measure(*in_, size, nullptr);
}

void size_histogram::record(std::uint64_t size, const context& cx) noexcept {
  of_->measure(*in_, size, &cx);
}

counter counter_family::with(std::span<const std::string_view> values) const {
  return counter(of_->with(values));
}

gauge gauge_family::with(std::span<const std::string_view> values) const {
  return gauge(of_->with(values));
}

duration_histogram duration_family::with(std::span<const std::string_view> values) const {
  return {*of_, of_->with(values)};
}

size_histogram size_family::with(std::span<const std::string_view> values) const {
  return {*of_, of_->with(values)};
}

}  // namespace fairlead::observe
