// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/clock.hpp>

namespace fairlead {

namespace {

class machine_clock final : public clock {
 public:
  time_point now() const noexcept override { return std::chrono::steady_clock::now(); }
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
