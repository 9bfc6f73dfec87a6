// SPDX-License-Identifier: BSL-1.0
// What resilience policies tell about themselves, and the seam through which they tell it.
#pragma once

#include <fairlead/core/error.hpp>
#include <fairlead/core/time.hpp>

#include <cstdint>
#include <string_view>

namespace fairlead {
class context;
}  // namespace fairlead

namespace fairlead::observe {

/// The family of the policy that speaks. Closed, so that reports can be exhaustive.
enum class policy_kind : std::uint8_t {
  timeout,
  retry,
  circuit_breaker,
  fallback,
  bulkhead,
  rate_limit,
  hedge,
  coalesce,
  cache,
  adaptive_limit,
  throttle,
  shed,
  chaos,
};

/// What happened.
enum class policy_action : std::uint8_t {
  retry,            ///< another attempt follows after `delay`
  gave_up,          ///< a retry returns the failure of its last attempt; `cause` says which rule
  rejected,         ///< the policy refused the call
  timeout,          ///< a limit ran out
  late,             ///< an outcome came after the limit; delivered, unless `timeout` follows
  fallback,         ///< the fallback takes over from `cause`
  state,            ///< a stateful policy went `from` one state `to` another
  hedge,            ///< a further attempt starts beside the others
  hedge_cancelled,  ///< an attempt that lost was cancelled
  hit,              ///< a cache answered
  stale,            ///< a cache answered with something old
  joined,           ///< the call joined one that was under way
  limit,            ///< an adaptive limit moved to `value`
  injected,         ///< chaos did something to the call
  abandoned,        ///< a run that did not stop at its limit was left behind
  abandoned_ended,  ///< such a run has ended; what it gave is dropped, `cause` is its error
  not_abandoned,    ///< too many are left behind: the call waits for its run
};

/// The names that appear in reports: "circuit_breaker", "retry", ...
[[nodiscard]] std::string_view to_string(policy_kind kind) noexcept;
[[nodiscard]] std::string_view to_string(policy_action action) noexcept;

/// How much it matters: a label, by which to choose what to look at.
enum class severity : std::uint8_t { debug, information, warning, error };

/// "debug", "information", "warning", "error".
[[nodiscard]] std::string_view to_string(severity s) noexcept;

/// One thing that a policy did. A view: valid during `sink::on_event` only.
struct policy_event {
  policy_kind policy{};
  policy_action action{};
  std::string_view stack = {};  ///< the name given to `observed_by`
  std::string_view name = {};   ///< the policy's own name, or its kind
  std::uint32_t attempt = 1;
  duration delay{};              ///< before the next attempt; the limit of a timeout
  const error* cause = nullptr;  ///< the failure it reacts to, when there is one
  time_point at{};               ///< the time snapshot of the call
  const context* cx = nullptr;   ///< of the call; null when none brought it about
  std::string_view from = {};    ///< of a change of state
  std::string_view to = {};
  double value = 0;  ///< the new limit
};

/// How much `event` matters. As in Polly: what a caller feels is an error, what was averted a
/// warning, a recovery information.
[[nodiscard]] severity severity_of(const policy_event& event) noexcept;

struct attempt_event;  // see timing_event.hpp
struct execution_event;
struct wait_event;

/// Receives policy events. Called by the thread that runs the call, with no lock held: it may call
/// back into the policies. What it does never changes the outcome of a call. Keep it quick, the
/// call waits for it, and so does everything else on its event loop. The functions are `noexcept`:
/// an exception that would leave one ends the program.
///
/// What is timed has functions of its own, which a sink that does not measure leaves as they are.
///
/// *Example*:
/// ```cpp
/// class printer final : public observe::sink {
///   void on_event(const observe::policy_event& e) noexcept override {
///     std::printf("%.*s\n", static_cast<int>(e.name.size()), e.name.data());
///   }
/// };
/// ```
///
/// *Thread safety*: `on_event` is called from every thread whose stacks report to this sink. It
/// must outlive their calls, and the runs that those leave behind.
class sink {
 public:
  sink() = default;
  sink(const sink&) = delete;
  sink& operator=(const sink&) = delete;
  virtual ~sink() = default;

  virtual void on_event(const policy_event& event) noexcept = 0;
  /// The operation has ended, once for each time it was invoked. Not when an exception left it.
  virtual void on_attempt(const attempt_event& /*event*/) noexcept {}
  /// The call has ended, unless an exception left it.
  virtual void on_execution(const execution_event& /*event*/) noexcept {}
  /// A wait for a permit has ended.
  virtual void on_wait(const wait_event& /*event*/) noexcept {}
};

}  // namespace fairlead::observe
