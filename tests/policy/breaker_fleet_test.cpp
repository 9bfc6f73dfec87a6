// SPDX-License-Identifier: BSL-1.0
// Breakers of one set: how many may be open, what happens to the others, and when all give in.
#include <fairlead/core/random.hpp>
#include <fairlead/policy/fleet_breaker.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

const time_point start{1000s};

void play(const circuit_breaker& b, std::string_view script, time_point now) {
  for (const char c : script) {
    auto p = b.admit(now);
    if (p) {
      p->complete(c == 'S' ? verdict::success : verdict::failure, now);
    }
  }
}

std::vector<circuit_breaker> breakers(std::size_t n, const breaker_fleet& fleet,
                                      const breaker_options& o = {.consecutive_failures = 2,
                                                                  .break_for = 5s,
                                                                  .successes = 1}) {
  std::vector<circuit_breaker> out;
  for (std::size_t i = 0; i < n; ++i) {
    out.emplace_back(o, fleet);
  }
  return out;
}

std::size_t open_ones(const std::vector<circuit_breaker>& all, time_point now) {
  std::size_t n = 0;
  for (const auto& b : all) {
    n += b.state_at(now) == breaker_state::open ? 1U : 0U;
  }
  return n;
}

TEST(FleetCore, RoundsDownButAlwaysAllowsOne) {
  const fleet_core third{{.max_open_fraction = .3}};
  EXPECT_EQ(third.most_open(5), 1U);
  EXPECT_EQ(third.most_open(6), 1U);
  EXPECT_EQ(third.most_open(7), 2U);
  EXPECT_EQ(third.most_open(10), 3U);
  EXPECT_EQ(fleet_core({.max_open_fraction = .29}).most_open(100), 29U);
  EXPECT_EQ(fleet_core({.max_open_fraction = .01}).most_open(20), 1U);
  EXPECT_EQ(fleet_core({.max_open_fraction = 1}).most_open(20), 20U);
}

TEST(FleetCore, LimitsNothingBelowTheLeastNumberOfMembers) {
  const fleet_core core{{.max_open_fraction = .1, .panic_fraction = .5, .min_members = 5}};
  EXPECT_EQ(core.most_open(4), 4U);
  EXPECT_TRUE(core.may_open({4, 3, 0}));
  EXPECT_FALSE(core.panics({4, 4, 0}));
  EXPECT_EQ(core.most_open(5), 1U);
  EXPECT_FALSE(core.may_open({5, 1, 0}));
}

TEST(FleetCore, PanicsAboveTheFractionOnly) {
  const fleet_core core{{.max_open_fraction = .2, .panic_fraction = .5}};
  EXPECT_FALSE(core.panics({10, 2, 3}));
  EXPECT_TRUE(core.panics({10, 2, 4}));
  EXPECT_TRUE(core.panics({10, 6, 0}));
  EXPECT_FALSE(fleet_core({.panic_fraction = 1}).panics({10, 10, 0}));
}

TEST(BreakerFleet, LetsOnlySoManyOpenAtTheSameTime) {
  const breaker_fleet fleet{{.max_open_fraction = .3, .panic_fraction = 1}};
  const auto all = breakers(10, fleet);
  for (const auto& b : all) {
    play(b, "FFF", start);
  }
  EXPECT_EQ(open_ones(all, start), 3U);
  EXPECT_EQ(fleet.counts().members, 10U);
  EXPECT_EQ(fleet.counts().open, 3U);
  EXPECT_EQ(fleet.counts().held, 7U);
  EXPECT_TRUE(all[3].metrics(start).held);
  EXPECT_FALSE(all[0].metrics(start).held);
  EXPECT_TRUE(all[3].admit(start));  // held closed: calls pass
}

TEST(BreakerFleet, AHeldMemberOpensWhenAPlaceIsFreeAndItStillFails) {
  const breaker_fleet fleet{{.max_open_fraction = .2, .panic_fraction = 1}};
  const auto all = breakers(5, fleet);
  play(all[0], "FF", start);
  play(all[1], "FFFF", start);
  play(all[2], "FFS", start);  // is fine again
  EXPECT_EQ(fleet.counts().held, 1U);
  EXPECT_EQ(all[1].metrics(start).failures, 4U);
  play(all[0], "S", start + 5s);  // recovers
  EXPECT_EQ(fleet.counts().open, 0U);
  play(all[2], "F", start + 5s);
  EXPECT_EQ(all[2].state_at(start + 5s), breaker_state::closed);
  play(all[1], "F", start + 5s);
  EXPECT_EQ(all[1].state_at(start + 5s), breaker_state::open);
  EXPECT_EQ(fleet.counts().held, 0U);
}

