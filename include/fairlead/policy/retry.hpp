// SPDX-License-Identifier: BSL-1.0
// Runs the operation again when it failed in a way that may pass and it is safe to repeat.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/policy/layer.hpp>
#include <fairlead/policy/retry_budget.hpp>
#include <fairlead/policy/retry_core.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::policy {

/// What a hook of a retry is told.
struct retry_event {
  std::uint32_t attempt = 1;       ///< the one that failed
  duration delay{};                ///< before the next
  const error* failure = nullptr;  ///< null when a value was classified as a failure
  const context* cx = nullptr;     ///< of the call
};

/// Runs what is inside again while it fails.
///
/// *What is repeated*: failures that may pass (`default_verdict`), when repeating is safe:
/// what was not sent, always; what may have been seen by the peer, only when the operation is
/// idempotent (`context::idempotency`, else `policy::idempotent(op)`, else `error::repeatable`);
/// what was answered, when it is idempotent or the answer says that nothing was done (408, 425,
/// 429, 503, `unavailable`). A request that never left since its connection turned out to be gone
/// is sent again at once, uncounted, one time.
///
/// *How long it waits*: see `backoff_options`; never earlier than the peer asked (`retry_after`),
/// exactly as long as it said (`error::pushback`, after which the backoff begins anew; negative: no
/// further attempt), never after the last attempt, and never past the deadline: then the last
/// failure is returned at once. A wait of zero arms no timer and lets everything else run first.
///
/// *How many retries there are*: `max_attempts` bounds one call; a `retry_budget` bounds all calls
/// that share it. What it grants is held through the wait and the attempt, and comes back however
/// they end; when it refuses, the failure is returned at once.
///
/// *What it returns*: the outcome of the last attempt. An error is annotated with the number of
/// attempts and the rule that ended them (`error::suppressed_by`), and never replaced.
///
/// *Cancellation*: ends a wait at once, with `cancelled`, whose cause is the last failure.
///
/// *Thread safety*: immutable once it is in a stack, but for its budget; hooks are called by the
/// threads that run calls.
///
/// *Example*: `policy::retry{{.max_attempts = 3}}`
class retry {
 public:
  using hook = std::function<void(const retry_event&)>;
  using delay_function = std::function<std::optional<duration>(const retry_event&)>;

  /// Throws `std::invalid_argument`, which names every problem. `name` is for events; copied.
  explicit retry(const retry_options& options = {}, std::string_view name = "retry");

  retry(const retry& other);
  retry(retry&& other) noexcept;
  retry& operator=(const retry& other);
  retry& operator=(retry&& other) noexcept;
  ~retry();

  /// The same for options that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<retry> make(const retry_options& options,
                                          std::string_view name = "retry");

  /// Asks `budget` for every attempt but the first. Shares its state.
  retry& with_budget(retry_budget budget) &;
  retry&& with_budget(retry_budget budget) && { return std::move(with_budget(std::move(budget))); }
  /// Called before each wait. What it throws leaves through the stack.
  retry& on_retry(hook f) &;
  retry&& on_retry(hook f) && { return std::move(on_retry(std::move(f))); }
  /// Asked before each wait for its length, instead of the backoff; nothing or something negative
  /// leaves it to the backoff. What the peer asked for still holds.
  retry& delay_for(delay_function f) &;
  retry&& delay_for(delay_function f) && { return std::move(delay_for(std::move(f))); }

  // The layer protocol; see layer.hpp.
  static constexpr bool repeats = true;
  struct layer_state {
    retry_core core;
    duration wait{};
    std::uint32_t failed_attempt = 0;
    std::uint32_t outer_attempt = 1;
    bool maybe_sent = false;    // an attempt ended without an answer
    std::optional<error> last;  // while waiting, and of the attempt before
    retry_budget::execution enrolled;
    retry_budget::reservation extra;  // of the present attempt, when it is not the first
  };
  step enter(layer_state& s, call& c) const;
  step leave(layer_state& s, call& c) const {
    if (c.outcome() == verdict::success && c.failure() == nullptr) {
      if (budget_) {
        account(s, verdict::success);
        release(s);
      }
      c.set_attempt(s.outer_attempt);
      return step::outward;
    }
    return decide(s, c);
  }
  [[nodiscard]] task<result<void>> pause(layer_state& s, call& c) const;
  step resume(layer_state& s, call& c, const result<void>& waited) const;
  [[nodiscard]] std::string describe() const;

 private:
  step decide(layer_state& s, call& c) const;
  step stop(layer_state& s, call& c, retry_stop reason) const;
  void account(layer_state& s, verdict outcome) const noexcept;
  bool reserve(layer_state& s, call& c) const;
  static void release(layer_state& s) noexcept;
  static void remember_sent(const layer_state& s, error& e) noexcept;

  retry_options options_;
  std::string name_;
  std::shared_ptr<const retry_budget> budget_;  // often null; lighter to compile than an optional
  hook on_retry_;
  delay_function delay_for_;
};

}  // namespace fairlead::policy
