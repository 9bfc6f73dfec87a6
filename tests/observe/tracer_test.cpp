// SPDX-License-Identifier: BSL-1.0
// What becomes of spans that have ended: batches, their limits, and what is lost.
#include "support/sim_test.hpp"

#include <fairlead/observe/tracer.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/span_exporter.hpp>

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::observe {
namespace {

using namespace std::chrono_literals;
using testing::run_in_world;

// Keeps what it gets, and when.
class collector final : public span_exporter {
 public:
  struct batch {
    duration at;
    std::vector<std::string> names;
  };

  task<result<void>> export_spans(context& cx, std::span<const span_record> spans) override {
    if (began == time_point()) {
      began = cx.now();
    }
    batch b{cx.now() - began, {}};
    for (const auto& s : spans) {
      b.names.push_back(s.name);
    }
    ++calls;
    if (takes != duration::zero()) {
      const auto slept = co_await sleep_for(cx, takes);
      if (!slept) {
        co_return fail(slept.error());
      }
    }
    if (failures != 0) {
      --failures;
      co_return fail(errors::unavailable{"collector", "down", std::nullopt});
    }
    got.push_back(std::move(b));
    co_return result<void>();
  }

  std::vector<batch> got;
  time_point began{};
  duration takes{};
  int failures = 0;
  int calls = 0;
};

void make(tracer& t, context& cx, int from, int to) {
  for (int i = from; i <= to; ++i) {
    const span s(t, cx, std::to_string(i));
  }
}

// Runs the export beside `body(context&)`, and cancels it when that has ended.
template <class F>
void beside(tracer& t, collector& to, export_options options, F body) {
  run_in_world(1, [&](context& cx) -> task<void> {
    to.began = cx.now();
    task_scope scope(cx);
    scope.spawn([&](context& inner) { return t.export_to(inner, to, options); });
    co_await body(cx);
    scope.cancel();
    static_cast<void>(co_await scope.join());
  });
}

TEST(Tracer, ExportsWhatHasGathered) {
  tracer t;
  collector to;
  beside(t, to, {}, [&](context& cx) -> task<void> {
    make(t, cx, 1, 3);
    static_cast<void>(co_await sleep_for(cx, 7s));
    make(t, cx, 4, 4);
    static_cast<void>(co_await sleep_for(cx, 7s));
    EXPECT_EQ(to.calls, 2);
  });
  ASSERT_EQ(to.got.size(), 2U);
  EXPECT_EQ(to.got[0].at, 5s);
  EXPECT_EQ(to.got[0].names, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(to.got[1].at, 10s);
  EXPECT_EQ(t.counts().ended, 4U);
  EXPECT_EQ(t.counts().exported, 4U);
  EXPECT_EQ(t.counts().dropped + t.counts().failed, 0U);
}

TEST(Tracer, AFullBatchDoesNotWait) {
  tracer t;
  collector to;
  beside(t, to, {.batch = 2}, [&](context& cx) -> task<void> {
    make(t, cx, 1, 5);
    static_cast<void>(co_await sleep_for(cx, 1ms));
    EXPECT_EQ(to.got.size(), 3U);  // and takes the rest along
    make(t, cx, 6, 6);
    static_cast<void>(co_await sleep_for(cx, 1s));
    EXPECT_EQ(to.got.size(), 3U);
    make(t, cx, 7, 7);
    static_cast<void>(co_await sleep_for(cx, 1ms));
    EXPECT_EQ(to.got.size(), 4U);
  });
  EXPECT_EQ(to.got.at(0).names, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(to.got.at(2).names, (std::vector<std::string>{"5"}));
  EXPECT_EQ(to.got.at(3).names, (std::vector<std::string>{"6", "7"}));
}

TEST(Tracer, WhatWasThereBeforeTheExportIsExported) {
  tracer t;
  collector to;
  run_in_world(1, [&](context& cx) -> task<void> {
    make(t, cx, 1, 3);
    co_return;
  });
  beside(t, to, {.batch = 3}, [&](context& cx) -> task<void> {
    static_cast<void>(co_await sleep_for(cx, 1ms));
    EXPECT_EQ(to.got.size(), 1U);
  });
}

TEST(Tracer, AtTheEndTheRestIsExported) {
  tracer t;
  collector to;
  to.takes = 1s;
  beside(t, to, {.batch = 2}, [&](context& cx) -> task<void> {
    make(t, cx, 1, 1);
    static_cast<void>(co_await sleep_for(cx, 1s));
    make(t, cx, 2, 2);
    static_cast<void>(co_await sleep_for(cx, 500ms));  // amid the export
    make(t, cx, 3, 5);
  });
  ASSERT_EQ(to.got.size(), 3U);
  EXPECT_EQ(to.calls, 4);  // the one that was broken off comes again
  EXPECT_EQ(to.got[0].names, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(to.got[1].names, (std::vector<std::string>{"3", "4"}));
  EXPECT_EQ(to.got[2].names, (std::vector<std::string>{"5"}));
  EXPECT_EQ(t.counts().exported, 5U);
  EXPECT_EQ(t.counts().failed, 0U);
}

TEST(Tracer, TheEndIsBounded) {
  tracer t;
  collector to;
  to.takes = 3s;
  run_in_world(1, [&](context& cx) -> task<void> {
    cancel_scope scope(cx);
    scope.cancel();
    make(t, cx, 1, 5);
    const auto before = cx.now();
    co_await t.export_to(scope, to, {.batch = 1});
    EXPECT_EQ(cx.now() - before, 5s);
  });
  EXPECT_EQ(to.got.size(), 1U);
  EXPECT_EQ(t.counts().exported, 1U);
  EXPECT_EQ(t.counts().failed, 1U);
  EXPECT_EQ(t.take().size(), 3U);
}

TEST(Tracer, TheEndMayBeWithoutExports) {
  tracer t;
  collector to;
  run_in_world(1, [&](context& cx) -> task<void> {
    cancel_scope scope(cx);
    scope.cancel();
    make(t, cx, 1, 5);
    co_await t.export_to(scope, to, {.flush = 0s});
  });
  EXPECT_EQ(to.calls, 0);
  EXPECT_EQ(t.take().size(), 5U);
}

TEST(Tracer, ADeadlineEndsItToo) {
  tracer t;
  collector to;
  run_in_world(1, [&](context& cx) -> task<void> {
    make(t, cx, 1, 1);
    auto limited = cx.with_timeout(12s);
    const auto before = cx.now();
    co_await t.export_to(limited, to);
    EXPECT_EQ(cx.now() - before, 12s);
  });
  EXPECT_EQ(to.got.size(), 1U);
}

TEST(Tracer, WhatTheExporterLosesIsCounted) {
  tracer t;
  collector to;
  to.failures = 1;
  beside(t, to, {.batch = 2}, [&](context& cx) -> task<void> {
    make(t, cx, 1, 3);
    static_cast<void>(co_await sleep_for(cx, 1s));
  });
  EXPECT_EQ(t.counts().failed, 2U);
  EXPECT_EQ(t.counts().exported, 1U);
}

TEST(Tracer, AnExporterThatHangsIsGivenUp) {
  tracer t;
  collector to;
  to.takes = 24h;
  beside(t, to, {.batch = 1, .limit = 2s, .flush = 1s}, [&](context& cx) -> task<void> {
    make(t, cx, 1, 1);
    static_cast<void>(co_await sleep_for(cx, 1s));
    EXPECT_EQ(t.counts().failed, 0U);
    static_cast<void>(co_await sleep_for(cx, 1500ms));
    EXPECT_EQ(t.counts().failed, 1U);
  });
}

TEST(Tracer, AFullQueueDropsWhatComes) {
  tracer t({.queue = 3});
  run_in_world(1, [&](context& cx) -> task<void> {
    make(t, cx, 1, 5);
    co_return;
  });
  EXPECT_EQ(t.counts().dropped, 2U);
  EXPECT_EQ(t.counts().ended, 5U);
  const auto first = t.take(2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].name, "1");
  const auto rest = t.take();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].name, "3");
  EXPECT_EQ(t.counts().exported, 3U);
}

TEST(Tracer, RefusesWhatCannotBeMeant) {
  EXPECT_EQ(problems_of(tracer_options()).size(), 0U);
  EXPECT_EQ(problems_of(export_options()).size(), 0U);
  EXPECT_EQ(problems_of({.service = "", .limits = {.text = 0}, .queue = 0}).size(), 3U);
  EXPECT_EQ(problems_of({.batch = 0, .every = 0s, .limit = -1s, .flush = -1s}).size(), 4U);
  EXPECT_THROW(tracer({.queue = 0}), std::invalid_argument);
  run_in_world(1, [&](context& cx) -> task<void> {
    tracer t;
    collector to;
    bool thrown = false;
    try {
      co_await t.export_to(cx, to, {.batch = 0});
    } catch (const std::invalid_argument&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
  });
}

TEST(Tracer, KnowsItsService) {
  const attribute_view facts[] = {{"service.version", "1.2"}, {"shard", 7}};
  const tracer t({.service = "shop", .attributes = facts});
  EXPECT_EQ(t.by()->service, "shop");
  EXPECT_EQ(t.by()->attributes, (std::vector<attribute>{{"service.version", std::string("1.2")},
                                                        {"shard", std::int64_t{7}}}));
}

TEST(Tracer, LosesNothingBetweenThreads) {
  constexpr int threads = 4;
  constexpr int rounds = 500;
  tracer t({.queue = 300});
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&] {
      boost::asio::io_context loop(1);
      cancel_scope root(environment::of(loop.get_executor()));
      make(t, root, 1, rounds);
    });
  }
  std::size_t taken = 0;
  for (int i = 0; i < 1000; ++i) {
    taken += t.take(10).size();
  }
  for (auto& one : all) {
    one.join();
  }
  taken += t.take().size();
  EXPECT_EQ(t.counts().ended, std::uint64_t{threads} * rounds);
  EXPECT_EQ(t.counts().exported, taken);
  EXPECT_EQ(t.counts().dropped + taken, std::uint64_t{threads} * rounds);
}

}  // namespace
}  // namespace fairlead::observe
