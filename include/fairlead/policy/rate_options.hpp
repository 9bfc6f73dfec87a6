// SPDX-License-Identifier: BSL-1.0
// What a rate limit can be told.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {

/// How permits come back after they were taken. All are exact to the nanosecond.
///
/// | | at once, at most | in any time t, at most |
/// |---|---|---|
/// | `gcra`, `token_bucket` | burst | burst + rate * t |
/// | `smooth` | 1 | 1 + rate * t |
/// | `sliding_log` | permits | permits in any period |
/// | `sliding_counter` | permits | about permits in any period |
/// | `bursty` | permits | twice that around the turn of a period |
enum class rate_algorithm : std::uint8_t {
  gcra,             ///< a bucket of `burst` permits that one permit after the other drops into, one
                    ///< every period/permits (generic cell rate algorithm, ITU-T I.371)
  smooth,           ///< one call per slot; slots are period/permits long, and counted from `origin`
  token_bucket,     ///< the same decisions as `gcra`, under the name that most people know
  sliding_log,      ///< remembers when each permit was taken: exact; 8 bytes per permit
  sliding_counter,  ///< two counters; assumes that the calls of the previous period were spread
  bursty,  ///< all permits at once, when a period begins; periods are counted from `origin`
};

[[nodiscard]] std::string_view to_string(rate_algorithm algorithm) noexcept;

/// How many calls may start per period, and what becomes of the others.
struct rate_limit_options {
  /// In errors, events and reports. Empty: "rate_limit" in events, no name in errors. Copied.
  std::string_view name = {};
  rate_algorithm algorithm = rate_algorithm::gcra;
  /// So many permits come per `period`. Must be given.
  std::uint32_t permits = 0;
  duration period = std::chrono::seconds(1);
  /// So many permits can be saved up, and so be taken at once; `permits` when not given. The other
  /// algorithms cannot save: there it only bounds the cost of one call, which by default is
  /// `permits` for the sliding ones, and anything for `smooth` and `bursty`.
  std::optional<std::uint32_t> burst = {};
  /// A call that has to wait longer than this, or past its deadline, is refused at once. 0: nobody
  /// waits. `duration::max()`: only the deadline counts.
  duration max_wait = {};
  /// Where slots and periods are counted from.
  time_point origin = {};
  /// An answer that carries `retry_after` (429 or 503 with Retry-After) lets nobody through until
  /// then, but for `pause_cap` at most.
  bool pause_on_retry_after = false;
  duration pause_cap = std::chrono::seconds(60);
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const rate_limit_options& options);

/// The most that one call may cost under `options`: what it asks beyond that would never come. 0:
/// no bound.
[[nodiscard]] std::uint32_t max_cost(const rate_limit_options& options) noexcept;

}  // namespace fairlead::policy
