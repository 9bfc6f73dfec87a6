// SPDX-License-Identifier: BSL-1.0
// Vectors B01 to B43 of the acceptance list, on the state machine alone.
#include <fairlead/policy/breaker_core.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

// Plays a script of outcomes at one instant after the other.
class bench {
 public:
  explicit bench(breaker_options options) : core(options) {}

  breaker_admission admit() {
    auto a = core.admit(now);
    note(a.change);
    return a;
  }
  void complete(const breaker_ticket& t, verdict v, std::optional<duration> retry_after = {}) {
    note(core.complete(t, v, now, retry_after));
  }
  // S F X N: admit and complete at once. Returns the state after each: C O H, or R for a rejection.
  std::string play(std::string_view script) {
    std::string out;
    for (const char c : script) {
      if (c == ' ') {
        continue;
      }
      const auto a = admit();
      if (!a.admitted) {
        out += 'R';
        continue;
      }
      complete(a.ticket, c == 'S'   ? verdict::success
                         : c == 'F' ? verdict::failure
                         : c == 'X' ? verdict::fatal
                                    : verdict::neutral);
      out += letter();
    }
    return out;
  }
  void slow_success(duration length) {
    const auto a = admit();
    now += length;
    complete(a.ticket, verdict::success);
  }
  [[nodiscard]] char letter() const { return "COHIDM"[static_cast<int>(core.raw_state())]; }
  [[nodiscard]] breaker_metrics metrics() { return core.metrics(now); }

  breaker_core core;
  time_point now{1000s};
  std::string changes;

 private:
  void note(const std::optional<breaker_change>& c) {
    if (c) {
      changes += "COHIDM"[static_cast<int>(c->from)];
      changes += "COHIDM"[static_cast<int>(c->to)];
      changes += ' ';
    }
  }
};

breaker_options consecutive(std::uint32_t n) {
  return {.consecutive_failures = n, .break_for = 5s, .successes = 1};
}

breaker_options recovery(std::uint32_t probes, std::uint32_t k, std::uint32_t n) {
  return {
      .consecutive_failures = 1, .break_for = 5s, .probes = probes, .successes = k, .of_probes = n};
}

// A breaker that has just been half-opened, with nothing voted yet.
bench half_open(const breaker_options& o) {
  bench b(o);
  b.play("F");
  b.now += 5s;
  return b;
}

TEST(BreakerCore, B01ConsecutiveFailures) {
  bench b(consecutive(3));
  EXPECT_EQ(b.play("FSFF F"), "CCCCO");
}

TEST(BreakerCore, B02FatalFailuresCountTooAndNeutralOnesNeitherCountNorReset) {
  bench b(consecutive(3));
  EXPECT_EQ(b.play("FNXN F"), "CCCCO");
}

TEST(BreakerCore, B03SomeOfTheLastFew) {
  bench b({.failures = 3, .of = 4, .break_for = 5s});
  std::string script;
  for (int i = 0; i < 20; ++i) {
    script += "SF";
  }
  EXPECT_EQ(b.play(script), std::string(40, 'C'));
  EXPECT_EQ(b.play("FSF"), "O" + std::string("RR"));
  bench early({.failures = 3, .of = 4});
  EXPECT_EQ(early.play("FFF"), "CCO");
}

TEST(BreakerCore, B05RateOverACountWindow) {
  bench b({.failure_rate = 0.5, .min_throughput = 5, .window_calls = 10, .break_for = 5s});
  EXPECT_EQ(b.play("SSSFFF"), "CCCCCO");
}

TEST(BreakerCore, ACountWindowForgetsTheOldest) {
  bench b({.failure_rate = 0.6, .min_throughput = 5, .window_calls = 5, .break_for = 5s});
  EXPECT_EQ(b.play("FFSSS SSFF"), "CCCCCCCCC");
  EXPECT_EQ(b.metrics().failures, 2U);
  EXPECT_EQ(b.metrics().recorded, 5U);
  EXPECT_EQ(b.play("F"), "O");
}

