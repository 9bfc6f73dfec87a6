// SPDX-License-Identifier: BSL-1.0
// The rules of the four retry budgets: pure functions from one state to the next.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/policy/sliding_counts.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fairlead::policy {

/// gRPC's retry throttling (proposal A6): a failure takes one token, a success puts back `ratio` of
/// one, and there are extra attempts while more than half of the tokens are there.
///
/// It tells whether the peer is well; it does not bound how many extra attempts run at once.
struct token_budget {
  std::uint32_t tokens = 10;  ///< at the start, and at most
  double ratio = 0.1;         ///< of a token per success; what is below a thousandth is dropped
};

/// Envoy's and failsafe's budget: at the same time no more extra attempts, those included that wait
/// for their turn, than a share of the calls in flight.
struct in_flight_budget {
  double ratio = 0.2;     ///< of the calls in flight (Envoy: 20 %)
  std::uint32_t min = 3;  ///< allowed however few calls are in flight (Envoy: 3)
};

/// Finagle's budget: in a window no more extra attempts than a share of the calls that began in it.
struct window_budget {
  double ratio = 0.2;       ///< of the calls that began in the window (Finagle: 20 %)
  std::uint32_t min = 100;  ///< per window, however few calls began (Finagle: 10 per second)
  duration window = std::chrono::seconds(10);
  std::uint32_t slices = 10;  ///< the steps in which the window moves
};

/// The retry quota of the AWS SDKs: an extra attempt costs tokens, which come back when it
/// succeeds; a call that succeeds at first adds a little.
struct quota_budget {
  std::uint32_t tokens = 500;
  std::uint32_t cost = 5;
  std::uint32_t timeout_cost = 10;  ///< of an extra attempt after a timeout
  std::uint32_t refund = 1;         ///< for a success of a first attempt
};

using budget_options = std::variant<token_budget, in_flight_budget, window_budget, quota_budget>;

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const budget_options& options);

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
