// SPDX-License-Identifier: BSL-1.0
// The rules of the four retry budgets: pure functions from one state to the next.
#pragma once

#include <fairlead/policy/retry_budget_options.hpp>
#include <fairlead/policy/sliding_counts.hpp>

#include <cstdint>
#include <optional>

namespace fairlead::policy {

/// `token_budget` in thousandths of a token.
class token_rule {
 public:
  explicit token_rule(const token_budget& options) noexcept;
  [[nodiscard]] std::uint64_t full() const noexcept { return full_; }
  [[nodiscard]] std::uint64_t after_success(std::uint64_t tokens) const noexcept {
    return full_ - tokens < refill_ ? full_ : tokens + refill_;
  }
  [[nodiscard]] std::uint64_t after_failure(std::uint64_t tokens) const noexcept {
    return tokens < 1000 ? 0 : tokens - 1000;
  }
  [[nodiscard]] std::uint64_t without_failure(std::uint64_t tokens) const noexcept {
    return full_ - tokens < 1000 ? full_ : tokens + 1000;
  }
  [[nodiscard]] bool allows(std::uint64_t tokens) const noexcept { return tokens > full_ / 2; }

 private:
  std::uint64_t full_;
  std::uint64_t refill_;
};

/// `in_flight_budget` in one word: calls in flight above, extra attempts below.
class in_flight_rule {
 public:
  explicit in_flight_rule(const in_flight_budget& options) noexcept;
  static constexpr std::uint64_t call = std::uint64_t{1} << 32U;  ///< add it when one begins
  static constexpr std::uint64_t extra = 1;                       ///< take it when one ends

  [[nodiscard]] static std::uint64_t calls_in(std::uint64_t word) noexcept { return word >> 32U; }
  [[nodiscard]] static std::uint64_t extras_in(std::uint64_t word) noexcept {
    return word & 0xffffffffU;
  }
  /// How many extra attempts may be under way beside so many calls.
  [[nodiscard]] std::uint64_t allowed(std::uint64_t calls) const noexcept;
  /// The word with one more extra attempt; nothing when there may be none.
  [[nodiscard]] std::optional<std::uint64_t> reserve(std::uint64_t word) const noexcept;

 private:
  std::uint64_t millionths_;
  std::uint64_t min_;
};

/// `window_budget`.
class window_rule {
 public:
  using place = sliding_counts<2>::slice_id;
  explicit window_rule(const window_budget& options);
  void begin(time_point now) noexcept { counts_.add(calls, now); }
  /// Counts an extra attempt, and says where; nothing when there may be none.
  [[nodiscard]] std::optional<place> reserve(time_point now) noexcept;
  /// The attempt did not happen.
  void give_back(place where) noexcept { counts_.take_back(extras, where); }

  [[nodiscard]] std::uint64_t allowed(time_point now) noexcept;
  [[nodiscard]] std::uint64_t spent(time_point now) noexcept { return counts_.totals(now)[extras]; }

 private:
  static constexpr std::size_t calls = 0;
  static constexpr std::size_t extras = 1;
  std::uint64_t millionths_;
  std::uint64_t min_;
  sliding_counts<2> counts_;
};

/// `quota_budget` in whole tokens.
class quota_rule {
 public:
  explicit quota_rule(const quota_budget& options) noexcept : options_(options) {}
  [[nodiscard]] std::uint64_t full() const noexcept { return options_.tokens; }
  [[nodiscard]] std::uint32_t cost() const noexcept { return options_.cost; }
  [[nodiscard]] std::uint32_t timeout_cost() const noexcept { return options_.timeout_cost; }
  [[nodiscard]] std::uint32_t refund() const noexcept { return options_.refund; }
  [[nodiscard]] std::optional<std::uint64_t> take(std::uint64_t tokens,
                                                  std::uint32_t n) const noexcept {
    return tokens < n ? std::nullopt : std::optional<std::uint64_t>(tokens - n);
  }
  [[nodiscard]] std::uint64_t give(std::uint64_t tokens, std::uint32_t n) const noexcept {
    return full() - tokens < n ? full() : tokens + n;
  }

 private:
  quota_budget options_;
};

}  // namespace fairlead::policy
