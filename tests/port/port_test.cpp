// SPDX-License-Identifier: BSL-1.0
// What request types say of themselves, and ports behind policies.
#include <fairlead/policy/policy.hpp>
#include <fairlead/port/in_process.hpp>
#include <fairlead/port/with_policy.hpp>

#include <gtest/gtest.h>

#include <memory>

#include "shop.hpp"
#include "support/sim_test.hpp"

namespace fairlead::testing {
namespace {

struct read_counter {
  using response = int;
};
struct add_to_counter {
  int amount = 0;
  using response = int;
};
using counter = port<read_counter, add_to_counter>;

// Fails as often as it is told, then counts.
struct flaky_counter {
  int failures = 0;
  int value = 0;
  int calls = 0;

  result<int> operator()(context&, const read_counter&) {
    ++calls;
    if (failures-- > 0) {
      error down = errors::connection_reset{"counter"};
      down.with_sent(error_sent::unknown);
      return fail(down);
    }
    return value;
  }
  result<int> operator()(context& cx, const add_to_counter& r) {
    auto ok = (*this)(cx, read_counter{});
    if (ok) {
      ok = value += r.amount;
    }
    return ok;
  }
};

TEST(OperationTraits, NamesAndRoutesComeFromTheType) {
  EXPECT_EQ(operation_name<get_user>(), "get_user");
  EXPECT_EQ(operation_route<get_user>().path, "/users/{id}");
  EXPECT_EQ(operation_route<read_counter>().method, route_method::post);
  EXPECT_TRUE(operation_idempotent<delete_user>());
  EXPECT_FALSE(operation_idempotent<create_user>());
}

TEST(OperationTraits, TheResponseSaysHowItIsAnswered) {
  EXPECT_EQ(delivery_of<get_user>, delivery::reply);
  EXPECT_EQ(delivery_of<delete_user>, delivery::reply);
  EXPECT_EQ(delivery_of<note>, delivery::one_way);
  EXPECT_EQ(delivery_of<list_users>, delivery::stream);
  EXPECT_EQ(wire_name<wait_for>(), "wait_for");
  EXPECT_EQ(wire_name<wait_for_v2>(), "wait_for.v2");
  EXPECT_EQ(operation_timeout<get_user>(), duration::zero());
  EXPECT_EQ(operation_timeout<never_in_time>(), std::chrono::milliseconds(250));
}

// Gives two items, then breaks; how often it was called.
struct breaking_stream {
  int calls = 0;
  error why = errors::connection_reset{"stream"};

  task<result<void>> operator()(context& cx, const list_users&, item_writer<user>& out) {
    ++calls;
    for (int i = 0; i < 2; ++i) {
      user next{i, "u", std::nullopt};
      auto taken = co_await out.write(cx, std::move(next));
      if (!taken) {
        co_return taken;
      }
    }
    co_return fail(why);
  }
};

TEST(WithPolicy, AStreamIsNotRepeatedOnceItHasBegun) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto service = std::make_shared<breaking_stream>();
    const policy::stack careful{policy::retry{{.max_attempts = 3}}};
    const auto streams = with_policy(in_process<port<list_users>>(service), careful);
    int items = 0;
    const list_users all{2, false};
    const auto done = co_await streams(cx, all, [&](context&, user&&) -> result<void> {
      ++items;
      return {};
    });
    EXPECT_FALSE(done);
    EXPECT_EQ(done.error().kind(), error_kind::connection_reset);
    EXPECT_EQ(service->calls, 1);
    EXPECT_EQ(items, 2);
  });
}

TEST(WithPolicy, OperationsThatMayNotHappenTwiceAreNotRepeated) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto service = std::make_shared<flaky_counter>();
    const policy::stack policies{policy::retry{{.max_attempts = 3}}};
    const auto guarded = with_policy(in_process<counter>(service), policies);

    service->failures = 1;
    const auto added = co_await guarded(cx, add_to_counter{5});
    EXPECT_FALSE(added);
    EXPECT_EQ(added.error().kind(), error_kind::connection_reset);
    EXPECT_EQ(added.error().suppressed_by(), retry_stop::not_idempotent);
    EXPECT_EQ(service->calls, 1);

    service->failures = 2;
    context repeatable = cx.with_idempotency(idempotency::idempotent);
    const auto again = co_await guarded(repeatable, add_to_counter{5});
    EXPECT_EQ(again.value_or(0), 5) << "the caller may know better";
    EXPECT_EQ(service->calls, 4);
  });
}

// A service that does its work and then fails on a call of its own, in several ways.
struct till {
  int charged = 0;
  error failure = errors::connection_refused{"ledger"};

  task<result<int>> operator()(context& cx, const add_to_counter&) {
    ++charged;
    (void)co_await yield(cx);
    if (failure.is<errors::deadline>()) {
      const auto hung = co_await sleep_for(cx, std::chrono::hours(1));
      co_return fail(hung.error());
    }
    co_return fail(failure);
  }
  result<int> operator()(context&, const read_counter&) { return charged; }
};

TEST(WithPolicy, AServiceThatFailedOnACallOfItsOwnIsNotRunAgain) {
  using namespace std::chrono_literals;
  error repeatable_get = errors::connection_reset{"ledger"};
  repeatable_get.with_sent(error_sent::unknown).mark_repeatable();
  for (const error& failure :
       {error(errors::connection_refused{"ledger"}), error(errors::connection_reset{"ledger"}),
        error(errors::deadline{}), repeatable_get}) {
    run_in_world(1, [&](context& cx) -> task<void> {
      const auto service = std::make_shared<till>();
      service->failure = failure;
      const policy::stack careless{policy::retry{{.max_attempts = 3}},
                                   policy::attempt_timeout{100ms}};
      const auto guarded = with_policy(in_process<counter>(service), careless);
      const auto outcome = co_await guarded(cx, add_to_counter{1});
      EXPECT_FALSE(outcome);
      EXPECT_EQ(service->charged, 1) << failure.message();
      EXPECT_NE(outcome.error().sent(), error_sent::not_sent);
    });
  }
}

TEST(WithPolicy, ABreakerIsSharedByAllOperationsOfThePort) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto service = std::make_shared<flaky_counter>();
    const policy::circuit_breaker breaker{{.name = "counter", .consecutive_failures = 2}};
    const auto guarded = with_policy(in_process<counter>(service), policy::stack{breaker});
    service->failures = 1000;
    (void)co_await guarded(cx, read_counter{});
    (void)co_await guarded(cx, add_to_counter{1});
    const auto rejected = co_await guarded(cx, read_counter{});
    EXPECT_FALSE(rejected);
    EXPECT_EQ(rejected.error().kind(), error_kind::circuit_open);
    EXPECT_EQ(service->calls, 2);
  });
}

}  // namespace
}  // namespace fairlead::testing