TEST(BreakerCore, B07RateOverATimeWindow) {
  bench b({.failure_rate = 1, .min_throughput = 100, .window = 10s, .slices = 10});
  struct row {
    const char* round;
    std::uint64_t calls;
    double rate;
    std::uint64_t failures;
  };
  for (const auto& r : {row{"FS", 2, .5, 1}, row{"FS", 4, .5, 2}, row{"SS", 6, 2. / 6, 2},
                        row{"SS", 8, .25, 2}, row{"SS", 8, .125, 1}}) {
    b.play(r.round);
    b.now += 2s;
    const auto m = b.metrics();
    EXPECT_EQ(m.recorded, r.calls);
    EXPECT_DOUBLE_EQ(m.failure_rate, r.rate);
    EXPECT_EQ(m.failures, r.failures);
  }
  b.now += 2s;
  EXPECT_EQ(b.metrics().recorded, 6U);
  EXPECT_EQ(b.metrics().failures, 0U);
  EXPECT_DOUBLE_EQ(b.metrics().failure_rate, 0);
}

TEST(BreakerCore, B08ATimeWindowEmptiesInALongPause) {
  bench b({.failure_rate = .5, .min_throughput = 4, .window = 10s});
  EXPECT_EQ(b.play("FFF"), "CCC");
  b.now += 10s;
  EXPECT_EQ(b.play("F"), "C");
  EXPECT_EQ(b.metrics().recorded, 1U);
  EXPECT_EQ(b.play("SFF"), "CCO");
}

TEST(BreakerCore, B09SlowCalls) {
  bench b({.slow_call_rate = .6, .slow_threshold = 2s, .window_calls = 5});
  std::string states;
  for (const auto length : {3s, 1s, 3s, 1s, 3s}) {
    b.slow_success(length);
    states += b.letter();
  }
  EXPECT_EQ(states, "CCCCO");
}

TEST(BreakerCore, ACallOfExactlyTheThresholdIsSlow) {
  bench b({.slow_call_rate = 1, .slow_threshold = 2s, .min_throughput = 1, .window_calls = 5});
  b.slow_success(2s - 1ns);
  EXPECT_EQ(b.letter(), 'C');
  bench c({.slow_call_rate = 1, .slow_threshold = 2s, .min_throughput = 1, .window_calls = 5});
  c.slow_success(2s);
  EXPECT_EQ(c.letter(), 'O');
}

// resilience4j#1597: a backend that hangs is noticed before any call has come back.
TEST(BreakerCore, B10CallsInFlightPastTheThresholdAreSlowAlready) {
  bench b({.slow_call_rate = .5,
           .slow_threshold = 2s,
           .min_throughput = 4,
           .window = 10s,
           .break_for = 5s});
  std::vector<breaker_ticket> hanging;
  for (int i = 0; i < 4; ++i) {
    hanging.push_back(b.admit().ticket);
  }
  b.now += 1900ms;
  EXPECT_TRUE(b.admit().admitted);
  EXPECT_EQ(b.metrics().slow, 0U);
  b.now += 350ms;
  EXPECT_EQ(b.metrics().slow, 4U);
  const auto refused = b.admit();
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.retry_after, 5s);
  EXPECT_EQ(b.letter(), 'O');
  for (const auto& t : hanging) {
    b.complete(t, verdict::success);  // of an era that is over
  }
  EXPECT_EQ(b.changes, "CO ");
}

TEST(BreakerCore, CallsThatCameBackAreNotInFlight) {
  bench b({.slow_call_rate = 1, .slow_threshold = 2s, .min_throughput = 1, .window = 100s});
  const auto quick = b.admit().ticket;
  const auto gone = b.admit().ticket;
  b.now += 1s;
  b.complete(quick, verdict::success);
  b.complete(gone, verdict::neutral);
  b.now += 10s;
  EXPECT_EQ(b.metrics().slow, 0U);
  EXPECT_EQ(b.metrics().recorded, 1U);
  EXPECT_TRUE(b.admit().admitted);
}

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

