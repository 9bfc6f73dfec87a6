// SPDX-License-Identifier: BSL-1.0
// What metrics have counted up to a moment, as plain data and as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::observe {

enum class instrument_kind : std::uint8_t { counter, histogram, gauge };

/// One measured thing: the values of one set of labels.
struct metric_point {
  struct label {
    std::string name;
    std::string value;
  };
  std::vector<label> labels;
  std::uint64_t count = 0;  ///< of a counter; of a histogram, how many were measured
  double value = 0;         ///< of a gauge
  /// Of a histogram: how many were at most the bound of the same index and above the one before;
  /// last, those above all bounds.
  std::vector<std::uint64_t> buckets;
  double sum = 0;  ///< of a histogram

  /// The value of the label; empty when there is none.
  [[nodiscard]] std::string_view at(std::string_view label_name) const noexcept;
};

/// What is measured under one name.
struct instrument {
  std::string name;  ///< "resilience.attempt.duration"
  instrument_kind kind{};
  std::string unit;  ///< "s", or empty
  std::string help;
  std::vector<double> bounds;        ///< of a histogram, ascending
  std::vector<metric_point> points;  ///< ordered by their labels
};

/// Everything that was known at one moment. Instruments without points are left out.
struct metrics_snapshot {
  std::vector<instrument> instruments;

  /// Null when nothing was measured under that name.
  [[nodiscard]] const instrument* find(std::string_view name) const noexcept;
};

/// The text format that Prometheus and its relatives scrape (OpenMetrics 1.0). Dots in names become
/// underscores, the unit and `_total` are appended: "resilience_attempt_duration_seconds_bucket".
/// Bytes in labels that are no UTF-8 are replaced.
///
/// Serve it as `openmetrics_type`. Readers of the older text format 0.0.4 understand it, too.
[[nodiscard]] std::string to_openmetrics(const metrics_snapshot& snapshot);

inline constexpr std::string_view openmetrics_type =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

}  // namespace fairlead::observe
