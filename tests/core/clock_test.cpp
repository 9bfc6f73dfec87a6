// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/clock.hpp>

#include <gtest/gtest.h>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

TEST(Clock, RecentlyIsNeverAheadAndNeverFarBehind) {
  const auto& time = system_clock();
  auto last = time.recently();
  for (int i = 0; i < 1000; ++i) {
    const auto before = time.now();
    const auto recently = time.recently();
    EXPECT_LE(recently, time.now());
    EXPECT_GE(recently, last);
    EXPECT_GT(recently, before - 10s);  // milliseconds, but the machine may be busy
    last = recently;
  }
}

class fixed_clock final : public clock {
 public:
  time_point now() const noexcept override { return time_point(7s); }
  std::chrono::system_clock::time_point wall_now() const noexcept override { return {}; }
};

TEST(Clock, RecentlyIsNowWhereNothingCheaperIsKnown) {
  EXPECT_EQ(fixed_clock().recently(), time_point(7s));
}

}  // namespace
}  // namespace fairlead
