// SPDX-License-Identifier: BSL-1.0
// The circuit breaker that stacks and people hold: a handle on shared, thread-safe state.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/breaker_options.hpp>
#include <fairlead/policy/breaker_state.hpp>
#include <fairlead/policy/layer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::policy {

class breaker_fleet;

/// Stops calling a peer that fails, lets it recover, and tries it again with a few probes.
///
/// *When to use*: around calls to one peer (host, service, shard) whose failures are better known
/// at once than after a timeout. Put it inside the retry, so that each attempt is one observation,
/// and outside the attempt timeout, so that a peer that hangs counts as failing.
///
/// *How it counts*: see `breaker_options` and `default_verdict`. Cancellations, rejections by inner
/// policies and exceptions count for nothing and give the permit back. An outcome of a call that
/// began before the breaker changed state counts for nothing either.
///
/// A handle: copies share the state, and may be used in as many stacks as you like; twice in one
/// stack is refused.
///
/// *Thread safety*: every member may be called from any thread, also from listeners. While closed,
/// and without a rule for slow calls, `admit` and the completion of successes take no lock, and do
/// not slow each other down between threads; while open, neither do refusals.
///
/// *Example*:
/// ```cpp
/// policy::circuit_breaker breaker{{.name = "payments", .failure_rate = 0.5, .window = 10s}};
/// ```
class circuit_breaker {
 public:
  using options_type = breaker_options;
  class permit;

  /// What a break depends on, for those who decide its length.
  struct break_facts {
    std::uint32_t index = 0;  ///< 0 for the first break since it was closed, 1 after a failed
                              ///< recovery, and so on
    duration proposed{};      ///< what the options give
  };
  using break_function = std::function<duration(const break_facts&)>;
  using listener = std::function<void(const breaker_change&)>;

  /// Throws `std::invalid_argument`, which names every problem, when `options` cannot be used.
  explicit circuit_breaker(const breaker_options& options = {});
  /// `length_of_break` is asked, outside of any lock, whenever the breaker opens by itself.
  circuit_breaker(const breaker_options& options, break_function length_of_break);
  /// A member of `fleet`, which may keep it from opening.
  circuit_breaker(const breaker_options& options, const breaker_fleet& fleet,
                  break_function length_of_break = {});

  circuit_breaker(const circuit_breaker& other) noexcept;
  circuit_breaker(circuit_breaker&& other) noexcept;
  circuit_breaker& operator=(const circuit_breaker& other) noexcept;
  circuit_breaker& operator=(circuit_breaker&& other) noexcept;
  ~circuit_breaker();

  /// The same for options that come from outside. *Errors*: `invalid_argument`, whose reason names
  /// every problem.
  [[nodiscard]] static result<circuit_breaker> make(const breaker_options& options);
  [[nodiscard]] static result<circuit_breaker> make(const breaker_options& options,
                                                    const breaker_fleet& fleet);

  /// A permit for one call now, or the error to return instead of calling.
  ///
  /// *Errors*: `circuit_open` with the time that is left, `isolated`. Neither allocates when the
  /// name has at most 20 bytes; with a longer one only `isolated` does.
  [[nodiscard]] result<permit> admit(time_point now) const;

  /// The state that a call at `now` would find: "open" is over when its break is.
  [[nodiscard]] breaker_state state_at(time_point now) const;
  [[nodiscard]] breaker_metrics metrics(time_point now) const;
  [[nodiscard]] std::string_view name() const noexcept;

  /// True when it is closed: a new one in its place would only have to count again.
  [[nodiscard]] bool idle(time_point now) const { return state_at(now) == breaker_state::closed; }
  /// True when there is no other copy of this handle.
  [[nodiscard]] bool unshared() const noexcept { return shared_.use_count() == 1; }

  // Control by hand. Each begins a new era, so that calls in flight lose their vote. Without a time
  // the change is dated with the latest instant that the breaker has been told.
  static constexpr time_point last_told = time_point::min();
  /// Refuses every call until told otherwise.
  void isolate(time_point now = last_told) const;
  /// Lets every call through and counts nothing, until told otherwise.
  void force_closed(time_point now = last_told) const;
  /// Lets every call through and counts, until told otherwise.
  void metrics_only(time_point now = last_told) const;
  /// Closed, with nothing counted, as if new.
  void reset(time_point now = last_told) const;
  /// Refuses every call until `when`, then goes on with probes.
  void open_until(time_point when, time_point now = last_told) const;

  /// Calls `f` for every change of state, in order, exactly once, with no lock held, by the thread
  /// that brought the change about or by one that is just reporting an earlier one. A command that
  /// changes nothing is not told of; opening an open breaker for another time is. `f` may use the
  /// breaker; changes that it causes are reported after it returns. An exception that leaves `f` is
  /// dropped, since it would hit a call that has nothing to do with it. Listeners stay for the life
  /// of the breaker.
  void on_transition(listener f) const;

  // The layer protocol; see layer.hpp.
  struct layer_state;
  step enter(layer_state& s, call& c) const;
  step leave(layer_state& s, call& c) const;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  friend class permit;
  explicit circuit_breaker(std::shared_ptr<shared> s) noexcept : shared_(std::move(s)) {}
  result<permit> admit_by_core(time_point now) const;
  result<permit> admit_otherwise(time_point now) const;
  step enter_otherwise(layer_state& s, call& c) const;
  step leave_by_core(layer_state& s, call& c) const;
  step refuse(call& c, error e) const;
  void report_change(call& c, const std::optional<breaker_change>& change) const;

  std::shared_ptr<shared> shared_;
};

/// The permission to run one call. Destroyed without `complete` it counts for nothing and gives a
/// probe's place back. Keep a handle of its breaker as long as it lives.
class circuit_breaker::permit {
 public:
  permit() noexcept = default;
  permit(permit&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), ticket_(other.ticket_) {}
  permit& operator=(permit&& other) noexcept {
    permit old(std::move(*this));
    owner_ = std::exchange(other.owner_, nullptr);
    ticket_ = other.ticket_;
    return *this;
  }
  ~permit() {
    if (owner_ != nullptr) {
      give_back();
    }
  }

  /// Tells how the call ended; once. `retry_after` is what its error carried; `random` spreads the
  /// break that this may begin, when `break_jitter` is set.
  void complete(verdict outcome, time_point now, std::optional<duration> retry_after = {},
                random_source* random = nullptr);

  /// Which era gave it.
  [[nodiscard]] std::uint32_t era() const noexcept { return ticket_.era; }

 private:
  friend class circuit_breaker;
  permit(shared& owner, const breaker_ticket& ticket) noexcept : owner_(&owner), ticket_(ticket) {}
  void give_back() noexcept;
  void complete_by_core(verdict outcome, time_point now, std::optional<duration> retry_after,
                        random_source* random);

  shared* owner_ = nullptr;
  breaker_ticket ticket_;
};

struct circuit_breaker::layer_state {
  permit held;
};

static_assert(sizeof(circuit_breaker::permit) <= 24);

}  // namespace fairlead::policy
