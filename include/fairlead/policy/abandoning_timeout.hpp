// SPDX-License-Identifier: BSL-1.0
// A limit on how long a call may take that is kept even when the operation does not stop.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/impl/branches.hpp>  // IWYU pragma: keep
#include <fairlead/policy/inner_run.hpp>
#include <fairlead/policy/layer.hpp>
#include <fairlead/policy/timeout.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {

/// More about a limit that leaves runs behind.
struct abandoning_options {
  /// In events and errors; "timeout" when empty. Copied.
  std::string_view name = {};
  /// What the limit is for, in errors.
  timeout_scope scope = timeout_scope::total;
  /// What becomes of an outcome that comes after the limit from a run that had to be waited for.
  late_outcome late = late_outcome::deliver;
  /// So many runs that were left behind may go on at a time; from then on calls wait for theirs, as
  /// with the other timeouts. Default 100: such a run keeps its frames and what it uses, some 10
  /// KiB with an HTTP exchange, so this is about 1 MiB; more than 100 operations that neither end
  /// nor stop are a leak that must not grow with the load.
  std::size_t max_abandoned = 100;
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const abandoning_options& options);

/// A timeout that keeps its word: the call ends at the limit, whether or not what is inside has
/// stopped by then.
///
/// *When to use*: around foreign code that cannot be cancelled, where the caller must not wait. For
/// everything that respects its context `total_timeout` and `attempt_timeout` give the same, cost
/// nothing beside the deadline, and leave nothing running.
///
/// *How it works*: what is inside runs beside the call, in the background of the environment. At
/// the limit (or at an earlier deadline of the caller) it has a few turns of the event loop to end,
/// which is enough for whatever respects its deadline. If it has not ended then, its context is
/// cancelled, the call gets its error, and the run goes on without it: what it gives later is
/// dropped. What the layers inside have given it, such as the place in a bulkhead, comes back when
/// it really ends, and they count its outcome then.
///
/// *The operation* must own what it uses: `policy::detachable`. A `stack` with any other does not
/// compile; an `any_stack` waits for it as the other timeouts do, as with `hedge_options`'
/// `loser_grace`.
///
/// *The cap*: once `max_abandoned` runs are out there, calls wait for theirs and report
/// `not_abandoned`.
///
/// *Events*: `abandoned` and `timeout` at the limit; `abandoned_ended` when the run has ended, with
/// its error; `not_abandoned`; `late` as with the other timeouts. The sink must outlive the runs.
///
/// *Errors*: `timeout` with the limit (`sent` unknown, unless the run has said more); `deadline`
/// when an outer deadline came first.
///
/// *Cancellation* of the caller cancels the run; the call ends with it, or, as `cancelled`, at the
/// limit.
///
/// *Teardown*: `run`, `runtime` and `sim::world` cancel and join what was left behind, as all of
/// `environment::background`.
///
/// A handle: copies share the count. *Thread safety*: everything may be called from any thread.
///
/// *Example*: `policy::abandoning_timeout{800ms, {.scope = timeout_scope::attempt}}`
class abandoning_timeout : public detail::time_limit {
 public:
  using limit_function = std::function<duration(const context&)>;

  /// Throws `std::invalid_argument`, which names every problem. The limit must be positive;
  /// `duration::max()` is none.
  explicit abandoning_timeout(duration limit, const abandoning_options& options = {});
  /// For limits that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<abandoning_timeout> make(duration limit,
                                                       const abandoning_options& options = {});

  /// Asks `f` for the limit of each call, in place of the one given. When it is not positive
  /// nothing is started.
  abandoning_timeout& limit_by(limit_function f) &;
  abandoning_timeout&& limit_by(limit_function f) && { return std::move(limit_by(std::move(f))); }

  /// How many runs that were left behind go on now.
  [[nodiscard]] std::size_t abandoned() const noexcept;
  [[nodiscard]] std::size_t max_abandoned() const noexcept;
  [[nodiscard]] std::string_view name() const noexcept;

  // The layer protocol; see layer.hpp.
  static constexpr bool abandons = true;
  step enter(layer_state& s, call& c) const;
  [[nodiscard]] task<void> branch(layer_state& s, call& c, inside& in) const;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  struct ward;
  class attendance;
  [[nodiscard]] task<bool> attend(call& c, inside& in, std::shared_ptr<inner_run> run) const;

  std::shared_ptr<shared> shared_;
  duration limit_;
  limit_function limit_by_;
};

}  // namespace fairlead::policy