// A success that takes the short way must not pass by a member that is held.
TEST(BreakerFleet, AHeldMemberWithAWindowIsFineAgainAfterSuccesses) {
  const breaker_fleet fleet{{.max_open_fraction = .2, .panic_fraction = 1}};
  const auto all =
      breakers(5, fleet, {.failure_rate = .5, .min_throughput = 2, .window = 10s, .break_for = 5s});
  play(all[0], "FF", start);
  play(all[1], "FF", start);
  EXPECT_TRUE(all[1].metrics(start).held);
  play(all[1], "SSS", start);
  EXPECT_FALSE(all[1].metrics(start).held);
  EXPECT_EQ(fleet.counts().held, 0U);
}

TEST(BreakerFleet, KeepsItsPlaceWhileItProbesAndFailsAgain) {
  const breaker_fleet fleet{{.max_open_fraction = .2, .panic_fraction = 1}};
  const auto all = breakers(5, fleet);
  play(all[0], "FF", start);
  auto probe = all[0].admit(start + 5s);
  ASSERT_TRUE(probe);
  EXPECT_EQ(all[0].state_at(start + 5s), breaker_state::half_open);
  EXPECT_EQ(fleet.counts().open, 1U);
  play(all[1], "FF", start + 5s);
  EXPECT_EQ(all[1].state_at(start + 5s), breaker_state::closed);
  probe->complete(verdict::failure, start + 5s);
  EXPECT_EQ(all[0].state_at(start + 5s), breaker_state::open);
  EXPECT_EQ(fleet.counts().open, 1U);
}

TEST(BreakerFleet, WhatIsDoneByHandIsDone) {
  const breaker_fleet fleet{{.max_open_fraction = .2, .panic_fraction = 1}};
  const auto all = breakers(5, fleet);
  all[0].isolate(start);
  all[1].open_until(start + 5s, start);
  EXPECT_EQ(fleet.counts().open, 2U);
  play(all[2], "FF", start);
  EXPECT_EQ(all[2].state_at(start), breaker_state::closed);
  all[2].force_closed(start);
  EXPECT_EQ(fleet.counts().held, 0U);
  all[0].metrics_only(start);
  all[1].reset(start);
  EXPECT_EQ(fleet.counts().open, 0U);
}

TEST(BreakerFleet, InAPanicOpenMembersLetCallsThroughThatCountForNothing) {
  const breaker_fleet fleet{{.max_open_fraction = .2, .panic_fraction = .5}};
  const auto all = breakers(10, fleet);
  for (std::size_t i = 0; i < 5; ++i) {
    play(all[i], "FF", start);
  }
  EXPECT_FALSE(fleet.panicking());
  EXPECT_FALSE(all[0].admit(start));
  play(all[5], "FF", start);
  EXPECT_TRUE(fleet.panicking());
  auto through = all[0].admit(start);
  ASSERT_TRUE(through);
  through->complete(verdict::success, start);
  EXPECT_EQ(all[0].state_at(start), breaker_state::open);
  EXPECT_EQ(all[0].metrics(start).recorded, 0U);
  all[1].isolate(start);
  EXPECT_FALSE(all[1].admit(start));  // by hand
  play(all[5], "S", start);
  EXPECT_FALSE(fleet.panicking());
  EXPECT_EQ(all[0].admit(start).error().retry_after(), 5s);
}

TEST(BreakerFleet, InAPanicProbesGoOnAndOthersPassBesideThem) {
  const breaker_fleet fleet{{.max_open_fraction = .5, .panic_fraction = .5}};
  const auto all = breakers(6, fleet);
  for (const auto& b : all) {
    play(b, "FF", start);
  }
  auto probe = all[0].admit(start + 5s);
  auto other = all[0].admit(start + 5s);
  ASSERT_TRUE(probe && other);
  EXPECT_EQ(all[0].metrics(start + 5s).probes_in_flight, 1U);
  other->complete(verdict::success, start + 5s);  // no vote
  EXPECT_EQ(all[0].state_at(start + 5s), breaker_state::half_open);
  probe->complete(verdict::success, start + 5s);
  EXPECT_EQ(all[0].state_at(start + 5s), breaker_state::closed);
}

TEST(BreakerFleet, MembersThatAreGoneHoldNothing) {
  const breaker_fleet fleet{{.max_open_fraction = .2}};
  {
    const auto all = breakers(10, fleet);
    for (const auto& b : all) {
      play(b, "FF", start);
    }
    EXPECT_EQ(fleet.counts().open, 2U);
  }
  EXPECT_EQ(fleet.counts().members, 0U);
  EXPECT_EQ(fleet.counts().open, 0U);
  EXPECT_EQ(fleet.counts().held, 0U);
}

TEST(BreakerFleet, ThreadsDoNotOpenOneTooMany) {
  constexpr std::size_t threads = 16;
  for (int round = 0; round < 30; ++round) {
    const breaker_fleet fleet{{.max_open_fraction = .25, .panic_fraction = 1}};
    const auto all = breakers(threads, fleet);
    std::barrier together(static_cast<std::ptrdiff_t>(threads));
    std::vector<std::thread> running;
    for (const auto& b : all) {
      running.emplace_back([&together, &b] {
        together.arrive_and_wait();
        play(b, "FFFFFF", start);
      });
    }
    for (auto& t : running) {
      t.join();
    }
    ASSERT_EQ(open_ones(all, start), 4U);
    ASSERT_EQ(fleet.counts().open, 4U);
    ASSERT_EQ(fleet.counts().held, 12U);
  }
}

