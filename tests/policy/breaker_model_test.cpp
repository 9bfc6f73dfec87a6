// SPDX-License-Identifier: BSL-1.0
// Random sequences of calls, outcomes and pauses: the breaker and the handle must agree with the
// reference at every step.
#include "policy/reference_breaker.hpp"

#include <fairlead/core/random.hpp>
#include <fairlead/policy/circuit_breaker.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;
using testing::reference_breaker;

template <class T>
T one_of(random_source& random, std::initializer_list<T> choices) {
  return *(choices.begin() + static_cast<std::ptrdiff_t>(random.below(choices.size())));
}

breaker_options random_options(random_source& r) {
  breaker_options o;
  switch (r.below(5)) {
    case 0:
      o.consecutive_failures = static_cast<std::uint32_t>(1 + r.below(4));
      break;
    case 1:
      o.of = static_cast<std::uint32_t>(1 + r.below(8));
      o.failures = static_cast<std::uint32_t>(1 + r.below(o.of));
      break;
    case 2:
      o.slow_call_rate = one_of(r, {.25, .5, 1.});
      o.slow_threshold = one_of<duration>(r, {16ms, 40ms, 100ms});
      break;
    case 3:
      o.consecutive_failures = 4;
      [[fallthrough]];
    default:
      o.failure_rate = one_of(r, {.25, .5, .75, 1.});
  }
  if (r.below(2) == 0) {
    o.window_calls = static_cast<std::uint32_t>(2 + r.below(10));
    o.min_throughput = static_cast<std::uint32_t>(1 + r.below(o.window_calls));
  } else {
    o.window = one_of<duration>(r, {40ms, 100ms, 1000ms});
    o.slices = one_of(r, {1U, 4U, 10U});
    o.min_throughput = static_cast<std::uint32_t>(1 + r.below(8));
  }
  o.break_for = one_of<duration>(r, {0ms, 10ms, 50ms});
  o.break_multiplier = one_of(r, {1., 2.});
  o.break_cap = 100ms;
  o.probes = static_cast<std::uint32_t>(1 + r.below(3));
  o.successes = static_cast<std::uint32_t>(1 + r.below(3));
  o.of_probes = o.successes + static_cast<std::uint32_t>(r.below(3));
  o.probe_lease = one_of<duration>(r, {20ms, 200ms});
  return o;
}

verdict random_verdict(random_source& r) {
  return one_of(r, {verdict::success, verdict::success, verdict::failure, verdict::failure,
                    verdict::fatal, verdict::neutral});
}

char letter(breaker_state s) {
  return "COHIDM"[static_cast<int>(s)];
}

TEST(BreakerModel, TheCoreAgreesWithTheReference) {
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    random_source r(seed);
    const auto o = random_options(r);
    ASSERT_TRUE(problems_of(o).empty());
    breaker_core core(o);
    reference_breaker expected(o);
    time_point now{1000s};
    std::vector<std::pair<int, breaker_ticket>> flying;
    for (int i = 0; i < 150; ++i) {
      const auto what = r.below(10);
      if (what < 5) {
        const auto index = expected.admit(now);
        const auto a = core.admit(now);
        ASSERT_EQ(a.admitted, index >= 0) << "seed " << seed << " step " << i;
        if (a.admitted) {
          flying.emplace_back(index, a.ticket);
        }
      } else if (what < 9 && !flying.empty()) {
        const auto pick = static_cast<std::ptrdiff_t>(r.below(flying.size()));
        const auto [index, ticket] = flying[static_cast<std::size_t>(pick)];
        flying.erase(flying.begin() + pick);
        const auto v = random_verdict(r);
        expected.complete(index, v, now);
        core.complete(ticket, v, now);
      } else {
        now += one_of<duration>(r, {1ms, 5ms, 10ms, 23ms, 50ms});
      }
      ASSERT_EQ(letter(core.raw_state()), expected.state()) << "seed " << seed << " step " << i;
      ASSERT_EQ(core.era(), expected.era()) << "seed " << seed << " step " << i;
    }
  }
}

// The same through the handle, whose short ways must not be seen.
TEST(BreakerModel, TheHandleAgreesWithTheReference) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    random_source r(seed);
    const auto o = random_options(r);
    const circuit_breaker breaker(o);
    reference_breaker expected(o);
    time_point now{1000s};
    std::vector<std::pair<int, circuit_breaker::permit>> flying;
    for (int i = 0; i < 150; ++i) {
      const auto what = r.below(10);
      if (what < 5) {
        const auto index = expected.admit(now);
        auto p = breaker.admit(now);
        ASSERT_EQ(p.has_value(), index >= 0) << "seed " << seed << " step " << i;
        if (p) {
          flying.emplace_back(index, std::move(*p));
        }
      } else if (what < 9 && !flying.empty()) {
        const auto pick = static_cast<std::ptrdiff_t>(r.below(flying.size()));
        auto [index, permit] = std::move(flying[static_cast<std::size_t>(pick)]);
        flying.erase(flying.begin() + pick);
        const auto v = random_verdict(r);
        expected.complete(index, v, now);
        if (v == verdict::neutral && r.below(2) == 0) {
          const auto dropped = std::move(permit);
        } else {
          permit.complete(v, now);
        }
      } else {
        now += one_of<duration>(r, {1ms, 5ms, 10ms, 23ms, 50ms});
      }
      ASSERT_EQ(breaker.metrics(now).era, expected.era()) << "seed " << seed << " step " << i;
    }
  }
}

}  // namespace
}  // namespace fairlead::policy
