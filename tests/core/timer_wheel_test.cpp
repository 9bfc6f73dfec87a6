// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/timer_wheel.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

struct recorded : timer_node {
  recorded(int number, std::vector<int>& log) : timer_node(&on_expire), id(number), fired(log) {}
  static void on_expire(timer_node& n) noexcept {
    auto& self = static_cast<recorded&>(n);
    self.fired.push_back(self.id);
  }
  int id;
  std::vector<int>& fired;
};

TEST(TimerWheel, FiresInOrderOfExpiryThenOfLinking) {
  timer_wheel wheel{time_point{}};
  std::vector<int> log;
  recorded late(1, log), early(2, log), twin(3, log);
  wheel.link(late, time_point(20ms));
  wheel.link(early, time_point(10ms));
  wheel.link(twin, time_point(20ms));
  wheel.advance(time_point(1s));
  EXPECT_EQ(log, (std::vector{2, 1, 3}));
  EXPECT_TRUE(wheel.empty());
}

TEST(TimerWheel, NeverFiresEarlyNotEvenWithinATick) {
  timer_wheel wheel{time_point{}};
  std::vector<int> log;
  recorded a(1, log), b(2, log);
  wheel.link(a, time_point(100us));
  wheel.link(b, time_point(200us));
  wheel.advance(time_point(99us));
  EXPECT_TRUE(log.empty());
  wheel.advance(time_point(100us));
  EXPECT_EQ(log, (std::vector{1}));
  EXPECT_EQ(wheel.next_wake(), time_point(200us));
  wheel.advance(time_point(200us));
  EXPECT_EQ(log, (std::vector{1, 2}));
}

TEST(TimerWheel, UnlinkedTimersDoNotFire) {
  timer_wheel wheel{time_point{}};
  std::vector<int> log;
  recorded a(1, log), b(2, log);
  wheel.link(a, time_point(1h));
  wheel.link(b, time_point(2h));
  wheel.unlink(a);
  wheel.unlink(a);
  wheel.advance(time_point(3h));
  EXPECT_EQ(log, (std::vector{2}));
}

TEST(TimerWheel, ExpiryInThePastFiresWithTheNextAdvance) {
  timer_wheel wheel{time_point(5s)};
  std::vector<int> log;
  recorded a(1, log);
  wheel.advance(time_point(10s));
  wheel.link(a, time_point(1s));
  EXPECT_LE(wheel.next_wake(), time_point(10s));
  wheel.advance(time_point(10s));
  EXPECT_EQ(log, (std::vector{1}));
}

TEST(TimerWheel, ReachesBeyondItsLastLevel) {
  timer_wheel wheel{time_point{}};
  std::vector<int> log;
  recorded a(1, log);
  const auto ten_years = std::chrono::hours(24 * 3653);
  wheel.link(a, time_point(ten_years));
  while (wheel.next_wake() < time_point(ten_years)) {
    wheel.advance(wheel.next_wake());
    ASSERT_TRUE(log.empty());
  }
  wheel.advance(time_point(ten_years));
  EXPECT_EQ(log, (std::vector{1}));
}

struct relinking : timer_node {
  explicit relinking(timer_wheel& w) : timer_node(&on_expire), wheel(w) {}
  static void on_expire(timer_node& n) noexcept {
    auto& self = static_cast<relinking&>(n);
    if (++self.count < 3) {
      self.wheel.link(self, self.expiry() + 1ms);
    }
  }
  timer_wheel& wheel;
  int count = 0;
};

TEST(TimerWheel, ATimerMayLinkItselfAgain) {
  timer_wheel wheel{time_point{}};
  relinking a(wheel);
  wheel.link(a, time_point(1ms));
  for (int i = 0; i < 100 && !wheel.empty(); ++i) {
    wheel.advance(wheel.next_wake());
  }
  EXPECT_EQ(a.count, 3);
}

// Random operations against a plain sorted list.
TEST(TimerWheel, AgreesWithASortedList) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937_64 rng(seed);
    std::vector<int> log;
    struct expected_timer {
      time_point at;
      int id;
    };
    std::vector<std::unique_ptr<recorded>> timers;
    timer_wheel wheel{time_point{}};
    std::vector<expected_timer> model;
    std::vector<int> expected;
    auto now = time_point{};
    for (int step = 0; step < 2000; ++step) {
      const auto pick = rng() % 10;
      if (pick < 6) {
        const auto magnitude = rng() % 42;
        const auto at =
            now + duration(static_cast<duration::rep>(rng() % (std::uint64_t{1} << magnitude)));
        timers.push_back(std::make_unique<recorded>(static_cast<int>(timers.size()), log));
        wheel.link(*timers.back(), at);
        model.push_back({at, timers.back()->id});
      } else if (pick < 8 && !model.empty()) {
        const auto victim = rng() % model.size();
        wheel.unlink(*timers[static_cast<std::size_t>(model[victim].id)]);
        model.erase(model.begin() + static_cast<std::ptrdiff_t>(victim));
      } else {
        now += duration(static_cast<duration::rep>(rng() % (std::uint64_t{1} << (rng() % 40))));
        wheel.advance(now);
        std::sort(model.begin(), model.end(),
                  [](auto& a, auto& b) { return a.at != b.at ? a.at < b.at : a.id < b.id; });
        while (!model.empty() && model.front().at <= now) {
          expected.push_back(model.front().id);
          model.erase(model.begin());
        }
        ASSERT_EQ(log, expected) << "seed " << seed << " step " << step;
      }
      ASSERT_EQ(wheel.size(), model.size());
      auto earliest = no_deadline;
      for (const auto& m : model) {
        earliest = std::min(earliest, m.at);
      }
      ASSERT_LE(wheel.next_wake(), earliest) << "seed " << seed << " step " << step;
    }
  }
}

}  // namespace
}  // namespace fairlead
