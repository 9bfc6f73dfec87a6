// SPDX-License-Identifier: BSL-1.0
// Random sequences: the arithmetic must agree with the reference to the nanosecond, and whatever
// calls do, no interval holds more starts than it may and nobody waits longer than told.
#include "policy/reference_rate.hpp"

#include "support/sim_test.hpp"

#include <fairlead/core/random.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/rate_limit.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;
using testing::reference_rate;

constexpr rate_algorithm all_algorithms[] = {
    rate_algorithm::gcra,        rate_algorithm::smooth,          rate_algorithm::token_bucket,
    rate_algorithm::sliding_log, rate_algorithm::sliding_counter, rate_algorithm::bursty};

struct taking {
  std::int64_t from;
  std::uint32_t cost;
};

// What differs first, or nothing.
std::optional<std::string> difference(const rate_limit_options& o,
                                      const std::vector<taking>& sequence) {
  rate_core core(o);
  reference_rate expected(o);
  std::string told;
  for (const auto& t : sequence) {
    const auto due = core.take(t.cost, time_point(duration(t.from))).due.time_since_epoch().count();
    const auto right = expected.take(t.cost, t.from);
    told +=
        std::to_string(t.cost) + "@" + std::to_string(t.from) + "->" + std::to_string(due) + " ";
    if (due != right) {
      return told + "but should be " + std::to_string(right);
    }
  }
  return std::nullopt;
}

// The shortest sequence that still differs, by leaving out one after the other.
std::string shrunk(const rate_limit_options& o, std::vector<taking> sequence) {
  for (std::size_t i = 0; i < sequence.size();) {
    auto shorter = sequence;
    shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
    if (difference(o, shorter)) {
      sequence = std::move(shorter);
    } else {
      ++i;
    }
  }
  return difference(o, sequence).value_or("nothing");
}

TEST(RateModel, TheCoreAgreesWithTheReference) {
  for (std::uint64_t seed = 1; seed <= 800; ++seed) {
    random_source r(seed);
    rate_limit_options o{.algorithm = all_algorithms[r.below(6)],
                         .permits = static_cast<std::uint32_t>(1 + r.below(7)),
                         .period = duration(1 + static_cast<std::int64_t>(r.below(60)))};
    if (r.below(2) == 0) {
      o.burst = static_cast<std::uint32_t>(1 + r.below(9));
    }
    ASSERT_TRUE(problems_of(o).empty());
    const auto most = max_cost(o) == 0 ? 5 : max_cost(o);
    std::vector<taking> sequence;
    std::int64_t now = 0;
    for (int i = 0; i < 40; ++i) {
      now += r.below(3) == 0 ? static_cast<std::int64_t>(r.below(50)) : 0;
      sequence.push_back({now, static_cast<std::uint32_t>(1 + r.below(most))});
    }
    ASSERT_FALSE(difference(o, sequence))
        << "seed " << seed << " " << to_string(o.algorithm) << " " << o.permits << " per "
        << o.period.count() << " ns, burst " << o.burst.value_or(0) << ": " << shrunk(o, sequence);
  }
}

struct started {
  time_point at;
  std::uint32_t cost;
};

// P6 by its definition, for those algorithms that promise it.
void expect_bounded(const rate_limit_options& o, const std::vector<started>& starts,
                    std::uint64_t seed) {
  for (std::size_t i = 0; i < starts.size(); ++i) {
    std::int64_t sum = 0;
    for (std::size_t j = i; j < starts.size(); ++j) {
      sum += starts[j].cost;
      const auto length = (starts[j].at - starts[i].at).count();
      const auto where = [&] {
        return "seed " + std::to_string(seed) + " starts " + std::to_string(i) + " to " +
               std::to_string(j);
      };
      if (o.algorithm == rate_algorithm::gcra) {
        const auto burst = static_cast<double>(o.burst.value_or(o.permits));
        ASSERT_LE(static_cast<double>(sum), burst + 1e-6 +
                                                static_cast<double>(length) * o.permits /
                                                    static_cast<double>(o.period.count()))
            << where();
      } else if (o.algorithm == rate_algorithm::sliding_log && length < o.period.count()) {
        ASSERT_LE(sum, o.permits) << where();
      } else if (o.algorithm == rate_algorithm::bursty) {
        ASSERT_LE(sum - starts[i].cost, o.permits * (length / o.period.count() + 2)) << where();
      } else if (o.algorithm == rate_algorithm::smooth) {
        ASSERT_LE(
            static_cast<double>(sum) - starts[i].cost,
            1 + static_cast<double>(length) * o.permits / static_cast<double>(o.period.count()))
            << where();
      }
    }
  }
}

