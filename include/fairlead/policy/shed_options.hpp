// SPDX-License-Identifier: BSL-1.0
// What a shedder can be told, and what it tells.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {

/// From which load on what is dropped.
struct shed_options {
  /// In errors, events and reports. Empty: "shed" in events, no name in errors. Copied.
  std::string_view name = {};
  /// How many calls are worked on at the same time inside; more of them wait there. Must be given.
  std::uint32_t limit = 0;
  /// Calls in flight, as a multiple of `limit`, from which the least important are dropped, and
  /// from which all are; linear in between (failsafe-go: 2 and 3).
  double shed_from = 2;
  double shed_all = 3;
  /// Drops calls that could not be answered before their deadline any more.
  bool predict = true;
  /// Over how many calls importance is compared (failsafe-go: 1000).
  std::uint32_t history = 1'000;
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const shed_options& options);

}  // namespace fairlead::policy
