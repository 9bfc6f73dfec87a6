// SPDX-License-Identifier: BSL-1.0
// How long things take, by the median and the slowest of a hundred.
#pragma once

#include <chrono>
#include <vector>

namespace shop {

struct latency {
  double median_us = 0;
  double p99_us = 0;
};

class stopwatch {
 public:
  /// Between `start` and `stop` the thing is done so many times.
  explicit stopwatch(int at_a_time = 1) : at_a_time_(at_a_time) {}

  void start() { begun_ = std::chrono::steady_clock::now(); }
  void stop() {
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - begun_;
    taken_.push_back(took.count() / at_a_time_);
  }
  [[nodiscard]] latency measured() const;

 private:
  int at_a_time_;
  std::chrono::steady_clock::time_point begun_;
  std::vector<double> taken_;
};

/// Bytes there and back over a Unix socket pair, with nothing around the four system calls: what no
/// transport can beat.
[[nodiscard]] latency echo_over_a_socket(int times);

}  // namespace shop