// Calls that come, wait, give up, are destroyed; peers that ask for a pause.
TEST(RateModel, WhateverCallsDoTheLimitHoldsAndNobodyWaitsLongerThanTold) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    random_source r(seed);
    rate_limit_options o{.algorithm = all_algorithms[r.below(6)],
                         .permits = static_cast<std::uint32_t>(1 + r.below(5)),
                         .period = 100ms,
                         .max_wait = std::chrono::milliseconds(r.below(400))};
    if (r.below(2) == 0) {
      o.burst = static_cast<std::uint32_t>(1 + r.below(6));
    }
    const auto most = static_cast<std::uint32_t>(max_cost(o) == 0 ? 3 : max_cost(o));
    const bool pauses = r.below(4) == 0;
    const rate_limit limit(o);
    if (o.algorithm == rate_algorithm::token_bucket) {
      o.algorithm = rate_algorithm::gcra;
    }
    std::vector<started> starts;
    sim::world w(seed);
    int ended = 0;
    constexpr int calls = 40;
    for (int i = 0; i < calls; ++i) {
      const auto come = std::chrono::microseconds(r.below(600'000));
      const auto cost = static_cast<std::uint32_t>(1 + r.below(most));
      const bool gives_up = r.below(3) == 0;
      const auto patience = std::chrono::microseconds(r.below(200'000));
      const bool hurried = r.below(4) == 0;
      w.spawn("call", [&, come, cost, gives_up, patience, hurried](context& root) -> task<void> {
        (void)co_await sleep_for(root, come);
        cancel_scope mine(root);
        auto dear = mine.with_cost(cost);
        if (hurried) {
          dear = dear.with_timeout(patience);
        }
        const auto begin = root.now();
        std::optional<result<void>> taken;
        if (gives_up) {
          w.spawn("canceller", [patience, &mine, &taken](context& cx) -> task<void> {
            (void)co_await sleep_for(cx, patience);
            if (!taken) {
              mine.cancel();
            }
          });
        }
        const result<void> got = co_await limit.acquire(dear);
        taken = got;
        ++ended;
        if (got) {
          starts.push_back({root.now(), cost});
          EXPECT_TRUE(pauses || root.now() - begin <= o.max_wait) << "seed " << seed;
          EXPECT_TRUE(root.now() < dear.deadline()) << "seed " << seed;
        } else if (got.error().kind() == error_kind::rate_limited) {
          EXPECT_TRUE(pauses || root.now() == begin) << "seed " << seed << ": refused late";
        } else {
          EXPECT_EQ(got.error().kind(), error_kind::cancelled) << "seed " << seed;
        }
        if (gives_up) {
          (void)co_await sleep_until(root, saturating_add(begin, patience + 1us));
        }
      });
    }
    if (pauses) {
      w.spawn("peer", [&](context& cx) -> task<void> {
        (void)co_await sleep_for(cx, 150ms);
        limit.pause_until(cx.now() + 120ms);
      });
    }
    w.run_until_idle();
    testing::expect_quiet(w);
    ASSERT_EQ(ended, calls) << "seed " << seed;
    expect_bounded(o, starts, seed);
    if (pauses) {
      for (const auto& s : starts) {
        const auto since = s.at.time_since_epoch() - 1000h;
        ASSERT_TRUE(since < 150ms + 1ns || since >= 270ms) << "seed " << seed;
      }
    }
    ASSERT_EQ(limit.metrics(w.now()).waiting, 0U);
    ASSERT_TRUE(limit.idle(w.now() + 10s)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace fairlead::policy
