// SPDX-License-Identifier: BSL-1.0
// Vectors B11 to B33 of the acceptance list, on the state machine alone: breaks, probes, eras.
#include "policy/breaker_bench.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

TEST(BreakerCore, B11OneProbeAtATime) {
  auto b = half_open(recovery(1, 1, 1));
  EXPECT_TRUE(b.admit().admitted);
  const auto second = b.admit();
  EXPECT_FALSE(second.admitted);
  EXPECT_EQ(second.retry_after, 60s);  // what is left of the probe's lease
}

TEST(BreakerCore, B13FailsAsSoonAsItCannotSucceedAnyMore) {
  auto b = half_open(recovery(1, 2, 4));
  EXPECT_EQ(b.play("SFFF"), "HHHO");
}

TEST(BreakerCore, B14SucceedsAsSoonAsItCan) {
  auto b = half_open(recovery(1, 2, 4));
  EXPECT_EQ(b.play("SS"), "HC");
}

TEST(BreakerCore, B15SomeOfAFewProbes) {
  auto b = half_open(recovery(1, 3, 4));
  EXPECT_EQ(b.play("SFSS"), "HHHC");
}

TEST(BreakerCore, B16ASlowProbeHasFailed) {
  auto o = recovery(1, 1, 1);
  o.slow_call_rate = 1;
  o.slow_threshold = 2s;
  auto b = half_open(o);
  b.slow_success(2s);
  EXPECT_EQ(b.letter(), 'O');
}

TEST(BreakerCore, B17NeutralProbesGiveTheirPlaceBack) {
  auto b = half_open(recovery(1, 1, 1));
  EXPECT_EQ(b.play("NNS"), "HHC");
}

TEST(BreakerCore, B19AnOutcomeFromBeforeTheBreakDoesNotCountForTheProbe) {
  bench b(consecutive(3));
  const auto a = b.admit().ticket;
  b.play("FFF");
  b.now += 5s;
  const auto p = b.admit();
  ASSERT_TRUE(p.admitted);
  b.complete(a, verdict::success);
  EXPECT_EQ(b.letter(), 'H');
  b.complete(p.ticket, verdict::failure);
  EXPECT_EQ(b.letter(), 'O');
}

TEST(BreakerCore, B21ALateFailureNeitherReopensNorExtends) {
  bench b(consecutive(2));
  const auto a = b.admit().ticket;
  b.play("FF");
  b.now += 4s;
  b.complete(a, verdict::failure);
  b.now += 1s;
  EXPECT_TRUE(b.admit().admitted);
  EXPECT_EQ(b.changes, "CO OH ");
}

TEST(BreakerCore, B23ChangesInOrderOnce) {
  bench b(consecutive(1));
  b.play("F");
  b.now += 5s;
  b.play("F");
  b.now += 5s;
  b.play("S");
  EXPECT_EQ(b.changes, "CO OH HO OH HC ");
}

TEST(BreakerCore, B25ProbesInFlightAndVotesTogetherStayWithinN) {
  auto b = half_open(recovery(3, 3, 3));
  const auto first = b.admit().ticket;
  EXPECT_TRUE(b.admit().admitted);
  EXPECT_TRUE(b.admit().admitted);
  b.complete(first, verdict::success);
  EXPECT_FALSE(b.admit().admitted);
}

TEST(BreakerCore, B27CountsFailedRecoveries) {
  bench b(consecutive(1));
  std::vector<std::uint32_t> seen;
  const auto fail_once = [&] {
    const auto a = b.admit();
    const auto c = b.core.complete(a.ticket, verdict::failure, b.now);
    seen.push_back(c->break_index);
    b.now += 5s;
  };
  for (int i = 0; i < 5; ++i) {
    fail_once();
  }
  b.play("S");
  for (int i = 0; i < 3; ++i) {
    fail_once();
  }
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 0, 1, 2}));
}

