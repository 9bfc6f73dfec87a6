// SPDX-License-Identifier: BSL-1.0
// NATS clients in virtual time, and the fake servers that they speak with.
#pragma once

#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/memory.hpp>
#include <fairlead/port/nats_client.hpp>
#include <fairlead/sim/network.hpp>

#include <gtest/gtest.h>

#include "broker_tools.hpp"
#include "fake_nats.hpp"
#include "support/sim_test.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::testing {

/// Every connection is a pair of streams in memory, whose other end a fake server has.
class memory_network final : public net::network {
 public:
  using sides = std::function<std::pair<net::memory_side, net::memory_side>(int number)>;

  memory_network(fake_nats& server, sides how) : server_(server), how_(std::move(how)) {}

  task<result<std::vector<net::endpoint>>> resolve(context&, std::string_view,
                                                   std::uint16_t port) override {
    std::vector<net::endpoint> all;
    all.push_back(net::endpoint::loopback(port));
    co_return all;
  }
  task<result<std::unique_ptr<net::stream>>> connect(context& cx, const net::endpoint&) override {
    auto [client, server] = how_(++connections);
    auto ends = net::memory_pair(cx.env(), std::move(client), std::move(server));
    server_.adopt(std::move(ends.second));
    co_return std::move(ends.first);
  }
  result<std::unique_ptr<net::listener>> listen(environment&, const net::endpoint&,
                                                const net::listen_options&) override {
    return fail(errors::invalid_argument{"listen", "not here"});
  }

  int connections = 0;

 private:
  fake_nats& server_;
  sides how_;
};

/// What a client of "nats" makes of a server: `f(cx, scope, client, server)`.
template <class F>
void with_client(nats_options options, F f) {
  run_in_world(1, [&](sim::world& w, context& cx) -> task<void> {
    sim::network net(w);
    fake_nats server(w.env(), net);
    server.start();
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      nats_client c(scope, options.network(net.host("client")));
      co_await f(cx, scope, c, server);
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    EXPECT_TRUE(ended);
    server.stop();
    auto slept = co_await sleep_for(cx, 200s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(net.connections(), 0U);
  });
}

/// A client that knows of server "one", beside which there is "two".
template <class F>
void with_two(nats_options options, F f) {
  run_in_world(1, [&](sim::world& w, context& cx) -> task<void> {
    sim::network net(w);
    fake_nats one(w.env(), net, "one");
    fake_nats two(w.env(), net, "two");
    one.start();
    two.start();
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      nats_client c(scope, options.network(net.host("client")));
      co_await f(cx, scope, net, c, one, two);
      auto drained = co_await c.drain(cx, 10s);
      EXPECT_TRUE(drained);
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    EXPECT_TRUE(ended);
    one.stop();
    two.stop();
    auto slept = co_await sleep_for(cx, 200s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(net.connections(), 0U);
  });
}

}  // namespace fairlead::testing
