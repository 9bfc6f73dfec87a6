// SPDX-License-Identifier: BSL-1.0
// What a circuit breaker shows of itself, and the ticket that it gives to a call.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <string_view>

namespace fairlead::policy {

/// What a breaker does with calls.
enum class breaker_state : std::uint8_t {
  closed,        ///< lets them through and counts
  open,          ///< refuses them until the break is over
  half_open,     ///< lets probes through
  isolated,      ///< refuses them until told otherwise
  disabled,      ///< lets them through and counts nothing
  metrics_only,  ///< lets them through and counts, but never opens
};

[[nodiscard]] std::string_view to_string(breaker_state state) noexcept;

/// One change of state. An era is one uninterrupted stay in a state.
struct breaker_change {
  breaker_state from{};
  breaker_state to{};
  time_point at{};
  duration break_for{};         ///< of a change to `open`
  std::uint32_t break_index{};  ///< of a change to `open`: failed recoveries since it was closed
  std::uint32_t era{};          ///< the era that begins
};

/// What a breaker knows.
struct breaker_metrics {
  breaker_state state{};
  std::uint64_t recorded = 0;  ///< outcomes in the window; without one, since the era began,
                               ///< the votes of probes included
  std::uint64_t failures = 0;  ///< of them; with only the consecutive rule, the current run
  std::uint64_t slow = 0;      ///< of them, and of the calls in flight
  double failure_rate = 0;
  double slow_call_rate = 0;
  bool held = false;   ///< would be open if its fleet allowed
  time_point since{};  ///< when the era began
  time_point until{};  ///< of `open`: when the break is over
  std::uint32_t era = 0;
  std::uint32_t probes_in_flight = 0;
  std::uint32_t break_index = 0;
};

/// The permission to run one call: which era gave it, and when.
struct breaker_ticket {
  std::uint32_t era = 0;
  time_point began{};
};

}  // namespace fairlead::policy
