// SPDX-License-Identifier: BSL-1.0
// The time for which a slow peer is waited for, without I/O.
#include "detail/patience.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace fairlead::http::detail {
namespace {

using namespace std::chrono_literals;

const time_point start{1000s};

TEST(Patience, BeginsWithItsGrace) {
  patience p({100, 5s}, 30s);
  EXPECT_EQ(p.begin(start), start + 5s);
  p.end(start + 2s);
  EXPECT_EQ(p.begin(start + 10s), start + 13s) << "what passed between two waits does not count";
  p.end(start + 20s);
  EXPECT_EQ(p.left(), 0s);
  EXPECT_EQ(p.begin(start + 30s), start + 30s);
}

TEST(Patience, BytesBuyTime) {
  patience p({100, 5s}, 30s);
  p.moved(250);
  EXPECT_EQ(p.left(), 7500ms);
  p.moved(1);
  EXPECT_EQ(p.left(), 7510ms);
  p.moved(0);
  EXPECT_EQ(p.left(), 7510ms);
}

TEST(Patience, ButNoMoreThanThereIsAtAll) {
  patience p({100, 5s}, 30s);
  p.moved(100'000'000);
  EXPECT_EQ(p.left(), 30s);
  EXPECT_EQ(p.begin(start), start + 30s);
  p.end(start + 29s);
  p.moved(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(p.left(), 30s);
  EXPECT_EQ(patience({100, 5s}, 3s).left(), 3s) << "a shorter timeout wins";
  patience endless({1, 5s}, duration::max());
  endless.moved(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(endless.left(), duration::max());
  EXPECT_EQ(endless.begin(start), no_deadline);
}

// A peer that keeps the rate is waited for without end; one that is a bit slower is not.
TEST(Patience, HoldsTheRate) {
  for (const auto& [each, ends] : {std::pair(1000ms, false), {990ms, false}, {1010ms, true}}) {
    patience p({10, 5s}, 30s);
    auto now = start;
    bool ended = false;
    for (int i = 0; i < 10'000 && !ended; ++i) {
      ended = p.begin(now) <= now + each;
      now += each;
      p.end(now);
      p.moved(10);
    }
    EXPECT_EQ(ended, ends) << each.count();
  }
}

// The whole cannot be held up for longer than its bytes and the saved time are worth.
TEST(Patience, AByteNowAndThenIsNotEnough) {
  patience p({240, 5s}, 30s);
  auto now = start;
  p.moved(1'000'000);
  int bytes = 0;
  while (p.begin(now) > now + 1s) {
    now += 1s;
    p.end(now);
    p.moved(1);
    ++bytes;
  }
  EXPECT_EQ(bytes, 30) << "and not a million, which the average would allow";
}

TEST(Patience, WithoutAFloorEveryWaitMayTakeTheTimeout) {
  patience p(any_rate, 30s);
  auto now = start;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(p.begin(now), now + 30s);
    now += 29s;
    p.end(now);
  }
}

TEST(Patience, ClocksAndCallsInOddOrdersDoNoHarm) {
  patience p({1'000'000'000, 0s}, 30s);
  p.end(start);
  EXPECT_EQ(p.left(), 0s);
  p.moved(1);
  EXPECT_EQ(p.left(), 1ns);
  static_cast<void>(p.begin(start));
  p.end(start - 1s);
  p.end(start + 1s);
  EXPECT_EQ(p.left(), 1ns);
}

}  // namespace
}  // namespace fairlead::http::detail
