// SPDX-License-Identifier: BSL-1.0
// The seam through which all of fairlead draws random numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fairlead {

/// A small, fast, seedable generator (SplitMix64, Steele et al., OOPSLA 2014). Not for secrets.
///
/// Every `environment` owns one, so a simulation with a seed draws the same numbers in every run.
/// Satisfies `std::uniform_random_bit_generator`.
///
/// *Thread safety*: none; it belongs to the thread of its environment.
class random_source {
 public:
  using result_type = std::uint64_t;

  explicit random_source(std::uint64_t seed) noexcept : state_(seed) {}

  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return ~result_type{0}; }

  /// The next 64 bits.
  result_type operator()() noexcept {
    if (!script_.empty()) {
      return static_cast<result_type>(uniform() * 0x1.0p64);
    }
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }

  /// A number in [0, 1), with 53 bits of randomness.
  double uniform() noexcept {
    if (!script_.empty()) {
      const double next = script_[at_];
      at_ = at_ + 1 == script_.size() ? 0 : at_ + 1;
      return next;
    }
    return static_cast<double>((*this)() >> 11U) * 0x1.0p-53;
  }

  /// An integer in [0, bound); 0 when `bound` is 0. Unbiased to within 2^-64 times `bound`.
  std::uint64_t below(std::uint64_t bound) noexcept {
    return static_cast<std::uint64_t>((static_cast<wide>((*this)()) * bound) >> 64U);
  }

  /// From now on `uniform` gives these numbers in turn, over and over, and everything else is made
  /// of them: for tests of what a certain number leads to. They must lie in [0, 1) and outlive the
  /// generator; none ends it.
  void replay(std::span<const double> numbers) noexcept {
    script_ = numbers;
    at_ = 0;
  }

 private:
  __extension__ using wide = unsigned __int128;
  std::uint64_t state_;
  std::span<const double> script_;
  std::size_t at_ = 0;
};

}  // namespace fairlead