TEST(BreakerCore, B28BreaksGrowUpToTheCap) {
  auto o = consecutive(1);
  o.break_for = 1s;
  o.break_multiplier = 2;
  o.break_cap = 5s;
  bench b(o);
  for (const auto expected : {1s, 2s, 4s, 5s, 5s}) {
    const auto a = b.admit();
    const auto c = b.core.complete(a.ticket, verdict::failure, b.now);
    EXPECT_EQ(c->break_for, expected);
    b.now += expected;
  }
  b.play("S");
  const auto a = b.admit();
  EXPECT_EQ(b.core.complete(a.ticket, verdict::failure, b.now)->break_for, 1s);
}

TEST(BreakerCore, BreaksAreSpreadWhenAsked) {
  auto o = consecutive(1);
  o.break_jitter = .5;
  random_source random(3);
  duration least = duration::max();
  duration most{};
  for (int i = 0; i < 200; ++i) {
    breaker_core core(o);
    const auto a = core.admit(time_point{});
    const auto c = core.complete(a.ticket, verdict::failure, time_point{}, {}, &random);
    least = std::min(least, c->break_for);
    most = std::max(most, c->break_for);
  }
  EXPECT_GE(least, 2500ms);
  EXPECT_LE(least, 2700ms);
  EXPECT_GE(most, 7300ms);
  EXPECT_LE(most, 7500ms);
}

TEST(BreakerCore, B30IsolatedRefusesUntilReset) {
  bench b(consecutive(1));
  b.core.isolate(b.now);
  b.now += 1000h;
  const auto a = b.admit();
  EXPECT_FALSE(a.admitted);
  EXPECT_FALSE(a.retry_after);
  b.core.reset(b.now);
  EXPECT_EQ(b.play("S"), "C");
}

TEST(BreakerCore, B31APeersWaitSetsTheBreak) {
  auto o = consecutive(1);
  o.break_on_retry_after = true;
  bench b(o);
  b.complete(b.admit().ticket, verdict::failure, 30s);
  EXPECT_EQ(b.admit().retry_after, 30s);
  o.break_on_retry_after = false;
  bench deaf(o);
  deaf.complete(deaf.admit().ticket, verdict::failure, 30s);
  EXPECT_EQ(deaf.admit().retry_after, 5s);
  o.break_on_retry_after = true;
  bench greedy(o);
  greedy.complete(greedy.admit().ticket, verdict::failure, 100h);
  EXPECT_EQ(greedy.admit().retry_after, 10min);
}

// A probe that hangs must not hold the breaker half-open for ever (OmniRoute#13836).
TEST(BreakerCore, B33AProbeWhoseLeaseIsOverLosesItsVote) {
  auto o = recovery(1, 1, 1);
  o.probe_lease = 10s;
  auto b = half_open(o);
  const auto hung = b.admit().ticket;
  b.now += 4s;
  EXPECT_EQ(b.admit().retry_after, 6s);
  b.now += 6s;
  const auto next = b.admit();
  ASSERT_TRUE(next.admitted);
  EXPECT_EQ(b.changes, "CO OH HH ");
  b.complete(hung, verdict::failure);
  EXPECT_EQ(b.letter(), 'H');
  b.complete(next.ticket, verdict::success);
  EXPECT_EQ(b.letter(), 'C');
}

TEST(BreakerCore, B12AsManyProbesAtOnceAsAllowed) {
  auto b = half_open(recovery(3, 2, 5));
  std::vector<breaker_ticket> out;
  for (int i = 0; i < 3; ++i) {
    const auto a = b.admit();
    ASSERT_TRUE(a.admitted);
    out.push_back(a.ticket);
  }
  EXPECT_FALSE(b.admit().admitted);
  b.complete(out[1], verdict::neutral);
  EXPECT_TRUE(b.admit().admitted);
  EXPECT_FALSE(b.admit().admitted);
  EXPECT_EQ(b.metrics().probes_in_flight, 3U);
}

