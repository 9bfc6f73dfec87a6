// SPDX-License-Identifier: BSL-1.0
// What both timelines decide alike: which run lies where, and what is said of a call.
#pragma once

#include "lab/record.hpp"
#include "lab/time_axis.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::lab {

/// Everything that is known of one call.
struct call_story {
  std::vector<const execution_record*> runs;  ///< in the order of their beginning
  std::vector<const event_record*> events;
};

/// One for each call.
[[nodiscard]] std::vector<call_story> stories_of(const record& r);

/// A run in the lane of its call. Runs that overlap in time lie in different rows.
struct placed_run {
  const execution_record* run;
  std::size_t row;
  double from;
  double to;
};

struct lane_layout {
  std::vector<placed_run> runs;
  std::size_t rows = 1;
  std::size_t omitted = 0;  ///< runs for which there is no room
};

/// How far a picture may go to show everything.
struct lane_limits {
  double narrowest;  ///< a bar, in units of the axis
  std::size_t rows;
  std::size_t runs;
};

/// Puts runs into rows. One that would hide the run before it moves a little to the right.
[[nodiscard]] lane_layout lay_out(const call_story& story, const time_axis& axis,
                                  const lane_limits& limits);

/// The row of the run that an event is about; the first when it is about none.
[[nodiscard]] std::size_t row_of(const event_record& e, const lane_layout& lane) noexcept;

/// When the last thing happened that there is to see.
[[nodiscard]] duration last_happening(const record& r);

/// "success", "failure", "rejected", "timeout", "cancelled" or "pending".
[[nodiscard]] std::string_view state_of(const call_record& c) noexcept;

/// "circuit_open by payments, 310 ms, 2 attempts". A name that is longer than `longest_name` is
/// cut.
[[nodiscard]] std::string verdict_of(const call_record& c, std::size_t longest_name);

/// "8 calls, 12 runs in 480 ms: 6 success, 2 bulkhead_full".
[[nodiscard]] std::string summary_of(const record& r);

/// The policies of a stack, a line each, from the outside in.
[[nodiscard]] std::vector<std::string> layers_of(const record& r);

/// What is known of a policy at the end, without its type: "state open, failures 4".
[[nodiscard]] std::string facts_of(const policy_record& p);
[[nodiscard]] std::string type_of(const policy_record& p);

}  // namespace fairlead::lab
