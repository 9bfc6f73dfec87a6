// SPDX-License-Identifier: BSL-1.0
// The rate limit that stacks and people hold: a handle on shared, thread-safe state.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/policy/layer.hpp>
#include <fairlead/policy/rate_core.hpp>
#include <fairlead/policy/rate_options.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::policy {

/// What a rate limit knows at an instant.
struct rate_metrics {
  std::int64_t available = 0;  ///< whole permits; negative when so many are promised to who waits
  std::size_t waiting = 0;
  time_point paused_until{};  ///< nobody starts before; in the past when it is not paused
};

/// Lets so many calls start per period, and makes the others wait or refuses them.
///
/// *When to use*: around a peer that has a quota, or that must not be hit by bursts. Put it inside
/// the retry, so that each attempt takes a permit, and outside of breaker and bulkhead.
///
/// *How it counts*: a call takes `context::cost()` permits (1 unless set) when it starts. What it
/// ends with does not matter: the peer has seen it. The permits come back when a policy inside
/// refuses the call, so that the peer never sees it, as long as nobody else took since. A cost of 0
/// passes. A cost above `max_cost` ends in `invalid_argument` at once, since those permits would
/// never come together.
///
/// *How it waits*: a call that cannot start now is told its instant, which it gets whoever comes
/// later. It waits when that is within `max_wait` and before its deadline; otherwise it is refused
/// at once, and nothing is reserved. When one that waits leaves (cancelled, destroyed), everybody
/// behind moves up.
///
/// *Errors*: `rate_limited`, whose `retry_after` is exactly how long a call of this cost would have
/// had to wait; `cancelled` and `deadline` while waiting. Refusing allocates nothing.
///
/// A handle: copies share the state, and may be used in as many stacks as you like; twice in one
/// stack is refused.
///
/// *Thread safety*: every member may be called from any thread. While nobody waits, `gcra`,
/// `token_bucket` and `smooth` take no lock when period / permits is a whole number of nanoseconds.
///
/// *Example*:
/// ```cpp
/// policy::rate_limit quota{{.permits = 100, .period = 1s, .burst = 10, .max_wait = 500ms}};
/// ```
class rate_limit {
 public:
  using options_type = rate_limit_options;

  /// Throws `std::invalid_argument`, which names every problem, when `options` cannot be used.
  explicit rate_limit(const rate_limit_options& options);

  /// The same for options that come from outside. *Errors*: `invalid_argument`, whose reason names
  /// every problem.
  [[nodiscard]] static result<rate_limit> make(const rate_limit_options& options);

  /// Takes `cost` permits for something that starts at `now`. Never waits.
  ///
  /// *Errors*: `rate_limited`; `invalid_argument` when `cost` is greater than `max_cost`.
  [[nodiscard]] result<void> take(time_point now, std::uint32_t cost = 1) const;

  /// Takes `cx.cost()` permits, waiting for them as a call through a stack does.
  ///
  /// *Completes when* the caller may start. *Errors*: as above.
  [[nodiscard]] task<result<void>> acquire(context& cx) const;

  /// Nobody starts before `when`, neither those who wait nor those who come. Those who cannot wait
  /// so long are refused. An earlier pause never ends a later one.
  void pause_until(time_point when) const;

  [[nodiscard]] rate_metrics metrics(time_point now) const;
  [[nodiscard]] std::string_view name() const noexcept;
  /// The most that one call may cost; 0: no bound.
  [[nodiscard]] std::uint32_t max_cost() const noexcept;

  /// True when nothing would change if it were replaced by a new one at `now`.
  [[nodiscard]] bool idle(time_point now) const;
  /// True when there is no other copy of this handle.
  [[nodiscard]] bool unshared() const noexcept { return shared_.use_count() == 1; }

  // The layer protocol; see layer.hpp.
  struct layer_state;
  step enter(layer_state& s, call& c) const;
  step leave(layer_state& s, call& c) const;
  task<result<void>> pause(layer_state& s, call& c) const;
  step resume(layer_state& s, call& c, const result<void>& waited) const;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  struct place;
  struct bell;
  explicit rate_limit(std::shared_ptr<shared> s) noexcept : shared_(std::move(s)) {}
  static task<result<void>> wait_turn(shared& s, place& mine, context& cx);
  step refuse(call& c, error e) const;
  void after_failure(layer_state& s, call& c, const error& e) const;

  std::shared_ptr<shared> shared_;
};

/// Where one call stands in the queue of a rate limit. Leaves it when destroyed.
struct rate_limit::place {
  place() = default;
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() {
    if (owner != nullptr) {
      abandon();
    }
  }
  void abandon() noexcept;

  // All guarded by the owner's lock, but `ticket` and what is null outside of the queue.
  rate_ticket ticket;  // what the call holds, once it has started
  shared* owner = nullptr;
  clock* time = nullptr;
  place* next = nullptr;
  place* prev = nullptr;
  std::uint32_t cost = 0;
  time_point from{};        // since when it counts as waiting
  time_point not_before{};  // it and those behind count as waiting since then at the earliest
  time_point due{};
  time_point latest{};  // what it is ready to wait for
  bell* sleeper = nullptr;
};

struct rate_limit::layer_state {
  place mine;
};

}  // namespace fairlead::policy
