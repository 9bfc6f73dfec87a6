// SPDX-License-Identifier: BSL-1.0
// What a bulkhead can be told.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {

/// Who of those that wait goes first.
enum class queue_order : std::uint8_t {
  fifo,           ///< who came first
  adaptive_lifo,  ///< who came first; under overload who came last, whose caller is still there
};

/// Whether some of those that wait matter more.
enum class queue_ranks : std::uint8_t {
  equal,           ///< no
  by_criticality,  ///< `context::criticality`: the more critical first, and when the queue is full
                   ///< they take the place of the least critical that came last
};

/// How many calls may run at the same time, and what becomes of the others.
struct bulkhead_options {
  /// In errors, events and reports. Empty: "bulkhead" in events, no name in errors. Copied.
  std::string_view name = {};
  /// So many calls run at the same time. Must be given.
  std::uint32_t max = 0;
  /// So many more may wait, for `max_wait` each. By default nobody waits; it takes both for that.
  std::uint32_t queue = 0;
  /// How long; never past the deadline. `duration::max()`: only the deadline counts.
  duration max_wait = {};

  // Who goes first, and who is dropped. The queue is overloaded when it has not been empty for
  // `overload_after` (default 100 ms, as in CoDel, RFC 8289).
  queue_order order = queue_order::fifo;
  queue_ranks ranks = queue_ranks::equal;
  /// Under overload, those that have waited longer than this are dropped (`shed`) whenever a place
  /// becomes free, but for the last one. 0: nobody is dropped. 5 to 20 ms are usual.
  duration sojourn_target = {};
  duration overload_after = std::chrono::milliseconds(100);
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const bulkhead_options& options);

}  // namespace fairlead::policy