// Random histories of seats against counts that are made anew each time.
TEST(BreakerFleet, AgreesWithAReference) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    random_source r(seed);
    const fleet_options o{.max_open_fraction = .05 + .9 * r.uniform(),
                          .panic_fraction = .05 + .9 * r.uniform(),
                          .min_members = static_cast<std::uint32_t>(r.below(8))};
    const breaker_fleet fleet{o};
    struct member {
      std::unique_ptr<breaker_fleet::seat> seat;
      char standing = 'f';
    };
    std::vector<member> all;
    const auto how_many = [&all](char standing) {
      std::size_t n = 0;
      for (const auto& m : all) {
        n += m.standing == standing ? 1U : 0U;
      }
      return n;
    };
    for (int i = 0; i < 200; ++i) {
      const auto what = r.below(6);
      if (what == 0 || all.empty()) {
        all.push_back({std::make_unique<breaker_fleet::seat>(fleet)});
      } else {
        const auto at = r.below(all.size());
        auto& m = all[at];
        if (what == 1) {
          all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
        } else if (what == 2) {
          m.seat->must_open();
          m.standing = 'o';
        } else if (what == 3) {
          m.seat->stay_closed();
          m.standing = 'f';
        } else {
          const auto share = o.max_open_fraction * static_cast<double>(all.size());
          const bool free = all.size() < o.min_members || how_many('o') == 0 ||
                            static_cast<double>(how_many('o') + 1) <= share;
          const bool expected = m.standing == 'o' || free;
          ASSERT_EQ(m.seat->ask_to_open(), expected) << "seed " << seed << " step " << i;
          m.standing = expected ? 'o' : 'h';
          ASSERT_EQ(m.seat->held(), !expected);
        }
      }
      const auto c = fleet.counts();
      ASSERT_EQ(c.members, all.size()) << "seed " << seed << " step " << i;
      ASSERT_EQ(c.open, how_many('o')) << "seed " << seed << " step " << i;
      ASSERT_EQ(c.held, how_many('h')) << "seed " << seed << " step " << i;
      const bool panic =
          all.size() >= o.min_members &&
          static_cast<double>(c.open + c.held) > o.panic_fraction * static_cast<double>(all.size());
      ASSERT_EQ(fleet.panicking(), panic);
    }
  }
}

TEST(BreakerFleet, RefusesBadOptions) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(problems_of(fleet_options{}).empty());
  EXPECT_EQ(problems_of(fleet_options{.max_open_fraction = nan, .panic_fraction = 0}).size(), 2U);
  EXPECT_EQ(problems_of(fleet_options{.max_open_fraction = 0}).size(), 1U);
  EXPECT_EQ(problems_of(fleet_options{.max_open_fraction = 1, .panic_fraction = 1.01}).size(), 1U);
  EXPECT_THROW(breaker_fleet{fleet_options{.max_open_fraction = 2}}, std::invalid_argument);
  EXPECT_EQ(breaker_fleet::make({.panic_fraction = -1}).error().message(),
            "invalid_argument: breaker_fleet: panic_fraction must be above 0 and at most 1");
  EXPECT_TRUE(breaker_fleet::make({}));
}

TEST(BreakerFleet, MakesManyBreakersFromOneSetOfOptions) {
  const breaker_fleet fleet{{.max_open_fraction = .2, .panic_fraction = 1}};
  fleet_breaker_options o({.name = "a", .consecutive_failures = 1}, fleet);
  std::vector<fleet_breaker> all;
  for (int i = 0; i < 5; ++i) {
    all.emplace_back(o);
  }
  o.name = "other";
  all.emplace_back(o);
  for (const auto& b : all) {
    play(b, "F", start);
  }
  EXPECT_EQ(fleet.counts().members, 6U);
  EXPECT_EQ(fleet.counts().open, 1U);
  EXPECT_EQ(all[0].name(), "a");
  EXPECT_EQ(all[5].name(), "other");
}

TEST(BreakerFleet, IsSharedByCopiesAndAppearsInDescriptions) {
  const breaker_fleet fleet{{.max_open_fraction = .3}};
  const auto copy = fleet;
  EXPECT_EQ(copy.identity(), fleet.identity());
  const auto made = circuit_breaker::make({.consecutive_failures = 2}, copy);
  ASSERT_TRUE(made);
  EXPECT_EQ(fleet.counts().members, 1U);
  EXPECT_EQ(made->describe(),
            "a circuit breaker that opens for 1 min after 2 failures in a row, and closes again "
            "after 2 good probes, with at most 30 % of its fleet open at the same time");
  EXPECT_FALSE(circuit_breaker::make({.probes = 0}, copy));
}

}  // namespace
}  // namespace fairlead::policy
