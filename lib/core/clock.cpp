// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/clock.hpp>

#include <ctime>

namespace fairlead {

namespace {

class machine_clock final : public clock {
 public:
  time_point now() const noexcept override { return std::chrono::steady_clock::now(); }
  // std::chrono::steady_clock is CLOCK_MONOTONIC, and this is the same clock as of its last tick.
  time_point recently() const noexcept override {
#ifdef CLOCK_MONOTONIC_COARSE
    timespec t{};
    if (clock_gettime(CLOCK_MONOTONIC_COARSE, &t) == 0) {
      return time_point(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
    }
#endif
    return now();
  }
  std::chrono::system_clock::time_point wall_now() const noexcept override {
    return std::chrono::system_clock::now();
  }
};

}  // namespace

clock& system_clock() noexcept {
  static machine_clock the_clock;  // has no state
  return the_clock;
}

}  // namespace fairlead
