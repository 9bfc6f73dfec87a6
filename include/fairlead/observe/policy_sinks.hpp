// SPDX-License-Identifier: BSL-1.0
// Sinks for what policies report: events of spans, log lines, and several sinks at once.
#pragma once

#include <fairlead/observe/log.hpp>
#include <fairlead/observe/policy_event.hpp>

#include <initializer_list>
#include <vector>

namespace fairlead::observe {

/// Adds each event to the span that its call runs under, named after the action ("retry"), with
/// `policy`, `pipeline`, `attempt` and what else the action has: `delay_ms`, `error.type`, `error`,
/// `from`, `to`, `value`. Events of calls whose trace is not recorded cost a branch.
///
/// *Thread safety*: any thread. Has no state.
class span_events final : public sink {
 public:
  void on_event(const policy_event& event) noexcept override;
};

/// Writes a line for each event that is at least of the logger's level: the message is policy and
/// action ("circuit_breaker state"), the fields are those of `span_events`.
///
/// *Thread safety*: any thread.
class policy_log final : public sink {
 public:
  /// Keeps the reference.
  explicit policy_log(logger& to) noexcept : to_(to) {}
  void on_event(const policy_event& event) noexcept override;

 private:
  logger& to_;
};

/// Hands everything to several sinks, in their order.
///
/// *Thread safety*: as theirs.
///
/// *Example*:
/// ```cpp
/// observe::tee all{&measured, &events, &lines};
/// const auto users = resilient.observed_by(all, "users");
/// ```
class tee final : public sink {
 public:
  /// They must outlive it.
  tee(std::initializer_list<sink*> to) : to_(to) {}

  void on_event(const policy_event& event) noexcept override;
  void on_attempt(const attempt_event& event) noexcept override;
  void on_execution(const execution_event& event) noexcept override;
  void on_wait(const wait_event& event) noexcept override;

 private:
  std::vector<sink*> to_;
};

}  // namespace fairlead::observe
