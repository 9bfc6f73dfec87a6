// SPDX-License-Identifier: BSL-1.0
// What `fairlead top` was asked to do.
#pragma once

#include "command_line.hpp"
#include "connections.hpp"
#include "error_report.hpp"

#include <fairlead/core/time.hpp>

#include <tl/expected.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::cli {

struct top_plan {
  std::string metrics_url;  ///< "/metrics" where the URL has no path
  std::string tasks_url;    ///< "/debug/tasks" of the same program
  duration interval = std::chrono::seconds(1);
  std::uint64_t rows = 20;
  bool once = false;
  connection_choice connections;
  error_style errors = error_style::text;
};

[[nodiscard]] const std::vector<option>& top_options();

/// The plan, or one line that says what is wrong.
[[nodiscard]] tl::expected<top_plan, std::string> plan_top(const arguments& given);

}  // namespace fairlead::cli
