// SPDX-License-Identifier: BSL-1.0
// What a breaker counts: windows, runs, calls in flight, and votes.
#include <fairlead/policy/breaker_counts.hpp>

#include <gtest/gtest.h>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

const time_point start{1000s};

TEST(CountWindow, SuccessesInBulkAreTheSameAsOneByOne) {
  for (std::uint32_t size = 1; size <= 7; ++size) {
    for (std::uint64_t n = 0; n <= 16; ++n) {
      count_window bulk(size);
      count_window single(size);
      for (const bool bad : {true, false, true, true}) {
        bulk.add(bad);
        single.add(bad);
      }
      bulk.add_good(n);
      for (std::uint64_t i = 0; i < n; ++i) {
        single.add(false);
      }
      bulk.add(true);
      single.add(true);
      EXPECT_EQ(bulk.totals().calls, single.totals().calls) << size << ' ' << n;
      EXPECT_EQ(bulk.totals().bad, single.totals().bad) << size << ' ' << n;
    }
  }
}

TEST(CountWindow, AFreshStartForgetsAll) {
  count_window w(2);
  w.add(true);
  w.clear();
  EXPECT_EQ(w.totals().calls, 0U);
  EXPECT_EQ(w.totals().bad, 0U);
  w.add(false);
  w.add(true);
  w.add(false);  // pushes out the first after the fresh start, which was good
  EXPECT_EQ(w.totals().calls, 2U);
  EXPECT_EQ(w.totals().bad, 1U);
}

TEST(TimeWindow, SlicesBeginAtMultiplesOfTheirWidth) {
  time_window w(10s, 4);
  w.add(true, start + 1s);
  EXPECT_EQ(w.slice_width(), 2500ms);
  EXPECT_EQ(w.slice_ends(), start + 2500ms);
  EXPECT_EQ(w.totals(start + 9999ms).calls, 1U);
  EXPECT_EQ(w.slice_ends(), start + 10s);
  EXPECT_EQ(w.totals(start + 10s).calls, 0U);
  EXPECT_EQ(w.totals().bad, 0U);
}

TEST(TimeWindow, SuccessesInBulkGoIntoTheNewestSlice) {
  time_window w(10s, 10);
  w.add(true, start);
  w.add(false, start + 5s);
  w.add_good(7);
  EXPECT_EQ(w.totals(start + 10s).calls, 8U);
  EXPECT_EQ(w.totals(start + 14s).calls, 8U);
  EXPECT_EQ(w.totals(start + 15s).calls, 0U);
}

TEST(TimeWindow, ATimeBeforeTheNewestSliceCountsInIt) {
  time_window w(10s, 10);
  w.add(true, start + 9s);
  w.add(true, start);
  EXPECT_EQ(w.totals(start + 18s).bad, 2U);
  EXPECT_EQ(w.totals(start).bad, 2U);
}

// After a pause of exactly the window, and one slice less.
TEST(TimeWindow, APauseAsLongAsTheWindowEmptiesIt) {
  for (const auto& [pause, kept] : {std::pair(9s, 1U), std::pair(10s, 0U), std::pair(11s, 0U)}) {
    time_window w(10s, 10);
    w.add(true, start);
    w.add(true, start + pause);
    EXPECT_EQ(w.totals().calls, 1 + kept);
    EXPECT_EQ(w.totals().bad, 1 + kept);
  }
}

TEST(TimeWindow, ASliceStopsCountingBeforeItOverflows) {
  time_window w(10s, 10);
  w.add(false, start);
  w.add_good(~std::uint64_t{0});
  EXPECT_EQ(w.totals().calls, 0xffffffffU);
  w.add(true, start);
  w.add_good(1);
  EXPECT_EQ(w.totals().calls, 0xffffffffU);
  EXPECT_EQ(w.totals().bad, 0U);
  w.add(true, start + 1s);
  EXPECT_EQ(w.totals(start + 1s).calls, 0x100000000U);
  EXPECT_EQ(w.totals(start + 10s).calls, 1U);
}

