// SPDX-License-Identifier: BSL-1.0
// An event loop that goes away with tasks in it: everything is destroyed, children before the
// parents whose frames they refer to. Sanitizers are what makes these tests strict.
#include <fairlead/core/event.hpp>
#include <fairlead/core/foreign.hpp>
#include <fairlead/core/semaphore.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/when_all.hpp>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "support/doomed_loop.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

// Says when it was destroyed; looks at `parent` then, as the destructor of a lease would.
struct grave {
  grave(std::vector<std::string>& o, std::string n, const std::unique_ptr<int>* p = nullptr)
      : order(o), name(std::move(n)), parent(p) {}
  grave(const grave&) = delete;
  grave& operator=(const grave&) = delete;
  ~grave() {
    if (parent != nullptr) {
      EXPECT_EQ(**parent, 42) << name << " outlived what it refers to";
    }
    order.push_back(name);
  }
  std::vector<std::string>& order;
  std::string name;
  const std::unique_ptr<int>* parent;
};

// When the environment is made: Asio shuts the newest of its services down first.
enum class made { before_the_sockets, after_the_sockets };

class Teardown : public ::testing::TestWithParam<made> {
 protected:
  using socket = boost::asio::local::stream_protocol::socket;

  // Runs `body` until it waits, and destroys the loop.
  void destroy_while_it_runs(std::function<task<void>(context&)> body) {
    boost::asio::io_context loop(1);
    environment* env = nullptr;
    if (GetParam() == made::before_the_sockets) {
      env = &environment::of(loop.get_executor());
    }
    std::optional<socket> near(std::in_place, loop);
    std::optional<socket> far(std::in_place, loop);
    boost::asio::local::connect_pair(*near, *far);
    mute = &*near;
    env = &environment::of(loop.get_executor());
    boost::asio::co_spawn(
        loop,
        [&]() -> boost::asio::awaitable<void> {
          cancel_scope cx(*env);
          co_await body(cx);
        },
        boost::asio::detached);
    loop.poll();
    EXPECT_TRUE(order.empty()) << "it should wait";
  }

  // Reads from a socket on which nothing ever comes.
  task<void> listen_forever() {
    char byte = 0;
    co_await boost::asio::async_read(*mute, boost::asio::buffer(&byte, 1),
                                     boost::asio::use_awaitable);
  }

  socket* mute = nullptr;
  std::vector<std::string> order;
};

using order_of = std::vector<std::string>;

TEST_P(Teardown, AWaitingTaskIsDestroyed) {
  event never;
  destroy_while_it_runs([&](context& cx) -> task<void> {
    const grave g(order, "task");
    context quick = cx.with_timeout(1h);
    (void)co_await never.wait(quick);
  });
  EXPECT_EQ(order, order_of{"task"});
}

TEST_P(Teardown, ASemaphoreInTheParentOutlivesTheChildrenThatWaitForIt) {
  destroy_while_it_runs([&](context& cx) -> task<void> {
    const auto alive = std::make_unique<int>(42);
    const grave g(order, "parent");
    semaphore one(1);
    const auto child = [&](context& c) -> task<result<int>> {
      auto permit = co_await one.acquire(c);
      const grave mine(order, "child", &alive);
      (void)co_await sleep_for(c, 1h);
      co_return 1;
    };
    (void)co_await when_all(cx, child, child);
  });
  EXPECT_EQ(order, (order_of{"child", "parent"}));
}

TEST_P(Teardown, AParentOutlivesAChildThatReadsFromASocket) {
  destroy_while_it_runs([&](context& cx) -> task<void> {
    const auto alive = std::make_unique<int>(42);
    const grave g(order, "parent");
    const auto reader = [&](context& c) -> task<result<int>> {
      const grave mine(order, "reader", &alive);
      (void)co_await under(c, listen_forever());
      co_return 1;
    };
    const auto sleeper = [&](context& c) -> task<result<int>> {
      const grave mine(order, "sleeper", &alive);
      (void)co_await sleep_for(c, 1h);
      co_return 1;
    };
    (void)co_await when_all(cx, reader, sleeper);
  });
  ASSERT_EQ(order.size(), 3U);
  EXPECT_EQ(order.back(), "parent");
}

TEST_P(Teardown, GrandchildrenGoFirst) {
  destroy_while_it_runs([&](context& cx) -> task<void> {
    const auto alive = std::make_unique<int>(42);
    const grave g(order, "grandparent");
    const auto parent = [&](context& c) -> task<result<int>> {
      const auto also_alive = std::make_unique<int>(42);
      const grave mine(order, "parent", &alive);
      const auto child = [&](context& cc) -> task<result<int>> {
        const grave its(order, "child", &also_alive);
        (void)co_await under(cc, listen_forever());
        co_return 1;
      };
      (void)co_await when_all(c, child);
      co_return 1;
    };
    (void)co_await when_all(cx, parent);
  });
  EXPECT_EQ(order, (order_of{"child", "parent", "grandparent"}));
}

