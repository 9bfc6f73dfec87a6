// SPDX-License-Identifier: BSL-1.0
// How long the parts of a call took, for sinks that measure.
#pragma once

#include <fairlead/observe/policy_event.hpp>

#include <cstdint>
#include <string_view>

namespace fairlead::observe {

/// How a call through a stack ended, in few words: a label of metrics.
enum class execution_outcome : std::uint8_t {
  success,    ///< a value, or an answer that counts as success
  failure,    ///< a value or an error that counts as failure
  timeout,    ///< a limit or a deadline ran out
  rejected,   ///< a policy refused it
  cancelled,  ///< the caller gave up
};

/// "success", "failure", "timeout", "rejected", "cancelled".
[[nodiscard]] std::string_view to_string(execution_outcome outcome) noexcept;

/// One invocation of the operation. A view: valid during `sink::on_attempt` only.
struct attempt_event {
  std::string_view stack = {};
  std::uint32_t attempt = 1;
  duration took{};
  /// It counted as a failure, so that the innermost retry, hedge or fallback had to do with it.
  /// What stands inside of that has judged it by then: `classify`, the limit of an attempt.
  bool handled = false;
  const error* cause = nullptr;  ///< its error, when it has one
  time_point at{};               ///< when it ended
  const context* cx = nullptr;
};

/// One call through a stack: all attempts, and the waits between and before them.
struct execution_event {
  std::string_view stack = {};
  duration took{};
  execution_outcome outcome{};
  const error* cause = nullptr;
  time_point at{};
  const context* cx = nullptr;
};

/// One wait for a permit, however it ended.
struct wait_event {
  policy_kind policy{};
  std::string_view stack = {};
  std::string_view name = {};
  duration waited{};
  time_point at{};
  const context* cx = nullptr;
};

}  // namespace fairlead::observe
