// SPDX-License-Identifier: BSL-1.0
// A server whose memory runs out: what cannot be served is dropped and counted, and everything else
// goes on. Each test runs once for every allocation that could fail.
#include "support/count_allocations.hpp"
#include "support/http_world.hpp"
#include "support/scripted_listener.hpp"
#include "support/slow_service.hpp"

#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

// What happened when the n-th allocation failed.
struct outcome {
  bool failed = false;  // there was an n-th allocation
  std::uint64_t dropped = 0;
};

// The n-th allocation fails that follows on the acceptance of the first of two connections.
outcome accept_two(std::uint64_t n) {
  outcome out;
  slow_service s;
  run_in_world(1, [&](context& cx) -> task<void> {
    std::vector<std::unique_ptr<peer>> clients;
    bool armed = false;
    const auto next = [&](context& own) -> task<scripted_listener::accepted> {
      if (std::exchange(armed, false)) {
        out.failed = allocation_failed();
        fail_allocation(0);
      }
      if (clients.size() == 2) {
        auto never = co_await sleep_for(own, 24h);
        co_return tl::unexpected<error>(never.error());
      }
      auto ends = net::memory_pair(own.env(), {}, {});
      clients.push_back(std::make_unique<peer>(std::move(ends.first)));
      scripted_listener::accepted one(std::move(ends.second));
      if (clients.size() == 1) {
        armed = true;
        fail_allocation(n);
      }
      co_return one;
    };
    server app(s.routes());
    task_scope scope(cx);
    scope.spawn(
        [&](context& own) { return app.serve(own, std::make_unique<scripted_listener>(next)); });
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(clients.size(), 2u) << "accepting goes on";
    out.dropped = app.stats().dropped;
    std::uint64_t served = 0;
    for (auto& c : clients) {
      auto said = co_await c->say(cx, get("/slow/0"));
      static_cast<void>(said);
      auto text = co_await c->read_until(cx, "done");
      served += text.ends_with("done") ? 1U : 0U;
    }
    EXPECT_EQ(served + out.dropped, 2u);
    EXPECT_EQ(app.stats().connections, 2 - out.dropped);
    EXPECT_EQ(app.stats().accepted, 2u);
    auto drained = co_await app.drain(cx, 1s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined) << joined.error().message();
  });
  return out;
}

TEST(ServerShortage, NoMemoryForAConnectionDropsOnlyThatOne) {
  std::uint64_t dropped = 0;
  std::uint64_t n = 1;
  for (; n < 1000; ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n));
    const auto one = accept_two(n);
    dropped += one.dropped;
    if (!one.failed || HasFailure()) {
      break;
    }
  }
  EXPECT_LT(n, 1000u);
  EXPECT_GE(dropped, 3u) << "of " << n;
}

// Calls `f` at a time, without an allocation.
template <class F>
class at_time : timer_node {
 public:
  at_time(context& cx, time_point when, F f)
      : timer_node([](timer_node& n) noexcept { static_cast<at_time&>(n).f_(); }),
        timers_(cx.env().timers()),
        f_(f) {
    timers_.arm(*this, when);
  }
  at_time(const at_time&) = delete;
  at_time& operator=(const at_time&) = delete;
  ~at_time() { timers_.disarm(*this); }

 private:
  timer_queue& timers_;
  F f_;
};

// The n-th allocation fails of those that watching a handler begins with, 20 ms after its start.
outcome watch_one(std::uint64_t n) {
  outcome out;
  slow_service s;
  with_server(s.routes(), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
    auto slow = co_await dial(cx, net);
    auto other = co_await dial(cx, net);
    // Armed before and after the watch, for the same moment: nothing else happens between them.
    const auto start = cx.now() + 20ms;
    const at_time before(cx, start, [n] { fail_allocation(n); });
    auto said = co_await slow->say(cx, get("/slow/100"));
    auto slept = co_await sleep_for(cx, 1ms);
    const at_time after(cx, start, [&out] {
      out.failed = allocation_failed();
      fail_allocation(0);
    });
    slept = co_await sleep_for(cx, 30ms);
    EXPECT_TRUE(said && slept);
    auto text = co_await slow->read_until(cx, "done");
    EXPECT_TRUE(text.ends_with("done")) << text;
    said = co_await other->say(cx, get("/slow/0"));
    text = co_await other->read_until(cx, "done");
    EXPECT_TRUE(text.ends_with("done")) << text;
    EXPECT_EQ(app.stats().dropped, 0u);
  });
  return out;
}

TEST(ServerShortage, NoMemoryToWatchAClientHarmsNobody) {
  std::uint64_t n = 1;
  while (n < 1000) {
    SCOPED_TRACE("allocation " + std::to_string(n));
    const auto one = watch_one(n);
    if (!one.failed || HasFailure()) {
      break;
    }
    ++n;
  }
  EXPECT_GT(n, 2u) << "watching takes memory";
  EXPECT_LT(n, 1000u);
}

}  // namespace
}  // namespace fairlead::http
