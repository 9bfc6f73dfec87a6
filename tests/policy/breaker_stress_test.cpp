// SPDX-License-Identifier: BSL-1.0
// Sixteen threads in one breaker: no outcome is lost, none counts twice, none after its era.
#include <fairlead/policy/breaker_fleet.hpp>
#include <fairlead/policy/circuit_breaker.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstdint>
#include <thread>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;

constexpr int threads = 16;
constexpr int calls = 10'000;
const time_point start{1000s};

template <class F>
void in_threads(F f) {
  std::barrier together(threads);
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      together.arrive_and_wait();
      f(t);
    });
  }
  for (auto& t : all) {
    t.join();
  }
}

void one_call(const circuit_breaker& b, verdict v, time_point now) {
  auto p = b.admit(now);
  ASSERT_TRUE(p);
  p->complete(v, now);
}

class BreakerStress : public ::testing::TestWithParam<breaker_options> {};

TEST_P(BreakerStress, CountsEverySuccess) {
  const circuit_breaker b(GetParam());
  in_threads([&](int) {
    for (int i = 0; i < calls; ++i) {
      one_call(b, verdict::success, start);
    }
  });
  const auto m = b.metrics(start);
  EXPECT_EQ(m.recorded, std::uint64_t{threads} * calls);
  EXPECT_EQ(m.failures, 0U);
}

TEST_P(BreakerStress, CountsAMixture) {
  const circuit_breaker b(GetParam());
  b.metrics_only(start);
  in_threads([&](int t) {
    for (int i = 0; i < calls / 10; ++i) {
      one_call(b, i % 10 == t % 10 ? verdict::failure : verdict::success, start);
      auto dropped = b.admit(start);
    }
  });
  EXPECT_EQ(b.metrics(start).recorded, std::uint64_t{threads} * calls / 10);
}

TEST_P(BreakerStress, CountsWhileOthersLookOn) {
  const circuit_breaker b(GetParam());
  in_threads([&](int t) {
    for (int i = 0; i < calls / 10; ++i) {
      if (t == 0) {
        (void)b.metrics(start);
        (void)b.state_at(start);
      } else {
        one_call(b, verdict::success, start);
      }
    }
  });
  EXPECT_EQ(b.metrics(start).recorded, std::uint64_t{threads - 1} * (calls / 10));
}

// What was admitted in an era that somebody ended counts for nothing: never more is recorded than
// was admitted since.
TEST_P(BreakerStress, ErasDoNotMix) {
  const circuit_breaker b(GetParam());
  for (int round = 0; round < 20; ++round) {
    std::vector<circuit_breaker::permit> old;
    for (int t = 0; t < threads; ++t) {
      auto p = b.admit(start);
      ASSERT_TRUE(p);
      old.push_back(std::move(*p));
    }
    b.reset(start);
    std::atomic<int> fresh{0};
    in_threads([&](int t) {
      old[static_cast<std::size_t>(t)].complete(verdict::success, start);
      for (int i = 0; i < 20; ++i) {
        one_call(b, verdict::success, start);
        ++fresh;
      }
    });
    ASSERT_EQ(b.metrics(start).recorded, static_cast<std::uint64_t>(fresh));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rules, BreakerStress,
    ::testing::Values(breaker_options{.consecutive_failures = 1'000'000},
                      breaker_options{.failure_rate = 1, .min_throughput = 1, .window = 10s},
                      breaker_options{.failure_rate = 1, .window_calls = 1U << 20U},
                      breaker_options{.failures = 1U << 19U, .of = 1U << 20U},
                      breaker_options{.slow_call_rate = 1, .slow_threshold = 1h}));

// The clock runs on while they count: each slice has what came in it.
TEST(BreakerStress, SlicesPassWhileThreadsCount) {
  const circuit_breaker b{{.failure_rate = 1, .window = 10s, .slices = 10}};
  std::atomic<std::int64_t> second{0};
  in_threads([&](int t) {
    for (int i = 0; i < 5'000; ++i) {
      if (t == 0 && i % 1'000 == 999) {
        ++second;
      }
      one_call(b, verdict::success, start + std::chrono::seconds(second.load()));
    }
  });
  EXPECT_EQ(b.metrics(start + 5s).recorded, std::uint64_t{threads} * 5'000);
  EXPECT_EQ(b.metrics(start + 15s).recorded, 0U);
}

// Opens exactly at its threshold, whoever brings the failures.
TEST(BreakerStress, OpensAtTheExactFailure) {
  for (int round = 0; round < 20; ++round) {
    const circuit_breaker b{{.failures = 800, .of = 1U << 20U}};
    std::atomic<int> admitted{0};
    in_threads([&](int) {
      for (int i = 0; i < 100; ++i) {
        auto p = b.admit(start);
        if (p) {
          ++admitted;
          p->complete(i % 2 == 0 ? verdict::failure : verdict::success, start);
        }
      }
    });
    // 16 threads bring 50 failures each: the very last one opens it.
    EXPECT_EQ(b.metrics(start).recorded, 0U);
    EXPECT_EQ(b.state_at(start), breaker_state::open);
    EXPECT_GE(admitted, 800);
  }
}

// Threads of all kinds against one breaker that opens, probes and closes: for the sanitizers, and
// nobody is left behind in it.
TEST(BreakerStress, EverythingComesBack) {
  const breaker_fleet fleet{{.max_open_fraction = .5, .min_members = 1}};
  const circuit_breaker b{{.consecutive_failures = 3, .break_for = 1ms, .probes = 2}, fleet};
  std::atomic<std::uint64_t> changes{0};
  b.on_transition([&](const breaker_change&) { ++changes; });
  std::atomic<std::int64_t> ms{0};
  in_threads([&](int t) {
    for (int i = 0; i < 2'000; ++i) {
      const auto now = start + std::chrono::milliseconds(ms += (i % 8 == 0 ? 1 : 0));
      auto p = b.admit(now);
      if (p && (i + t) % 7 != 0) {
        p->complete((i / 50) % 2 == 0 ? verdict::success : verdict::failure, now);
      }
      if (t == 0 && i % 500 == 0) {
        b.isolate(now);
        b.reset(now);
      }
    }
  });
  const auto m = b.metrics(start + 1h);
  EXPECT_EQ(m.probes_in_flight, 0U);
  EXPECT_EQ(m.era, changes);
}

}  // namespace
}  // namespace fairlead::policy