TEST(TimeWindow, HoldsOutAtTheEndsOfTime) {
  time_window w(duration::max(), 1);
  w.add(true, start);
  EXPECT_EQ(w.slice_ends(), time_point::max());
  EXPECT_EQ(w.totals(time_point::max()).calls, 0U);
  EXPECT_EQ(w.slice_ends(), time_point::max());
  time_window narrow(1ns, 10);  // no slice is narrower than a nanosecond
  EXPECT_EQ(narrow.slice_width(), 1ns);
  narrow.add(true, start);
  EXPECT_EQ(narrow.slice_ends(), start + 1ns);
  EXPECT_EQ(narrow.totals(time_point::max() - 1ns).calls, 0U);
  EXPECT_EQ(narrow.slice_ends(), time_point::max());
  EXPECT_FALSE(time_window{});
}

TEST(OverdueCalls, KnowsThemAnEighthOfTheThresholdLaterAtMost) {
  overdue_calls o(800ms);
  o.begin(start);
  EXPECT_EQ(o.count(start + 799ms), 0U);
  EXPECT_EQ(o.count(start + 899ms), 0U);
  EXPECT_EQ(o.count(start + 900ms), 1U);
  o.end(start);
  EXPECT_EQ(o.count(start + 900ms), 0U);
}

TEST(OverdueCalls, ForgetsWhatEndsBeforeItIsOverdue) {
  overdue_calls o(800ms);
  for (int i = 0; i < 3; ++i) {
    o.begin(start + i * 100ms);
  }
  o.end(start + 100ms);
  EXPECT_EQ(o.count(start + 900ms), 1U);
  EXPECT_EQ(o.count(start + 1100ms), 2U);
  EXPECT_EQ(o.count(start + 10h), 2U);
  o.end(start);
  o.end(start + 200ms);
  EXPECT_EQ(o.count(start + 20h), 0U);
}

// The first and the last of those that are not overdue have different buckets, also where the
// threshold is no multiple of eight.
TEST(OverdueCalls, TellsApartCallsAThresholdApart) {
  for (const auto threshold : {800ns, 9ns, 15ns}) {
    const auto part = (threshold + 7ns) / 8;
    overdue_calls o(threshold);
    o.begin(start);
    o.begin(start + threshold);
    EXPECT_EQ(o.count(start + threshold), 0U);
    EXPECT_EQ(o.count(start + threshold + part), 1U) << threshold.count();
  }
}

// A thread that read the clock before others did.
TEST(OverdueCalls, ACallMayBeginLate) {
  overdue_calls o(800ms);
  EXPECT_EQ(o.count(start + 800ms), 0U);
  o.begin(start);
  EXPECT_EQ(o.count(start + 800ms), 0U);
  EXPECT_EQ(o.count(start + 10s), 1U);
  o.begin(start);
  EXPECT_EQ(o.count(start + 10s), 2U);
  o.end(start);
  o.end(start);
  EXPECT_EQ(o.count(start + 10s), 0U);
  o.begin(start + 10s);
  o.clear();
  EXPECT_EQ(o.count(start + 100s), 0U);
}

TEST(OverdueCalls, ThresholdsOfAllLengths) {
  overdue_calls brief(1ns);
  brief.begin(start);
  EXPECT_EQ(brief.count(start + 1ns), 0U);
  EXPECT_EQ(brief.count(start + 2ns), 1U);
  overdue_calls endless(duration::max());
  endless.begin(start);
  EXPECT_EQ(endless.count(time_point::max()), 0U);
}

breaker_options filled_in(breaker_options o) {
  o.min_throughput = o.min_throughput.value_or(4);
  o.of_probes = o.of_probes.value_or(o.successes);
  return o;
}

// Whether a success may be counted beside the core, under each rule.
TEST(BreakerCounts, ASuccessIsPlainWhereItCannotMatter) {
  const auto plain_after = [](const breaker_options& given, std::string_view script) {
    const auto o = filled_in(given);
    breaker_counts c(o);
    for (const char s : script) {
      c.record(s == 'F', false, start);
    }
    return c.success_is_plain(o);
  };
  const breaker_options in_a_row{.consecutive_failures = 3};
  EXPECT_TRUE(plain_after(in_a_row, "SSS"));
  EXPECT_FALSE(plain_after(in_a_row, "SF"));  // it ends the run
  EXPECT_TRUE(plain_after(in_a_row, "FS"));
  const breaker_options some{.failures = 2, .of = 3};
  EXPECT_TRUE(plain_after(some, "S"));
  EXPECT_FALSE(plain_after(some, "FSS"));  // it moves the window
  EXPECT_TRUE(plain_after(some, "FSSS"));
  const breaker_options counted{.failure_rate = .5, .window_calls = 4};
  EXPECT_TRUE(plain_after(counted, ""));
  EXPECT_FALSE(plain_after(counted, "FSSS"));
  EXPECT_TRUE(plain_after(counted, "FSSSS"));
  const breaker_options timed{.failure_rate = .5, .window = 10s};
  EXPECT_TRUE(plain_after(timed, "SS"));
  EXPECT_FALSE(plain_after(timed, "SSF"));  // one more is the minimal throughput
  EXPECT_TRUE(plain_after(timed, "SSFF"));
  const breaker_options both{.consecutive_failures = 9, .failure_rate = .9, .window = 10s};
  EXPECT_TRUE(plain_after(both, "FSSS"));
  EXPECT_FALSE(plain_after(both, "SSSF"));
  EXPECT_FALSE(plain_after({.slow_call_rate = .5}, ""));
}

