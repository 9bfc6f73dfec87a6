// SPDX-License-Identifier: BSL-1.0
// Reading what programs say of themselves under /metrics.
#pragma once

#include <tl/expected.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::cli {

/// One line: a number under a name, with labels.
struct metric_sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

/// The samples of a page in the text format of Prometheus or of OpenMetrics, in their order;
/// comments, times and exemplars are passed over. The error says in one line what is wrong where.
[[nodiscard]] tl::expected<std::vector<metric_sample>, std::string> read_metrics(
    std::string_view page);

}  // namespace fairlead::cli
