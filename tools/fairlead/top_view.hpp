// SPDX-License-Identifier: BSL-1.0
// What `fairlead top` shows, made of two looks at a program.
#pragma once

#include "metrics_text.hpp"

#include <fairlead/core/time.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::cli {

/// Tasks that wait for the same, as `http::tasks_page` tells.
struct waiting_group {
  std::string waits_for;
  std::size_t tasks = 0;
};

/// Those of a page of `http::tasks_page`; nothing for a text that is none.
[[nodiscard]] std::optional<std::vector<waiting_group>> read_tasks(std::string_view page);

/// Calls of one kind, such as requests of one route, since the look before.
struct call_row {
  std::string what;  ///< "http_server_request GET /users/{id}"
  double per_second = 0;
  double failed = 0;  ///< share, 0 to 1
  double median = 0;  ///< seconds; NaN when there was no call
  double p99 = 0;     ///< seconds
  double all = 0;     ///< calls since the program began
};

/// Keeps the last look, and compares the next with it.
///
/// *Thread safety*: none.
class top_view {
 public:
  /// What was seen at `now`.
  void look(time_point now, const std::vector<metric_sample>& page,
            std::optional<std::vector<waiting_group>> tasks);

  /// True once there are two looks to compare.
  [[nodiscard]] bool ready() const noexcept { return looks_ > 1; }
  /// Calls, those that happen most often first.
  [[nodiscard]] const std::vector<call_row>& calls() const noexcept { return calls_; }
  /// Lines of at most `width` columns: calls, policies, tasks; at most `rows` of each.
  [[nodiscard]] std::string text(std::size_t width, std::size_t rows) const;

 private:
  // A histogram, of which some are failures.
  struct histogram {
    std::map<double, double> buckets;  // upper bound: how many up to there
    double count = 0;
    double failures = 0;
  };
  using histograms = std::map<std::string, histogram>;

  [[nodiscard]] static histograms histograms_of(const std::vector<metric_sample>& page);
  void compare(const histograms& now, double seconds);
  void note_policies(const std::vector<metric_sample>& page);

  std::size_t looks_ = 0;
  time_point last_{};
  histograms before_;
  std::vector<call_row> calls_;
  std::map<std::string, std::string> policies_;
  std::optional<std::vector<waiting_group>> tasks_;
};

}  // namespace fairlead::cli