TEST(BreakerCounts, KnowsWhenTheNewestSliceEnds) {
  EXPECT_EQ(breaker_counts(filled_in({.consecutive_failures = 1})).slice_ends(), time_point::max());
  EXPECT_EQ(breaker_counts(filled_in({.consecutive_failures = 1})).slice_width(), duration::max());
  breaker_counts timed(filled_in({.failure_rate = .5, .window = 10s}));
  timed.record(true, false, start);
  EXPECT_EQ(timed.slice_ends(), start + 1s);
  EXPECT_EQ(timed.slice_width(), 1s);
}

TEST(BreakerCounts, SlowCallsHaveAWindowOfTheirOwn) {
  for (const std::uint32_t window_calls : {0U, 4U}) {
    const auto o =
        filled_in({.slow_call_rate = .5, .slow_threshold = 2s, .window_calls = window_calls});
    breaker_counts c(o);
    c.record(false, true, start);
    c.record(true, false, start);
    c.record(false, true, start);
    EXPECT_FALSE(c.tripped(o, start));
    c.in_flight()->begin(start);
    EXPECT_EQ(c.slow_totals(start).calls, 3U);
    EXPECT_EQ(c.slow_totals(start + 3s).calls, 4U);
    EXPECT_EQ(c.slow_totals(start + 3s).bad, 3U);
    EXPECT_EQ(c.totals(start + 3s).bad, 1U);
    EXPECT_TRUE(c.tripped(o, start + 3s));
    c.clear();
    EXPECT_EQ(c.slow_totals(start + 3s).calls, 0U);
    EXPECT_EQ(c.totals(start + 3s).calls, 0U);
  }
}

TEST(ProbeVotes, DecideAsEarlyAsTheyCan) {
  const auto o = filled_in({.probes = 2, .successes = 2, .of_probes = 3});
  const auto votes_of = [&o](std::string_view script) {
    probe_votes v(o.probes);
    std::string out;
    for (const char s : script) {
      out += "urf"[static_cast<int>(v.vote(s == 'S', o))];
    }
    return out;
  };
  EXPECT_EQ(votes_of("SS"), "ur");
  EXPECT_EQ(votes_of("SFS"), "uur");
  EXPECT_EQ(votes_of("SFF"), "uuf");
  EXPECT_EQ(votes_of("FF"), "uf");
}

TEST(ProbeVotes, ThoseInFlightAndThoseThatVotedShareTheRoom) {
  const auto o = filled_in({.probes = 2, .successes = 2, .of_probes = 3});
  probe_votes v(o.probes);
  v.begin(start);
  EXPECT_TRUE(v.room(o));
  v.begin(start + 1s);
  EXPECT_FALSE(v.room(o));
  EXPECT_EQ(v.oldest(), start);
  v.end(start);
  EXPECT_EQ(v.oldest(), start + 1s);
  EXPECT_TRUE(v.room(o));
  EXPECT_EQ(v.vote(true, o), probe_votes::outcome::undecided);
  EXPECT_TRUE(v.room(o));
  EXPECT_EQ(v.vote(false, o), probe_votes::outcome::undecided);
  EXPECT_FALSE(v.room(o));  // one in flight, two voted
  v.end(start + 7s);        // nobody
  EXPECT_EQ(v.in_flight(), 1U);
  v.clear();
  EXPECT_EQ(v.in_flight(), 0U);
  EXPECT_EQ(v.vote(true, o), probe_votes::outcome::undecided);
}

}  // namespace
}  // namespace fairlead::policy
