// SPDX-License-Identifier: BSL-1.0
// An event loop that is destroyed while a server serves and a client calls, as in a program that
// stops its io_context and returns from main. Sanitizers are what makes these tests strict.
#include <fairlead/http/client.hpp>
#include <fairlead/http/server.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/when_all.hpp>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <string>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;

// Counts what is destroyed with a coroutine's frame.
struct grave {
  explicit grave(int& c) : count(c) {}
  grave(const grave&) = delete;
  grave& operator=(const grave&) = delete;
  ~grave() { ++count; }
  int& count;
};

class HttpTeardown : public testing::TestWithParam<bool> {
 protected:
  // Two calls, one of them queued for the only connection, to a handler that never answers.
  task<void> everything(environment& env) {
    const grave g(destroyed);
    cancel_scope cx(env);
    auto listener = net::system_network().listen(env, net::endpoint::loopback(), {});
    EXPECT_TRUE(listener);
    const auto base = "http://127.0.0.1:" + std::to_string((*listener)->local().port());
    router routes;
    routes.get("/never", [this](context& c) -> task<result<std::string>> {
      const grave mine(destroyed);
      ++handlers;
      auto slept = co_await sleep_for(c, 1h);
      co_return tl::unexpected<error>(slept.error());
    });
    server app(std::move(routes));
    client c(env, client_options(base).pool({.per_origin = 1}));
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      scope.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
      const auto call = [&](context& own) -> task<result<std::string>> {
        const grave mine(destroyed);
        auto got = co_await c.get<std::string>(own, "/never");
        co_return got;
      };
      auto both = co_await when_all(cx, call, call);
      co_return both ? result<void>{} : result<void>(tl::unexpected<error>(both.error()));
    };
    auto never = co_await with_scope(cx, body);
    ADD_FAILURE() << "it ended: " << (never ? "well" : never.error().message());
  }

  int destroyed = 0;
  int handlers = 0;
};

TEST_P(HttpTeardown, ALoopThatGoesAwayWithCallsInFlightDestroysEverything) {
  {
    boost::asio::io_context loop(1);
    if (GetParam()) {
      // Asio shuts its newest service down first: now the sockets' is the older one.
      boost::asio::ip::tcp::acceptor first(loop, {boost::asio::ip::address_v4::loopback(), 0});
    }
    auto& env = environment::of(loop.get_executor());
    boost::asio::co_spawn(loop, everything(env), boost::asio::detached);
    while (handlers == 0) {
      loop.run_one();
    }
    for (int i = 0; i < 10; ++i) {
      loop.poll();
    }
    EXPECT_EQ(destroyed, 0);
  }
  EXPECT_EQ(destroyed, 4) << "the task, two calls and a handler";
}

INSTANTIATE_TEST_SUITE_P(Sockets, HttpTeardown, testing::Bool(), [](const auto& test) {
  return test.param ? "OlderThanTheEnvironment" : "NewerThanTheEnvironment";
});

}  // namespace
}  // namespace fairlead::http