TEST(BreakerCore, B18NeutralProbesNeverExhaustTheRoom) {
  auto b = half_open(recovery(2, 2, 2));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(b.play("N"), "H");
  }
  EXPECT_EQ(b.play("SS"), "HC");
}

TEST(BreakerCore, B20ASlowSuccessCanOpenByItself) {
  bench b({.failure_rate = .9,
           .slow_call_rate = .5,
           .slow_threshold = 2s,
           .min_throughput = 2,
           .window_calls = 4});
  EXPECT_EQ(b.play("S"), "C");
  b.slow_success(2s);
  EXPECT_EQ(b.letter(), 'O');
  EXPECT_EQ(b.metrics().recorded, 0U);
}

TEST(BreakerCore, B22AnOutcomeFromAnEarlierClosedEraDoesNotCountInThisOne) {
  bench b(consecutive(2));
  const auto old = b.admit().ticket;
  b.play("FF");
  b.now += 5s;
  b.play("S");
  EXPECT_EQ(b.letter(), 'C');
  b.complete(old, verdict::failure);
  EXPECT_EQ(b.metrics().failures, 0U);
  EXPECT_EQ(b.play("F"), "C");
}

TEST(BreakerCore, B24AChangeSaysWhatWhenAndForHowLong) {
  bench b(consecutive(1));
  const auto opened = *b.core.complete(b.admit().ticket, verdict::failure, b.now);
  EXPECT_EQ(opened.from, breaker_state::closed);
  EXPECT_EQ(opened.to, breaker_state::open);
  EXPECT_EQ(opened.at, b.now);
  EXPECT_EQ(opened.break_for, 5s);
  EXPECT_EQ(opened.era, 1U);
  EXPECT_EQ(b.metrics().since, b.now);
  EXPECT_EQ(b.metrics().until, b.now + 5s);
  b.now += 7s;
  const auto probing = *b.core.admit(b.now).change;
  EXPECT_EQ(probing.at, b.now);
  EXPECT_EQ(probing.break_for, 0s);
  EXPECT_EQ(probing.era, 2U);
}

// The era ends as a whole: votes that had come in count no more either.
TEST(BreakerCore, B26ALeaseThatRanOutStartsTheVoteAnew) {
  auto o = recovery(2, 2, 3);
  o.probe_lease = 10s;
  auto b = half_open(o);
  b.play("S");
  const auto hung = b.admit().ticket;
  b.now += 4s;
  const auto waiting = b.admit().ticket;
  EXPECT_EQ(b.admit().retry_after, 6s);
  b.now += 6s;
  const auto fresh = b.admit();
  ASSERT_TRUE(fresh.admitted);
  EXPECT_EQ(fresh.change->from, breaker_state::half_open);
  EXPECT_EQ(fresh.change->to, breaker_state::half_open);
  b.complete(hung, verdict::success);
  b.complete(waiting, verdict::success);
  EXPECT_EQ(b.metrics().recorded, 0U);
  b.complete(fresh.ticket, verdict::success);
  EXPECT_EQ(b.letter(), 'H');
  EXPECT_EQ(b.play("S"), "C");
}

TEST(BreakerCore, B32AWaitOfZeroOrLessFromThePeer) {
  auto o = consecutive(1);
  o.break_on_retry_after = true;
  bench b(o);
  b.complete(b.admit().ticket, verdict::failure, -1s);
  EXPECT_EQ(b.admit().retry_after, 5s);
  bench now(o);
  now.complete(now.admit().ticket, verdict::failure, 0s);
  EXPECT_TRUE(now.admit().admitted);
  o.break_cap = 1s;  // never less than break_for
  bench capped(o);
  capped.complete(capped.admit().ticket, verdict::failure, 30s);
  EXPECT_EQ(capped.admit().retry_after, 5s);
}