TEST(BreakerCore, B29DisabledCountsNothingAndMetricsOnlyCountsAll) {
  bench off(consecutive(1));
  off.core.disable(off.now);
  EXPECT_EQ(off.play(std::string(100, 'F')), std::string(100, 'D'));
  EXPECT_EQ(off.metrics().recorded, 0U);
  bench watch(consecutive(1));
  watch.core.metrics_only(watch.now);
  EXPECT_EQ(watch.play(std::string(100, 'F')), std::string(100, 'M'));
  EXPECT_EQ(watch.metrics().recorded, 100U);
  EXPECT_DOUBLE_EQ(watch.metrics().failure_rate, 1);
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

TEST(BreakerCore, B04AsManyAsAllOfTheLastFew) {
  bench b({.failures = 3, .of = 3, .break_for = 5s});
  EXPECT_EQ(b.play("FFSFFSFFF"), "CCCCCCCCO");
}

TEST(BreakerCore, B06ARateOfOneNeedsAllAndTheMinimumTooIsInclusive) {
  bench b({.failure_rate = 1, .min_throughput = 3, .window_calls = 3, .break_for = 5s});
  EXPECT_EQ(b.play("FFSFFF"), "CCCCCO");
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

TEST(BreakerCore, StatesHaveNames) {
  std::string all;
  for (const auto s :
       {breaker_state::closed, breaker_state::open, breaker_state::half_open,
        breaker_state::isolated, breaker_state::disabled, breaker_state::metrics_only}) {
    all.append(to_string(s)).append(" ");
  }
  EXPECT_EQ(all, "closed open half_open isolated disabled metrics_only ");
}

TEST(BreakerCore, B43TooFewCallsNeverOpenARate) {
  bench b({.failure_rate = .5, .min_throughput = 20, .window = 10s});
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(b.play("F"), "C");
    b.now += 1s;
  }
}

TEST(BreakerCore, B43AConsecutiveRuleComposesToCoverIt) {
  bench b({.consecutive_failures = 7, .failure_rate = .5, .min_throughput = 20, .window = 10s});
  EXPECT_EQ(b.play("FFFFFF"), "CCCCCC");
  EXPECT_EQ(b.play("F"), "O");
}

TEST(BreakerCore, ASuccessCanBringTheRateOverTheMinimum) {
  bench b({.failure_rate = .5, .min_throughput = 4, .window_calls = 10, .break_for = 5s});
  EXPECT_EQ(b.play("FFFS"), "CCCO");
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

TEST(BreakerOptions, TheDefaultsAreSound) {
  EXPECT_TRUE(problems_of(breaker_options{}).empty());
  const breaker_core core(breaker_options{});
  EXPECT_EQ(core.options().consecutive_failures, 5U);
  EXPECT_EQ(core.options().of_probes, 2U);
  EXPECT_EQ(core.options().break_for, 60s);
}

TEST(BreakerOptions, NamesEveryProblemAtOnce) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto found = problems_of({.consecutive_failures = 0,
                                  .failures = 5,
                                  .of = 4,
                                  .failure_rate = nan,
                                  .slow_call_rate = -1,
                                  .slow_threshold = 0s,
                                  .min_throughput = 0,
                                  .window = 0s,
                                  .slices = 0,
                                  .break_for = -1s,
                                  .break_multiplier = .5,
                                  .break_cap = -1s,
                                  .break_jitter = 2,
                                  .probes = 0,
                                  .successes = 0,
                                  .probe_lease = 0s});
  EXPECT_EQ(found.size(), 15U);
  EXPECT_EQ(problems_of({.failures = 1}).front(), "failures and of must be given together");
  EXPECT_EQ(problems_of({.min_throughput = 11, .window_calls = 10}).size(), 1U);
  EXPECT_EQ(problems_of({.successes = 3, .of_probes = 2}).size(), 1U);
  EXPECT_EQ(problems_of({.failures = 1, .of = 1U << 21U}).size(), 1U);
}

}  // namespace
}  // namespace fairlead::policy