TEST_P(Teardown, TheOwnerOfAScopeOutlivesItsBodyAndItsTasks) {
  destroy_while_it_runs([&](context& cx) -> task<void> {
    const auto alive = std::make_unique<int>(42);
    const grave g(order, "owner");
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      const grave mine(order, "body", &alive);
      scope.spawn([&](context& c) -> task<void> {
        const grave its(order, "socket", &alive);
        (void)co_await under(c, listen_forever());
      });
      scope.spawn([&](context& c) -> task<void> {
        const grave its(order, "sleeper", &alive);
        (void)co_await sleep_for(c, 1h);
      });
      for (;;) {
        const auto slept = co_await sleep_for(cx, 1h);
        if (!slept) {
          co_return slept;
        }
      }
    };
    (void)co_await with_scope(cx, body);
  });
  ASSERT_EQ(order.size(), 4U);
  EXPECT_EQ(order.back(), "owner");
}

TEST_P(Teardown, ABodyThatJoinsItsScopeGoesBeforeTheOwner) {
  destroy_while_it_runs([&](context& cx) -> task<void> {
    const auto alive = std::make_unique<int>(42);
    const grave g(order, "owner");
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      const grave mine(order, "body", &alive);
      scope.spawn([&](context& c) -> task<void> {
        const grave its(order, "task", &alive);
        (void)co_await sleep_for(c, 1h);
      });
      auto joined = co_await scope.join();
      co_return joined;
    };
    (void)co_await with_scope(cx, body);
  });
  EXPECT_EQ(order, (order_of{"task", "body", "owner"}));
}

TEST_P(Teardown, AJoinThatWasJustToldOfItsLastChildIsDestroyed) {
  event go;
  destroy_while_it_runs([&](context& cx) -> task<void> {
    const grave g(order, "parent");
    const auto child = [&](context& c) -> task<result<int>> {
      (void)co_await go.wait(c);
      c.env().close();  // the loop goes away in the very turn in which the child ends
      co_return 1;
    };
    const auto setter = [&](context&) -> task<result<int>> {
      go.set();
      co_return 1;
    };
    (void)co_await when_all(cx, child, setter);
    (void)co_await listen_forever();
  });
  EXPECT_EQ(order, order_of{"parent"});
}

TEST_P(Teardown, TasksThatHaveNotBegunAreDestroyed) {
  boost::asio::io_context loop(1);
  bool began = false;
  {
    boost::asio::io_context inner(1);
    auto& env = environment::of(inner.get_executor());
    boost::asio::co_spawn(
        inner,
        [&]() -> boost::asio::awaitable<void> {
          const grave g(order, "parent");
          cancel_scope cx(env);
          began = true;
          (void)co_await sleep_for(cx, 1h);
        },
        boost::asio::detached);
  }
  EXPECT_FALSE(began);
  EXPECT_TRUE(order.empty());
}

INSTANTIATE_TEST_SUITE_P(Environment, Teardown,
                         ::testing::Values(made::before_the_sockets, made::after_the_sockets),
                         [](const auto& test) {
                           return test.param == made::before_the_sockets ? "MadeBeforeTheSockets"
                                                                         : "MadeAfterTheSockets";
                         });

// A body that ends before its tasks; the loop goes away after every step.
struct short_body {
  void start(testing::doomed_loop& loop) {
    loop.spawn([this](context& cx) -> task<void> {
      const auto alive = std::make_unique<int>(42);
      const grave g(order, "owner");
      const auto body = [&](task_scope& scope) -> task<result<void>> {
        for (const duration wait : {2ms, 3ms}) {
          scope.spawn([&, wait](context& c) -> task<void> {
            const grave its(order, "task", &alive);
            (void)co_await sleep_for(c, wait);
          });
        }
        auto slept = co_await sleep_for(cx, 1ms);
        co_return slept;
      };
      (void)co_await with_scope(cx, body);
    });
  }
  void check() const {
    if (!order.empty()) {
      EXPECT_EQ(order.back(), "owner");
    }
  }
  std::vector<std::string> order;
};

TEST(TeardownAnywhere, TheOwnerOfAScopeOutlivesItsTasksAlsoWhenTheBodyHasJustEnded) {
  EXPECT_GT(testing::break_off_everywhere<short_body>(), 5U);
}

}  // namespace
}  // namespace fairlead
