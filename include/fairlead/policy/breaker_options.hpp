// SPDX-License-Identifier: BSL-1.0
// What a circuit breaker can be told.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {

/// When a breaker opens, for how long, and what closes it again. Several rules may be given; any of
/// them opens it. Without any, it is five consecutive failures.
struct breaker_options {
  /// In errors, events and reports. Empty: "circuit_breaker" in events, no name in errors, and
  /// rejections that allocate nothing either way. Copied.
  std::string_view name = {};

  // Rules for opening.
  /// So many failures in a row. Default 5, when no other rule is given.
  std::optional<std::uint32_t> consecutive_failures = {};
  /// `failures` among the last `of` outcomes; 0 = no such rule.
  std::uint32_t failures = 0;
  std::uint32_t of = 0;
  /// This share of the outcomes in the window (`>=`), in (0, 1]; 0 = no such rule.
  double failure_rate = 0;
  /// This share of the outcomes in the window took `slow_threshold` or longer (`>=`); calls still
  /// in flight after that time count as slow already. 0 = no such rule.
  double slow_call_rate = 0;
  duration slow_threshold = std::chrono::seconds(60);

  // The window that rates are taken over.
  /// A share says nothing before so many outcomes are in the window. Default 20, or the window's
  /// size when that is smaller.
  std::optional<std::uint32_t> min_throughput = {};
  /// The last `window`, in `slices` steps: a slice leaves as a whole, `window` after it began.
  duration window = std::chrono::seconds(10);
  std::uint32_t slices = 10;
  /// Not 0: the window is the last so many outcomes instead.
  std::uint32_t window_calls = 0;

  // How long it stays open.
  /// The first break; the next ones, while probes keep failing, are `break_multiplier` times the
  /// one before, up to `break_cap`, and each is spread by plus or minus `break_jitter` (a share).
  duration break_for = std::chrono::seconds(60);
  double break_multiplier = 1;
  duration break_cap = std::chrono::minutes(10);
  double break_jitter = 0;
  /// A failure that carries `retry_after` and opens the breaker sets the break to that, up to
  /// `break_cap`.
  bool break_on_retry_after = false;

  // What closes it again.
  /// So many probes at the same time, when the break is over.
  std::uint32_t probes = 1;
  /// `successes` among `of_probes` probes close it; as soon as that cannot be reached any more it
  /// opens again. `of_probes` defaults to `successes`.
  std::uint32_t successes = 2;
  std::optional<std::uint32_t> of_probes = {};
  /// A probe that has not come back after this long loses its vote, and another may go.
  duration probe_lease = std::chrono::seconds(60);
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const breaker_options& options);

}  // namespace fairlead::policy
