// SPDX-License-Identifier: BSL-1.0
// What metrics have counted up to a moment, as plain data and as text.
#pragma once

#include <fairlead/observe/trace_ids.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::observe {

enum class instrument_kind : std::uint8_t { counter, histogram, gauge };

/// One of the things that were counted, and the trace in which to look at it.
struct exemplar {
  trace_id trace;
  span_id span;
  double value = 0;
  std::chrono::system_clock::time_point at;
};

/// One measured thing: the values of one set of labels.
struct metric_point {
  struct label {
    std::string name;
    std::string value;

    friend bool operator==(const label&, const label&) = default;
  };
  std::vector<label> labels;
  std::uint64_t count = 0;  ///< of a counter; of a histogram, how many were measured
  double value = 0;         ///< of a gauge
  /// Of a histogram: how many were at most the bound of the same index and above the one before;
  /// last, those above all bounds.
  std::vector<std::uint64_t> buckets;
  double sum = 0;  ///< of a histogram
  /// Of a histogram one for each bucket, of a counter one; of an invalid trace where there is none.
  /// Empty when there are none at all.
  std::vector<exemplar> exemplars;

  /// The value of the label; empty when there is none.
  [[nodiscard]] std::string_view at(std::string_view label_name) const noexcept;
};

/// What is measured under one name.
struct instrument {
  std::string name;  ///< "resilience.attempt.duration"
  instrument_kind kind{};
  std::string unit;  ///< "s", "By", ..., or empty
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

/// The text format that Prometheus and its relatives scrape (OpenMetrics 1.0), with exemplars. What
/// names may not have, dots above all, becomes underscores; unit and `_total` are appended where
/// the name does not end so: "resilience_attempt_duration_seconds_bucket". Bytes in labels that are
/// no UTF-8 are replaced.
///
/// Serve it as `openmetrics_type`, to those who ask for that.
[[nodiscard]] std::string to_openmetrics(const metrics_snapshot& snapshot);

/// The older text format 0.0.4, which every scraper reads: the same without exemplars. Serve it as
/// `prometheus_type`.
[[nodiscard]] std::string to_prometheus(const metrics_snapshot& snapshot);

inline constexpr std::string_view openmetrics_type =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";
inline constexpr std::string_view prometheus_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace fairlead::observe
