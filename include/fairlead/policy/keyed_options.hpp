// SPDX-License-Identifier: BSL-1.0
// How many keys a keyed policy remembers, and for how long.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::policy {

/// What becomes of a new key when there is no room and nothing can be forgotten.
enum class keys_full : std::uint8_t {
  share,   ///< all such keys share one handle: calls go on, but less apart than they should be
  refuse,  ///< its calls end in `shed`
};

/// The bounds of a keyed policy.
struct keyed_options {
  /// So many keys are remembered. Default 10 000.
  std::size_t max_keys = 10'000;
  /// A key that was not used for this long is forgotten, unless it is busy. Default 10 min.
  duration idle_ttl = std::chrono::minutes(10);
  keys_full when_full = keys_full::share;
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const keyed_options& options);

}  // namespace fairlead::policy
