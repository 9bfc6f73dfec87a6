// SPDX-License-Identifier: BSL-1.0
// Accepting with a listener that runs out of things: pauses, peers that change their mind, errors
// for good; and what a session may do.
#include <fairlead/net/accept_loop.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/net/memory.hpp>

#include <gtest/gtest.h>

#include "support/sim_test.hpp"

#include <chrono>
#include <deque>
#include <stdexcept>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::run_in_world;

// Gives what it is told, one per accept; then nothing until it is cancelled.
class scripted_listener final : public listener {
 public:
  using outcome = result<std::unique_ptr<stream>>;
  explicit scripted_listener(std::deque<outcome> script) : script_(std::move(script)) {}

  task<outcome> accept(context& cx) override {
    if (script_.empty()) {
      auto slept = co_await sleep_until(cx, no_deadline);
      co_return fail(slept.error());
    }
    outcome next = std::move(script_.front());
    script_.pop_front();
    co_return next;
  }
  const endpoint& local() const noexcept override { return at_; }
  void close() noexcept override {}

 private:
  std::deque<outcome> script_;
  endpoint at_ = endpoint::loopback();
};

using outcome = scripted_listener::outcome;

outcome one_stream(context& cx) {
  return std::move(memory_pair(cx.env()).first);
}

TEST(AcceptLoop, PausesWhenTheProcessRunsOutOfSomethingAndGoesOn) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    accept_loop loop("test server", 10);
    std::deque<outcome> script;
    script.push_back(fail(errors::system_error{"accept", EMFILE}));
    script.push_back(fail(errors::connection_reset{"peer"}));
    script.push_back(fail(errors::system_error{"accept", ENFILE}));
    script.push_back(one_stream(cx));
    std::vector<duration> served;
    const session run = [&](context&, const session_surroundings&,
                            std::unique_ptr<stream>) -> task<void> {
      served.push_back(w.elapsed());
      co_return;
    };
    task_scope scope(cx);
    scope.spawn([&](context& own) {
      return loop.serve(own, std::make_unique<scripted_listener>(std::move(script)), run);
    });
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(served, (std::vector<duration>{200ms}));
    auto drained = co_await loop.drain(cx, 1s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

TEST(AcceptLoop, AnExceptionEndsItsOwnSessionOnly) {
  run_in_world(1, [](context& cx) -> task<void> {
    accept_loop loop("test server", 10);
    std::deque<outcome> script;
    script.push_back(one_stream(cx));
    script.push_back(one_stream(cx));
    int sessions = 0;
    const session run = [&](context& own, const session_surroundings& around,
                            std::unique_ptr<stream>) -> task<void> {
      if (++sessions == 1) {
        throw std::runtime_error("a bug");
      }
      EXPECT_TRUE(loop.runs(own));
      auto refused = co_await loop.drain(own, 1s);
      EXPECT_EQ(refused.error().kind(), error_kind::invalid_argument);
      auto slept = co_await sleep_until(around.until_drain, no_deadline);
      EXPECT_EQ(slept.error().kind(), error_kind::cancelled);
      EXPECT_FALSE(own.cancelled());
    };
    task_scope scope(cx);
    scope.spawn([&](context& own) {
      return loop.serve(own, std::make_unique<scripted_listener>(std::move(script)), run);
    });
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(loop.stats().accepted, 2U);
    EXPECT_EQ(loop.stats().dropped, 1U);
    EXPECT_EQ(loop.stats().connections, 1U);
    EXPECT_FALSE(loop.runs(cx));
    auto drained = co_await loop.drain(cx, 1s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    auto again =
        co_await loop.serve(cx, std::make_unique<scripted_listener>(std::deque<outcome>()), run);
    EXPECT_EQ(again.error().kind(), error_kind::unavailable);
  });
}

TEST(AcceptLoop, AListenerThatFailsForGoodEndsIt) {
  run_in_world(1, [](context& cx) -> task<void> {
    accept_loop loop("test server", 10);
    std::deque<outcome> script;
    script.push_back(one_stream(cx));
    script.push_back(fail(errors::unavailable{"listener", "closed", std::nullopt}));
    bool cancelled = false;
    const session run = [&](context& own, const session_surroundings&,
                            std::unique_ptr<stream>) -> task<void> {
      auto slept = co_await sleep_until(own, no_deadline);
      cancelled = !slept;
    };
    auto ended =
        co_await loop.serve(cx, std::make_unique<scripted_listener>(std::move(script)), run);
    EXPECT_EQ(ended.error().kind(), error_kind::unavailable);
    EXPECT_TRUE(cancelled);
  });
}

}  // namespace
}  // namespace fairlead::net
