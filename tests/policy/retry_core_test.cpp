// SPDX-License-Identifier: BSL-1.0
// The decisions of a retry, alone.
#include <fairlead/policy/retry_core.hpp>

#include <gtest/gtest.h>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

const time_point start{1000s};

retry_options steady(std::uint32_t attempts, duration delay = 1s) {
  return {.max_attempts = attempts,
          .backoff = {.kind = backoff_kind::constant,
                      .delay = delay,
                      .cap = duration::max(),
                      .jitter = jitter::none}};
}

retry_facts failed(time_point deadline = no_deadline) {
  return {.now = start, .deadline = deadline};
}

TEST(RetryCore, CountsAllAttempts) {
  retry_core core;
  const auto o = steady(3);
  EXPECT_EQ(core.decide(o, failed()).wait, 1s);
  EXPECT_EQ(core.attempt(), 2U);
  EXPECT_EQ(core.decide(o, failed()).stop, retry_stop::none);
  EXPECT_EQ(core.decide(o, failed()).stop, retry_stop::attempts);
  EXPECT_EQ(core.attempt(), 3U);
}

TEST(RetryCore, OneAttemptIsNoRetry) {
  retry_core core;
  EXPECT_EQ(core.decide(steady(1), failed()).stop, retry_stop::attempts);
}

TEST(RetryCore, RepeatsOnlyWhatMayPass) {
  for (const auto v : {verdict::success, verdict::fatal, verdict::neutral}) {
    retry_core core;
    EXPECT_EQ(core.decide(steady(3), {.outcome = v}).stop, retry_stop::not_retryable);
  }
}

TEST(RetryCore, RepeatsOnlyWhatIsSafe) {
  struct row {
    error_sent sent;
    bool repeatable;
    bool declined;
    bool allowed;
  };
  for (const auto& r :
       {row{error_sent::not_sent, false, false, true}, row{error_sent::not_sent, true, false, true},
        row{error_sent::unknown, false, true, false}, row{error_sent::unknown, true, false, true},
        row{error_sent::answered, false, false, false},
        row{error_sent::answered, false, true, true},
        row{error_sent::answered, true, false, true}}) {
    retry_core core;
    auto f = failed();
    f.sent = r.sent;
    f.repeatable = r.repeatable;
    f.declined = r.declined;
    EXPECT_EQ(core.decide(steady(3), f).stop,
              r.allowed ? retry_stop::none : retry_stop::not_idempotent)
        << to_string(r.sent) << r.repeatable << r.declined;
  }
}

TEST(RetryCore, NeverWaitsUpToTheDeadlineOrPastIt) {
  for (const auto& [left, allowed] : {std::pair{1001ms, true}, std::pair{1000ms, false},
                                      std::pair{500ms, false}, std::pair{0ms, false}}) {
    retry_core core;
    EXPECT_EQ(core.decide(steady(3), failed(start + left)).stop,
              allowed ? retry_stop::none : retry_stop::deadline)
        << left / 1ms;
  }
}

TEST(RetryCore, LeavesRoomForAUsefulAttempt) {
  auto o = steady(3);
  o.min_useful = 500ms;
  retry_core core;
  EXPECT_EQ(core.decide(o, failed(start + 1499ms)).stop, retry_stop::deadline);
  EXPECT_EQ(core.decide(o, failed(start + 1500ms)).stop, retry_stop::none);
  EXPECT_EQ(core.decide(o, failed()).stop, retry_stop::none);
}

TEST(RetryCore, TheDecisionAtTheEndOfTimeDoesNotOverflow) {
  auto o = steady(unlimited, duration::max());
  o.min_useful = duration::max();
  retry_core core;
  EXPECT_EQ(core.decide(o, failed()).wait, duration::max());
  EXPECT_EQ(core.decide(o, failed(start + 1h)).stop, retry_stop::deadline);
}

// R13
TEST(RetryCore, R13APeersWaitIsAFloor) {
  retry_core core;
  auto f = failed();
  f.retry_after = 5s;
  EXPECT_EQ(core.decide(steady(9), f).wait, 5s);
  f.retry_after = 200ms;
  EXPECT_EQ(core.decide(steady(9), f).wait, 1s);
  auto deaf = steady(9);
  deaf.honour_retry_after = false;
  f.retry_after = 5s;
  EXPECT_EQ(core.decide(deaf, f).wait, 1s);
}

// R15: a negative wait is no wait; zero, a date that has passed, leaves the own backoff.
TEST(RetryCore, R15SenselessWaitsAreIgnored) {
  retry_core core;
  auto f = failed();
  f.retry_after = -1s;
  EXPECT_EQ(core.decide(steady(9), f).wait, 1s);
  f.retry_after = 0s;
  EXPECT_EQ(core.decide(steady(9), f).wait, 1s);
}

TEST(RetryCore, ASpreadOnlyAddsToAPeersWait) {
  auto o = steady(unlimited);
  o.retry_after_spread = 2s;
  auto f = failed();
  f.retry_after = 5s;
  f.uniform = 0.5;
  retry_core core;
  EXPECT_EQ(core.decide(o, f).wait, 6s);
  EXPECT_TRUE(retry_core::draws(o, {}));
  EXPECT_FALSE(retry_core::draws(steady(3), {}));
  EXPECT_FALSE(retry_core::draws(o, {.pushback = 1s})) << "exactly so long";
  EXPECT_FALSE(retry_core::draws(o, {.retry_after = o.retry_after_cap + 1s})) << "too long";
  EXPECT_TRUE(retry_core::draws(o, {.retry_after = 1s}));
}

