// SPDX-License-Identifier: BSL-1.0
// Who goes first, who is dropped, and the permits in one number.
#include <fairlead/policy/bulkhead_core.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <string>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

const time_point zero{1000s};

// A line of places that are known by a letter.
struct named_line {
  explicit named_line(const bulkhead_options& o) : line(o) {}

  // The letter of who was displaced, '-' when it got in without, '!' when there was no room.
  char join(char name, duration t, criticality rank = criticality::critical) {
    auto& p = places.emplace_back();
    p.name = name;
    const auto joined = line.join(p, rank, zero + t);
    if (!joined.in) {
      return '!';
    }
    return joined.displaced == nullptr ? '-' : static_cast<entry*>(joined.displaced)->name;
  }
  // What happens when a permit becomes free: those that are dropped in brackets, then who is
  // served.
  std::string pop(duration t) {
    std::string out;
    for (;;) {
      const auto popped = line.pop(zero + t);
      if (popped.who == nullptr) {
        return out;
      }
      const auto name = static_cast<entry*>(popped.who)->name;
      if (popped.what == waiting_line::verb::serve) {
        return out + name;
      }
      out += std::string("(") + name + ")";
    }
  }
  // The same so many times.
  std::string pop_times(int n, duration t) {
    std::string out;
    for (int i = 0; i < n; ++i) {
      out += pop(t);
    }
    return out;
  }
  void leave(char name) {
    for (auto& p : places) {
      if (p.name == name) {
        line.leave(p);
      }
    }
  }

  struct entry : waiting_line::place {
    char name = 0;
  };
  waiting_line line;
  std::deque<entry> places;
};

TEST(WaitingLine, FirstComeFirstServed) {
  named_line l({.max = 1, .queue = 3, .max_wait = 1s});
  EXPECT_EQ(l.join('a', 0ms), '-');
  EXPECT_EQ(l.join('b', 1ms, criticality::sheddable), '-');
  EXPECT_EQ(l.join('c', 2ms, criticality::critical_plus), '-');
  EXPECT_EQ(l.join('d', 3ms, criticality::critical_plus), '!');
  l.leave('b');
  EXPECT_EQ(l.line.size(), 2U);
  l.leave('b');
  EXPECT_EQ(l.join('e', 4ms), '-');
  EXPECT_EQ(l.pop(1h), "a");
  EXPECT_EQ(l.pop(1h), "c");
  EXPECT_EQ(l.pop(1h), "e");
  EXPECT_EQ(l.pop(1h), "");
  EXPECT_FALSE(l.line.needs_time());
}

TEST(WaitingLine, TheMoreCriticalGoFirstAndPushTheLeastCriticalOut) {
  named_line l({.max = 1, .queue = 4, .max_wait = 1s, .ranks = queue_ranks::by_criticality});
  l.join('a', 0ms, criticality::sheddable);
  l.join('b', 1ms, criticality::sheddable_plus);
  l.join('c', 2ms, criticality::sheddable);
  l.join('d', 3ms, criticality::critical);
  EXPECT_EQ(l.join('e', 4ms, criticality::sheddable), '!');
  EXPECT_EQ(l.join('f', 5ms, criticality::sheddable_plus), 'c');  // the last of the least
  EXPECT_EQ(l.join('g', 6ms, criticality::critical_plus), 'a');
  EXPECT_EQ(l.join('h', 7ms, criticality::critical_plus), 'f');
  EXPECT_EQ(l.line.size(), 4U);
  EXPECT_EQ(l.pop_times(4, 8ms), "ghdb");
}

// K13
TEST(WaitingLine, K13UnderOverloadTheOldAreDroppedFirst) {
  named_line l(
      {.max = 1, .queue = 10, .max_wait = 1s, .sojourn_target = 5ms, .overload_after = 100ms});
  EXPECT_TRUE(l.line.needs_time());
  l.join('a', 0ms);
  l.join('b', 1ms);
  l.join('c', 96ms);
  l.join('d', 97ms);
  EXPECT_EQ(l.pop(99ms), "a");  // not overloaded yet, however old
  EXPECT_EQ(l.pop(100ms), "(b)c");
  EXPECT_EQ(l.pop(500ms), "d");  // the last one is served, however old: no permit lies idle
  l.join('e', 501ms);            // the line was empty, so it starts anew
  l.join('f', 501ms);
  EXPECT_EQ(l.pop(600ms), "e");
  EXPECT_EQ(l.pop(601ms), "f");
}

TEST(WaitingLine, DropsTheLeastCriticalFirst) {
  named_line l({.max = 1,
                .queue = 10,
                .max_wait = 1s,
                .ranks = queue_ranks::by_criticality,
                .sojourn_target = 5ms,
                .overload_after = 0ms});
  l.join('a', 0ms, criticality::critical);
  l.join('b', 0ms, criticality::sheddable);
  l.join('c', 0ms, criticality::sheddable_plus);
  EXPECT_EQ(l.pop(100ms), "(b)(c)a");
}

TEST(WaitingLine, UnderOverloadTheNewestGoesFirstWhenAskedTo) {
  named_line l({.max = 1,
                .queue = 10,
                .max_wait = 1s,
                .order = queue_order::adaptive_lifo,
                .overload_after = 100ms});
  EXPECT_TRUE(l.line.needs_time());
  for (char c = 'a'; c <= 'f'; ++c) {
    l.join(c, 0ms);
  }
  EXPECT_EQ(l.pop_times(2, 99ms), "ab");
  EXPECT_EQ(l.pop_times(2, 100ms), "fe");
}

TEST(PermitWord, HoldsThreeFacts) {
  auto w = permit_word(0, permit_word::most);
  EXPECT_EQ(w.limit(), permit_word::most);
  EXPECT_FALSE(w.full());
  w = w.one_more().one_more().with_limit(1);
  EXPECT_EQ(w.in_use(), 2U);
  EXPECT_EQ(w.limit(), 1U);
  EXPECT_TRUE(w.full());
  EXPECT_FALSE(w.locked());
  const permit_word locked(w.bits() | permit_word::lock_bit);
  EXPECT_TRUE(locked.locked());
  EXPECT_TRUE(locked.with_limit(5).one_less().locked());
  EXPECT_EQ(locked.with_limit(5).one_less().unlocked().bits(), permit_word(1, 5).bits());
}

TEST(BulkheadOptions, EveryProblemIsReported) {
  EXPECT_EQ(problems_of(
                bulkhead_options{.max_wait = -1s, .sojourn_target = -1ms, .overload_after = -1ms}),
            (std::vector<std::string>{"max is 0", "max_wait is negative",
                                      "sojourn_target is negative", "overload_after is negative"}));
  EXPECT_EQ(problems_of(bulkhead_options{.max = 0x80000000U}).size(), 1U);
  EXPECT_TRUE(problems_of(bulkhead_options{.max = 1, .max_wait = duration::max()}).empty());
}

}  // namespace
}  // namespace fairlead::policy
