// SPDX-License-Identifier: BSL-1.0
// The decision of a retry after each attempt, without clock, coroutine or operation.
#pragma once

#include <fairlead/core/error_kind.hpp>
#include <fairlead/policy/backoff.hpp>
#include <fairlead/policy/verdict.hpp>

#include <cstdint>
#include <optional>

namespace fairlead::policy {

/// For `retry_options::max_attempts`: go on until success, deadline or cancellation.
inline constexpr std::uint32_t unlimited = ~std::uint32_t{0};

/// When and how often a retry runs its operation again.
struct retry_options {
  /// All attempts together, the first included; 0 is invalid. (SRE book, chapter 21: three per
  /// request.)
  std::uint32_t max_attempts = 3;
  /// Full jitter from 100 ms, doubling, at most 10 s.
  backoff_options backoff = {};
  /// Rejections by inner policies (an open breaker, a full bulkhead) are not repeated: asking a
  /// closed door again is load without use. True repeats those that pass.
  bool retry_rejections = false;
  /// Never earlier than the peer asked (`error::retry_after`).
  bool honour_retry_after = true;
  /// A peer that asks for more than this is not waited for: the error is returned with its wait.
  duration retry_after_cap = std::chrono::seconds(60);
  /// Adds a uniform share of this to a peer's wait, for peers that tell everybody the same.
  duration retry_after_spread = {};
  /// No attempt is started unless this much would be left before the deadline.
  duration min_useful = {};
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const retry_options& options);

/// What is known after an attempt has ended.
struct retry_facts {
  verdict outcome = verdict::failure;
  time_point now{};
  time_point deadline = no_deadline;
  /// Whether the peer may have seen the request.
  error_sent sent = error_sent::answered;
  /// The operation may happen twice.
  bool repeatable = true;
  /// The peer answered that it did not do the work (HTTP 408, 425, 429, 503; unavailable).
  bool declined = true;
  /// The request never left, since the connection turned out to be gone: not an attempt.
  bool never_left = false;
  /// Takes the place of the backoff's wait; negative ones are ignored.
  std::optional<duration> own_delay = {};
  /// A floor for the wait; negative ones are ignored.
  std::optional<duration> retry_after = {};
  /// gRPC's pushback: wait exactly that, then begin the backoff anew; negative: do not retry.
  std::optional<duration> pushback = {};
  /// A random number in [0, 1).
  double uniform = 0;
};

/// What to do: return the outcome since rule `stop` says so, or run again after `wait`.
struct retry_decision {
  retry_stop stop = retry_stop::none;
  duration wait{};
  /// Run again at once, under the same attempt number.
  bool uncounted = false;
};

/// The state of one execution under a retry.
class retry_core {
 public:
  /// The current attempt, from 1.
  [[nodiscard]] std::uint32_t attempt() const noexcept { return attempt_; }

  /// Whether `decide` will use `retry_facts::uniform`.
  [[nodiscard]] static bool draws(const retry_options& options, const retry_facts& facts) noexcept {
    const bool told = facts.pushback || (options.honour_retry_after && facts.retry_after &&
                                         *facts.retry_after > options.retry_after_cap);
    return !told && (backoff_sequence::draws(options.backoff) ||
                     options.retry_after_spread > duration::zero());
  }

  /// Which rule forbids another attempt, whatever its wait: not a failure that may pass, not safe
  /// to repeat, attempts used up; `none` when there may be one.
  [[nodiscard]] retry_stop forbids(const retry_options& options,
                                   const retry_facts& facts) const noexcept;

  /// Whether an attempt that `facts` tell of would be sent again at once, uncounted. Not when the
  /// peer says how long to wait.
  [[nodiscard]] bool resends(const retry_facts& facts) const noexcept {
    return facts.never_left && !facts.pushback && !resent_;
  }

  /// Decides, and counts the next attempt when there is to be one. After what `forbids` says: the
  /// peer asks for too long a wait, the deadline would pass first.
  [[nodiscard]] retry_decision decide(const retry_options& options,
                                      const retry_facts& facts) noexcept;

 private:
  std::uint32_t attempt_ = 1;
  bool resent_ = false;  // the one uncounted time
  backoff_sequence backoff_;
};

}  // namespace fairlead::policy
