// SPDX-License-Identifier: BSL-1.0
// How many extra attempts the callers of a peer may make together: a handle on shared state.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/retry_budget_options.hpp>
#include <fairlead/policy/verdict.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::policy {

/// What an extra attempt is made for.
enum class extra_attempt : std::uint8_t { after_failure, after_timeout, hedge };

/// What a budget knows.
struct budget_metrics {
  /// `token_budget`, `quota_budget`: the tokens that are there. Of the others: how many more extra
  /// attempts could begin now.
  double tokens = 0;
  /// Extra attempts under way, those included that wait for their turn.
  std::uint64_t in_use = 0;
  /// `in_flight_budget`: calls in flight. `window_budget`: extra attempts made in the window.
  std::uint64_t in_flight = 0;
  std::uint64_t spent = 0;
};

/// Keeps retries and hedges from multiplying the load on a peer that is in trouble.
///
/// *When to use*: one per peer, given to every retry and hedge that calls it, of whatever stack:
/// attempts per call bound one caller, this bounds them all. First attempts are never refused.
///
/// *How it counts*: see `token_budget`, `in_flight_budget`, `window_budget`, `quota_budget`. An
/// extra attempt is reserved in one atomic step, before the wait for it; an attempt that did not
/// happen, or ended in nothing that counts (cancelled, rejected inside), gives back what it took.
///
/// *When it refuses*, the caller gets the failure it had, with `suppressed_by` = `budget`.
///
/// A handle: copies share the state.
///
/// *Thread safety*: every member may be called from any thread; no locks but a short one in the
/// window budget.
///
/// *Example*:
/// ```cpp
/// policy::retry_budget budget{policy::in_flight_budget{.ratio = 0.1}};
/// auto s = policy::stack{policy::retry{{.max_attempts = 3}}.with_budget(budget), breaker};
/// ```
class retry_budget {
 public:
  class execution;
  class reservation;

  /// Throws `std::invalid_argument`, which names every problem. `name` is for reports; copied.
  explicit retry_budget(const budget_options& options, std::string_view name = {});
  /// A `token_budget`. (No default argument: everybody would compile the variant for it.)
  retry_budget();

  retry_budget(const retry_budget& other) noexcept;
  retry_budget(retry_budget&& other) noexcept;
  retry_budget& operator=(const retry_budget& other) noexcept;
  retry_budget& operator=(retry_budget&& other) noexcept;
  ~retry_budget();

  /// The same for options that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<retry_budget> make(const budget_options& options,
                                                 std::string_view name = {});

  /// Tells that a call begins; hold the result until it has ended. Once per call, by the outermost
  /// policy that uses the budget. `now` is not used unless `needs_time`.
  [[nodiscard]] execution begin(time_point now) const noexcept;
  /// The right to one extra attempt; empty when there is none to be had.
  [[nodiscard]] reservation reserve(time_point now, extra_attempt why) const noexcept;
  /// Tells how a first attempt ended. Extra ones tell through their reservation.
  void first_ended(verdict outcome) const noexcept;

  /// Takes back one failure that was told, since the policy outside tells of the same one.
  void take_back_failure() const noexcept;

  /// True when the instants given matter.
  [[nodiscard]] bool needs_time() const noexcept;
  [[nodiscard]] budget_metrics metrics(time_point now) const noexcept;
  [[nodiscard]] std::string_view name() const noexcept;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  explicit retry_budget(std::shared_ptr<shared> s) noexcept : shared_(std::move(s)) {}
  std::shared_ptr<shared> shared_;
};

/// One call in flight. Keep a handle of its budget as long as it lives.
class retry_budget::execution {
 public:
  execution() noexcept = default;
  execution(execution&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
  execution& operator=(execution&& other) noexcept {
    execution old(std::move(*this));
    owner_ = std::exchange(other.owner_, nullptr);
    return *this;
  }
  ~execution() {
    if (owner_ != nullptr) {
      end();
    }
  }

 private:
  friend class retry_budget;
  explicit execution(shared* owner) noexcept : owner_(owner) {}
  void end() noexcept;
  shared* owner_ = nullptr;
};

/// The right to one extra attempt: hold it through the wait and the attempt. Destroyed without
/// `complete` everything is as if it had not been. Keep a handle of its budget as long as it lives.
class retry_budget::reservation {
 public:
  reservation() noexcept = default;
  reservation(reservation&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), taken_(other.taken_) {}
  reservation& operator=(reservation&& other) noexcept {
    reservation old(std::move(*this));
    owner_ = std::exchange(other.owner_, nullptr);
    taken_ = other.taken_;
    return *this;
  }
  ~reservation() { complete(verdict::neutral); }

  [[nodiscard]] explicit operator bool() const noexcept { return owner_ != nullptr; }
  /// Tells how the attempt ended; the reservation is empty after that.
  void complete(verdict outcome) noexcept {
    if (owner_ != nullptr) {
      settle(outcome);
    }
  }

 private:
  friend class retry_budget;
  reservation(shared* owner, std::int64_t taken) noexcept : owner_(owner), taken_(taken) {}
  void settle(verdict outcome) noexcept;
  shared* owner_ = nullptr;
  std::int64_t taken_ = 0;  // tokens, or a place in the window
};

}  // namespace fairlead::policy
