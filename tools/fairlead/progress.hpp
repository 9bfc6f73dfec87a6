// SPDX-License-Identifier: BSL-1.0
// The line that tells how a transfer is getting on.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fairlead::cli {

/// "1.5 MB", "870 B": powers of 1000, three digits at most.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// How fast something goes, from the last few seconds, and the line that says so.
///
/// *Thread safety*: none.
///
/// *Example*: `[==========          ]  50 %  5 MB of 10 MB  1.2 MB/s  4 s left`
class progress_line {
 public:
  explicit progress_line(time_point begun) : begun_(begun), window_begun_(begun) {}

  /// So many bytes are there now, `total` 0 when nobody knows of how many.
  void note(time_point now, std::uint64_t bytes, std::uint64_t total);

  /// Whether the last line shown is old enough (100 ms) for another, and takes note that it is.
  [[nodiscard]] bool is_due(time_point now);

  /// The line, at most `width` columns: what does not fit is left out, the bar first.
  [[nodiscard]] std::string text(std::size_t width) const;

  /// Bytes per second.
  [[nodiscard]] double speed() const noexcept { return speed_; }

 private:
  [[nodiscard]] std::string bar(std::size_t width) const;
  [[nodiscard]] std::string rest_text() const;

  time_point begun_;
  std::optional<time_point> shown_;
  time_point window_begun_;
  std::uint64_t window_bytes_ = 0;  // when the window began
  bool begun_counting_ = false;
  std::uint64_t bytes_ = 0;
  std::uint64_t total_ = 0;
  double speed_ = 0;
};

}  // namespace fairlead::cli