TEST(BreakerCore, TheLengthOfABreakIsSetToNothingLessThanZero) {
  bench b(consecutive(1));
  b.play("F");
  b.core.set_break(b.core.era(), -5s);
  EXPECT_EQ(b.core.until(), b.now);
  b.core.set_break(b.core.era() + 1, 5s);
  EXPECT_EQ(b.core.until(), b.now);
}

TEST(BreakerCore, OpenUntilAnInstant) {
  bench b(consecutive(1));
  const auto c = b.core.open_until(b.now + 7s, b.now);
  EXPECT_EQ(c.break_for, 7s);
  b.now += 6s;
  EXPECT_EQ(b.admit().retry_after, 1s);
  EXPECT_EQ(b.core.state(b.now), breaker_state::open);
  b.now += 1s;
  EXPECT_EQ(b.core.state(b.now), breaker_state::half_open);
  EXPECT_EQ(b.play("S"), "C");
}

TEST(BreakerCore, TheLengthOfABreakMayBeSetInItsEraOnly) {
  bench b(consecutive(1));
  b.play("F");
  const auto era = b.core.era();
  b.core.set_break(era, 20s);
  EXPECT_EQ(b.admit().retry_after, 20s);
  b.core.reset(b.now);
  b.core.set_break(era, 100s);
  EXPECT_EQ(b.play("S"), "C");
}

TEST(BreakerCore, EverythingIsNewAfterClosing) {
  auto b = half_open(consecutive(2));
  b.core.reset(b.now);
  EXPECT_EQ(b.play("F"), "C");
  EXPECT_EQ(b.metrics().recorded, 1U);
}

TEST(BreakerCore, HoldsOutAtTheEndsOfTime) {
  auto o = consecutive(1);
  o.break_for = duration::max();
  o.break_cap = duration::max();
  o.break_multiplier = 1e300;
  bench b(o);
  EXPECT_EQ(b.play("F"), "O");
  EXPECT_EQ(b.core.until(), no_deadline);
  b.now = time_point::max() - 1ns;
  EXPECT_FALSE(b.admit().admitted);
}

TEST(BreakerCore, TheSpreadIsDrawnOnceAndOnlyWhenAskedFor) {
  auto o = consecutive(1);
  random_source random(3);
  breaker_core plain(o);
  plain.complete(plain.admit(time_point{}).ticket, verdict::failure, time_point{}, {}, &random);
  EXPECT_EQ(random(), random_source(3)());  // nothing was drawn before
  o.break_jitter = .5;
  random_source again(3);
  breaker_core spread(o);
  const auto c = spread.complete(spread.admit(time_point{}).ticket, verdict::failure, time_point{},
                                 {}, &again);
  const auto share = 1 + .5 * (2 * random_source(3).uniform() - 1);
  EXPECT_NEAR(static_cast<double>(c->break_for.count()), 5e9 * share, 1);
  breaker_core without(o);
  const auto even =
      without.complete(without.admit(time_point{}).ticket, verdict::failure, time_point{});
  EXPECT_EQ(even->break_for, 5s);
}

TEST(BreakerCore, NothingOfAnEraIsLeftInTheNext) {
  bench two(recovery(2, 2, 2));
  two.play("F");
  two.now += 5s;
  (void)two.admit();  // hangs
  EXPECT_EQ(two.play("F"), "O");
  EXPECT_EQ(two.metrics().probes_in_flight, 0U);
  EXPECT_EQ(two.metrics().until, two.now + 5s);
  EXPECT_EQ(two.core.open_until(two.now + 1s, two.now).break_index, 1U);
  EXPECT_EQ(two.metrics().break_index, 1U);
  two.core.reset(two.now);
  EXPECT_EQ(two.metrics().until, time_point{});
  EXPECT_EQ(two.metrics().break_index, 0U);
}

}  // namespace
}  // namespace fairlead::policy