TEST(RetryCore, APeerThatAsksForTooMuchIsNotWaitedFor) {
  retry_core core;
  auto f = failed();
  f.retry_after = 61s;
  EXPECT_EQ(core.decide(steady(9), f).stop, retry_stop::retry_after);
  f.retry_after = duration::max();
  auto patient = steady(9);
  patient.retry_after_cap = duration::max();
  patient.retry_after_spread = 1h;
  EXPECT_EQ(core.decide(patient, f).wait, duration::max());
  f.deadline = start + 30s;
  f.retry_after = 31s;
  EXPECT_EQ(core.decide(steady(9), f).stop, retry_stop::deadline);
}

TEST(RetryCore, APushbackIsExactAndRestartsTheBackoff) {
  retry_options o{.max_attempts = unlimited, .backoff = {.delay = 1s, .jitter = jitter::none}};
  retry_core core;
  EXPECT_EQ(core.decide(o, failed()).wait, 1s);
  EXPECT_EQ(core.decide(o, failed()).wait, 2s);
  auto pushed = failed();
  pushed.pushback = 10ms;
  EXPECT_EQ(core.decide(o, pushed).wait, 10ms);
  EXPECT_EQ(core.decide(o, failed()).wait, 1s);
  pushed.pushback = -1ms;
  EXPECT_EQ(core.decide(o, pushed).stop, retry_stop::retry_after);
}

TEST(RetryCore, AnOwnDelayTakesThePlaceOfTheBackoff) {
  retry_core core;
  auto f = failed();
  f.own_delay = 7ms;
  EXPECT_EQ(core.decide(steady(9), f).wait, 7ms);
  f.own_delay = -7ms;
  EXPECT_EQ(core.decide(steady(9), f).wait, 1s);
  f.own_delay = 7ms;
  f.retry_after = 3s;
  EXPECT_EQ(core.decide(steady(9), f).wait, 3s);
}

// R25
TEST(RetryCore, R25WhatNeverLeftIsSentAgainOnceUncounted) {
  retry_core core;
  auto gone = failed();
  gone.sent = error_sent::not_sent;
  gone.never_left = true;
  const auto first = core.decide(steady(3), gone);
  EXPECT_TRUE(first.uncounted);
  EXPECT_EQ(first.wait, 0ms);
  EXPECT_EQ(core.attempt(), 1U);
  const auto second = core.decide(steady(3), gone);
  EXPECT_FALSE(second.uncounted);
  EXPECT_EQ(second.wait, 1s);
  EXPECT_EQ(core.attempt(), 2U);
  EXPECT_EQ(core.decide(steady(3), failed()).stop, retry_stop::none);
  EXPECT_EQ(core.decide(steady(3), failed()).stop, retry_stop::attempts);
}

TEST(RetryCore, WhatNeverLeftIsSentAgainEvenAfterTheLastAttempt) {
  retry_core core;
  auto gone = failed();
  gone.sent = error_sent::not_sent;
  gone.never_left = true;
  EXPECT_TRUE(core.decide(steady(1), gone).uncounted);
  EXPECT_EQ(core.decide(steady(1), gone).stop, retry_stop::attempts);
  retry_core late;
  gone.deadline = start;
  EXPECT_EQ(late.decide(steady(1), gone).stop, retry_stop::deadline);
}

TEST(RetryCore, GoesOnForEverWhenUnlimited) {
  retry_core core;
  const auto o = steady(unlimited, 0ms);
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_EQ(core.decide(o, failed()).stop, retry_stop::none);
  }
  EXPECT_EQ(core.attempt(), 100'001U);
}

TEST(RetryCore, NamesEveryProblem) {
  EXPECT_TRUE(problems_of(retry_options{}).empty());
  EXPECT_EQ(problems_of(retry_options{.max_attempts = 0,
                                      .backoff = {.delay = -1s},
                                      .retry_after_cap = -1s,
                                      .retry_after_spread = -1s,
                                      .min_useful = -1s})
                .size(),
            5U);
}

// Zero is a wait like any other.
TEST(RetryCore, WaitsOfZeroAreTaken) {
  auto now = failed();
  now.pushback = 0s;
  EXPECT_EQ(retry_core().decide(steady(3), now).wait, 0s);
  EXPECT_EQ(retry_core().decide(steady(3), now).stop, retry_stop::none);
  auto own = failed();
  own.own_delay = 0s;
  EXPECT_EQ(retry_core().decide(steady(3), own).wait, 0s);
  auto asked = failed();
  asked.retry_after = 0s;
  asked.uniform = .5;
  auto o = steady(3);
  o.retry_after_spread = 10s;
  EXPECT_EQ(retry_core().decide(o, asked).wait, 5s);
  o.retry_after_cap = 0s;
  EXPECT_TRUE(problems_of(o).empty());
  EXPECT_EQ(retry_core().decide(o, asked).stop, retry_stop::none);
}

}  // namespace
}  // namespace fairlead::policy
