// SPDX-License-Identifier: BSL-1.0
// Calls that are broken off at every place where they can wait, by the end of their event loop and
// by a cancellation: no permit, timer, reservation, flight or frame is left behind.
#include "policy/scripted_operation.hpp"

#include "support/doomed_loop.hpp"

#include <fairlead/core/semaphore.hpp>
#include <fairlead/policy/adaptive_limit.hpp>
#include <fairlead/policy/any_stack.hpp>
#include <fairlead/policy/bulkhead.hpp>
#include <fairlead/policy/cache.hpp>
#include <fairlead/policy/coalesce.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/rate_limit.hpp>
#include <fairlead/policy/shed.hpp>
#include <fairlead/policy/throttle.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

const time_point much_later{std::chrono::hours(100'000)};

// Runs of an operation: each is counted as long as its frame exists.
struct log_of_runs {
  int started = 0;
  int ended = 0;
  int here = 0;
};

struct presence {
  explicit presence(log_of_runs& l) noexcept : log(l) { ++log.here; }
  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;
  ~presence() { --log.here; }
  log_of_runs& log;
};

// The n-th run does the n-th act; owns what it uses.
class working {
 public:
  static constexpr bool self_contained = true;
  static constexpr auto idempotency = fairlead::idempotency::idempotent;

  working(std::shared_ptr<log_of_runs> log, std::vector<act> script)
      : log_(std::move(log)), script_(std::move(script)) {}

  task<result<int>> operator()(context& cx) {
    const auto n = static_cast<std::size_t>(log_->started++);
    return perform(cx, log_, script_[std::min(n, script_.size() - 1)]);
  }

 private:
  static task<result<int>> perform(context& cx, std::shared_ptr<log_of_runs> log, act todo) {
    const presence here(*log);
    auto waited = co_await wait(cx, todo);
    ++log->ended;
    if (!waited) {
      co_return tl::unexpected<error>(waited.error());
    }
    if (todo.fails) {
      co_return tl::unexpected<error>(*todo.fails);
    }
    co_return todo.value;
  }
  static task<result<void>> wait(context& cx, const act& todo) {
    cancel_scope own(cx.env());
    context& under = todo.ignores_context ? static_cast<context&>(own) : cx;
    if (todo.hangs) {
      auto hung = co_await sleep_until(under, no_deadline);
      co_return hung;
    }
    auto slept = co_await sleep_for(under, todo.after);
    co_return slept;
  }

  std::shared_ptr<log_of_runs> log_;
  std::vector<act> script_;
};

// Calls of one stack, one a millisecond.
struct calls_of_a_stack {
  template <class Stack>
  void call(doomed_loop& loop, const Stack& s, int how_many, const std::vector<act>& script,
            std::string key = {}, duration limit = duration::max()) {
    const working op(log, script);
    for (int i = 0; i < how_many; ++i) {
      loop.spawn([s, op, i, key, limit](context& cx) -> task<void> {
        if (i > 0) {
          (void)co_await sleep_for(cx, i * 1ms);
        }
        auto mine = cx.with_key(key).with_timeout(limit);
        auto got = co_await s.run(mine, op);
        (void)got;
      });
    }
  }
  void check() const { EXPECT_EQ(log->here, 0) << "frames are left"; }

  std::shared_ptr<log_of_runs> log = std::make_shared<log_of_runs>();
};

void told(std::size_t places) {
  std::printf("             broken off at %zu places\n", places);
  EXPECT_GT(places, 5U);
}

TEST(BrokenOff, ASemaphore) {
  struct story {
    semaphore one{1};
    void start(doomed_loop& loop) {
      for (int i = 0; i < 3; ++i) {
        loop.spawn([this](context& cx) -> task<void> {
          auto held = co_await one.acquire(cx);
          (void)co_await sleep_for(cx, 5ms);
        });
      }
    }
    void check() const {
      EXPECT_EQ(one.available(), 1U);
      EXPECT_EQ(one.waiting(), 0U);
    }
  };
  told(break_off_everywhere<story>());
}

TEST(BrokenOff, ABulkhead) {
  struct story : calls_of_a_stack {
    bulkhead places{{.max = 1, .queue = 5, .max_wait = 7ms}};
    void start(doomed_loop& loop) {
      call(loop, stack{places}, 4, {succeed(1, 3ms), fail_softly(3ms)});
      loop.spawn([this](context& cx) -> task<void> {
        auto held = co_await places.acquire(cx);
        (void)co_await sleep_for(cx, 2ms);
      });
    }
    void check() const {
      calls_of_a_stack::check();
      EXPECT_EQ(places.metrics().in_use, 0U);
      EXPECT_EQ(places.metrics().waiting, 0U);
      EXPECT_TRUE(places.try_acquire());
    }
  };
  told(break_off_everywhere<story>());
}

TEST(BrokenOff, AnAdaptiveLimit) {
  struct story : calls_of_a_stack {
    adaptive_limit places{{.initial = 1, .max = 1, .queue = 5, .max_wait = 7ms}};
    void start(doomed_loop& loop) {
      call(loop, stack{places}, 4, {succeed(1, 3ms), fail_softly(3ms)});
    }
    void check() const {
      calls_of_a_stack::check();
      EXPECT_EQ(places.metrics().in_use, 0U);
      EXPECT_EQ(places.metrics().waiting, 0U);
    }
  };
  told(break_off_everywhere<story>());
}

TEST(BrokenOff, ARateLimit) {
  struct story : calls_of_a_stack {
    rate_limit limit{{.permits = 1, .period = 10ms, .max_wait = 25ms}};
    void start(doomed_loop& loop) {
      call(loop, stack{limit}, 4, {succeed(1, 3ms)});
      loop.spawn([this](context& cx) -> task<void> { (void)co_await limit.acquire(cx); });
    }
    void check() const {
      calls_of_a_stack::check();
      EXPECT_EQ(limit.metrics(much_later).waiting, 0U);
      EXPECT_TRUE(limit.idle(much_later));
    }
  };
  told(break_off_everywhere<story>());
}

// The four budgets, of a retry and of a hedge.
template <class Options>
struct budget_story : calls_of_a_stack {
  static Options options() {
    Options o;
    if constexpr (std::is_same_v<Options, in_flight_budget> ||
                  std::is_same_v<Options, window_budget>) {
      o.min = 2;
    }
    return o;
  }
  retry_budget budget{options()};
  double before = budget.metrics({}).tokens;

  void start(doomed_loop& loop) {
    call(loop, stack{steady_retry(3, 4ms).with_budget(budget)}, 2,
         {fail_softly(2ms), fail_softly(), succeed(1, 3ms)});
    call(loop, stack{hedge{{.delay = 2ms, .max_hedges = 2}}.with_budget(budget)}, 2,
         {hang(), fail_softly(2ms), succeed(1, 3ms)});
  }
  void check() const {
    calls_of_a_stack::check();
    EXPECT_EQ(budget.metrics(much_later).in_use, 0U);
    EXPECT_EQ(budget.metrics(much_later).in_flight, 0U);
    if (log->ended == 0 && !std::is_same_v<Options, window_budget>) {
      EXPECT_EQ(budget.metrics(much_later).tokens, before) << "an attempt that never ended cost";
    }
  }
};

TEST(BrokenOff, RetriesAndHedgesWithABudget) {
  told(break_off_everywhere<budget_story<token_budget>>());
  told(break_off_everywhere<budget_story<in_flight_budget>>());
  told(break_off_everywhere<budget_story<window_budget>>());
  told(break_off_everywhere<budget_story<quota_budget>>());
}

TEST(BrokenOff, AHedge) {
  struct story : calls_of_a_stack {
    bulkhead places{{.max = 4, .queue = 4, .max_wait = 1s}};
    void start(doomed_loop& loop) {
      const hedge waits({.delay = 2ms, .max_hedges = 2});
      const hedge leaves({.delay = 2ms, .max_hedges = 2, .loser_grace = 1ms});
      const std::vector<act> acts = {stubborn(1, 30ms), fail_softly(3ms), succeed(3, 4ms)};
      call(loop, stack{waits, places}, 2, acts);
      call(loop, stack{leaves, places}, 2, acts);
    }
    void check() const {
      calls_of_a_stack::check();
      EXPECT_EQ(places.metrics().in_use, 0U);
      EXPECT_EQ(places.metrics().waiting, 0U);
    }
  };
  told(break_off_everywhere<story>());
}

TEST(BrokenOff, CoalescedCalls) {
  struct story : calls_of_a_stack {
    coalesce shared;
    bulkhead places{{.max = 1}};
    void start(doomed_loop& loop) {
      const auto s = stack{shared, places};
      call(loop, s, 3, {succeed(1, 5ms), fail_softly(5ms)}, "a", 4ms);
      call(loop, s, 2, {succeed(1, 5ms)}, "a");
    }
    void check() const {
      calls_of_a_stack::check();
      EXPECT_EQ(shared.flights(), 0U);
      EXPECT_EQ(places.metrics().in_use, 0U);
    }
  };
  told(break_off_everywhere<story>());
}

// A refresh that was broken off does not keep later calls from fetching.
TEST(BrokenOff, ACacheWithARefresh) {
  struct story : calls_of_a_stack {
    cache kept{{.ttl = 2ms, .stale_while_revalidate = 1h}};
    bulkhead places{{.max = 1, .queue = 9, .max_wait = 1s}};
    void start(doomed_loop& loop) { call(loop, stack{kept, places}, 6, {succeed(1, 1ms)}, "k"); }
    void check() {
      calls_of_a_stack::check();
      EXPECT_EQ(places.metrics().in_use, 0U);
      EXPECT_EQ(places.metrics().waiting, 0U);
      const auto fetched = log->started;
      doomed_loop another;
      another.spawn([](context& cx) -> task<void> { (void)co_await sleep_for(cx, 50ms); });
      another.run();
      call(another, stack{kept}, 1, {succeed(2)}, "k");
      another.run();
      EXPECT_EQ(log->started, fetched + 1) << "nobody fetches any more";
      calls_of_a_stack::check();
    }
  };
  told(break_off_everywhere<story>());
}

TEST(BrokenOff, AThrottleAndAShedder) {
  struct story : calls_of_a_stack {
    throttle sends{{.k = 1000}};
    shed drops{{.limit = 5, .predict = false}};
    void start(doomed_loop& loop) {
      call(loop, stack{sends, drops}, 4, {succeed(1, 3ms), fail_softly(3ms)});
    }
    void check() const {
      calls_of_a_stack::check();
      EXPECT_EQ(drops.metrics().in_flight, 0U);
      // What did not end was never there.
      EXPECT_LE(sends.metrics(time_point(std::chrono::hours(1000))).requests,
                static_cast<std::uint64_t>(log->ended));
    }
  };
  told(break_off_everywhere<story>());
}

TEST(BrokenOff, AProbe) {
  struct story : calls_of_a_stack {
    circuit_breaker breaker{{.consecutive_failures = 1, .break_for = 2ms, .probes = 2}};
    void start(doomed_loop& loop) {
      call(loop, stack{breaker, attempt_timeout{3ms}}, 6,
           {fail_softly(), hang(), succeed(1, 1ms), hang()});
    }
    void check() const {
      calls_of_a_stack::check();
      EXPECT_EQ(breaker.metrics(much_later).probes_in_flight, 0U);
    }
  };
  told(break_off_everywhere<story>());
}

// Everything at once, in the canonical order.
struct everything : calls_of_a_stack {
  coalesce shared;
  cache kept{{.ttl = 3ms, .stale_while_revalidate = 2ms}};
  shed drops{{.limit = 5}};
  throttle sends{{.k = 1000}};
  retry_budget budget{in_flight_budget{.ratio = 0, .min = 3}};
  rate_limit limit{{.permits = 2, .period = 2ms, .max_wait = 1s}};
  circuit_breaker breaker{{.consecutive_failures = 3, .break_for = 2ms}};
  bulkhead places{{.max = 2, .queue = 9, .max_wait = 1s}};
  adaptive_limit adapts{{.initial = 2, .max = 2, .queue = 9, .max_wait = 1s}};

  [[nodiscard]] auto all() const {
    return stack{kept,
                 shared,
                 total_timeout{12ms},
                 drops,
                 sends,
                 steady_retry(3, 2ms).with_budget(budget),
                 hedge{{.delay = 1ms, .max_hedges = 1, .loser_grace = 1ms}}.with_budget(budget),
                 limit,
                 breaker,
                 places,
                 adapts,
                 attempt_timeout{4ms}};
  }
  template <class Stack>
  void start_with(doomed_loop& loop, const Stack& s) {
    const std::vector<act> acts = {fail_softly(1ms), hang(), stubborn(1, 6ms), succeed(2, 1ms)};
    call(loop, s, 3, acts, "k");
    call(loop, s, 2, acts, "l");
    call(loop, s, 1, acts);
  }
  void check() const {
    calls_of_a_stack::check();
    EXPECT_EQ(shared.flights(), 0U);
    EXPECT_EQ(drops.metrics().in_flight, 0U);
    EXPECT_EQ(budget.metrics(much_later).in_use, 0U);
    EXPECT_EQ(budget.metrics(much_later).in_flight, 0U);
    EXPECT_EQ(limit.metrics(much_later).waiting, 0U);
    EXPECT_EQ(breaker.metrics(much_later).probes_in_flight, 0U);
    EXPECT_EQ(places.metrics().in_use, 0U);
    EXPECT_EQ(places.metrics().waiting, 0U);
    EXPECT_EQ(adapts.metrics().in_use, 0U);
    EXPECT_EQ(adapts.metrics().waiting, 0U);
  }
};

TEST(BrokenOff, AStackOfEverything) {
  struct story : everything {
    void start(doomed_loop& loop) { start_with(loop, all()); }
  };
  told(break_off_everywhere<story>());
}

TEST(BrokenOff, AnAnyStackOfEverything) {
  struct story : everything {
    void start(doomed_loop& loop) { start_with(loop, any_stack(all())); }
  };
  told(break_off_everywhere<story>());
}

// Those who share a run from another event loop are told when its loop goes away.
TEST(BrokenOff, ARunThatOthersWaitFor) {
  const coalesce shared;
  const auto s = stack{shared};
  auto log = std::make_shared<log_of_runs>();
  const working op(log, {hang()});
  std::optional<result<int>> outcome;
  doomed_loop mine;
  {
    doomed_loop other;
    other.spawn([&](context& cx) -> task<void> {
      auto keyed = cx.with_key("k");
      (void)co_await s.run(keyed, op);
    });
    other.run();
    mine.spawn([&](context& cx) -> task<void> {
      auto keyed = cx.with_key("k");
      auto got = co_await s.run(keyed, op);
      outcome = got;
    });
    mine.run();
    EXPECT_EQ(log->started, 1);
    EXPECT_FALSE(outcome);
  }
  mine.run();
  ASSERT_TRUE(outcome) << "waits for ever";
  EXPECT_FALSE(outcome->has_value());
  EXPECT_EQ(shared.flights(), 0U);
  EXPECT_EQ(log->here, 0);
}

}  // namespace
}  // namespace fairlead::policy
