// SPDX-License-Identifier: BSL-1.0
// Puts a service behind an adapter, in a simulated world, for as long as a test's body runs.
#pragma once

#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/framed.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/port/broker_server.hpp>
#include <fairlead/port/broker_transport.hpp>
#include <fairlead/port/http_port.hpp>
#include <fairlead/port/in_process.hpp>
#include <fairlead/port/json_lines_client.hpp>
#include <fairlead/port/json_lines_server.hpp>
#include <fairlead/port/local_broker.hpp>
#include <fairlead/port/plain_lines_client.hpp>
#include <fairlead/port/plain_lines_server.hpp>
#include <fairlead/port/queued.hpp>
#include <fairlead/port/remote_port.hpp>
#include <fairlead/port/serve.hpp>
#include <fairlead/sim/network.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shop.hpp"

namespace fairlead::testing {

/// Serves `routes` on port 80 of machine "shop" while `body(context&)` runs, then drains.
template <class Body>
void serving(sim::world& world, sim::network& net, http::router routes, Body body) {
  using namespace std::chrono_literals;
  http::server server(std::move(routes), http::server_options().passes_traces_on());
  world.run([&](context& cx) -> task<void> {
    task_scope scope(cx);
    const auto any = net::endpoint::parse("0.0.0.0:80").value();
    auto listener = net.host("shop").listen(cx.env(), any, {});
    EXPECT_TRUE(listener.has_value());
    scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });
    co_await body(cx);
    EXPECT_TRUE(co_await server.drain(cx, 1s));
    EXPECT_TRUE(co_await scope.join());
  });
}

/// A client on machine "caller" whose targets are on machine "shop".
inline std::shared_ptr<http::client> caller(sim::world& world, sim::network& net) {
  auto options = http::client_options("http://shop").network(net.host("caller"));
  return std::make_shared<http::client>(world.env(), std::move(options));
}

/// What machine "shop" answers on port 80 to `text`, which is sent at once: so many lines, the last
/// being "end" or an error where there are no more.
inline task<std::vector<std::string>> lines_answered(context& cx, sim::network& net,
                                                     std::string text, std::size_t lines) {
  std::vector<std::string> out;
  auto stream = co_await net::connect_to(cx, net.host("caller"), "shop", 80);
  EXPECT_TRUE(stream.has_value());
  auto sent = co_await net::write_all(cx, **stream, text);
  EXPECT_TRUE(sent);
  net::framed<net::line> replies(**stream);
  context limited = cx.with_timeout(std::chrono::seconds(5));
  while (out.size() < lines) {
    const auto next = co_await replies.read(limited);
    if (!next || !*next) {
      out.emplace_back(next ? "end" : next.error().message());
      break;
    }
    out.emplace_back(**next);
  }
  co_return out;
}

struct in_process_rig {
  template <class Body>
  static void run(sim::world& world, std::shared_ptr<shop_service::record> seen, Body body) {
    const auto shop = in_process<shop_port>(shop_service(std::move(seen)));
    world.run([&](context& cx) -> task<void> { co_await body(cx, shop); });
  }
};

// On the same thread: that it is another makes no difference to a queue. See call_queue_test.cpp.
struct queued_rig {
  template <class Body>
  static void run(sim::world& world, std::shared_ptr<shop_service::record> seen, Body body) {
    call_queue queue;
    const auto shop = queued<shop_port>(queue, shop_service(std::move(seen)));
    world.run([&](context& cx) -> task<void> {
      task_scope scope(cx);
      scope.spawn([&](context& c) { return queue.serve(c); });
      co_await body(cx, shop);
      queue.close();
      EXPECT_TRUE(co_await scope.join());
    });
    EXPECT_EQ(queue.stats().waiting + queue.stats().running, 0U);
  }
};

struct http_rig {
  template <class Body>
  static void run(sim::world& world, std::shared_ptr<shop_service::record> seen, Body body) {
    sim::network net(world);
    http::router routes;
    serve<shop_port>(routes, shop_service(std::move(seen)));
    {
      const auto shop = http_port<shop_port>(caller(world, net));
      serving(world, net, std::move(routes),
              [&](context& cx) -> task<void> { co_await body(cx, shop); });
    }
    world.run_ready();
    EXPECT_EQ(net.connections(), 0U);
  }
};

// A server of lines over the simulated network, and a client of it.
template <class Client, class Server>
struct lines_rig {
  template <class Body>
  static void run(sim::world& world, std::shared_ptr<shop_service::record> seen, Body body) {
    using namespace std::chrono_literals;
    sim::network net(world);
    Server server(service_table::of<shop_port>(std::make_shared<shop_service>(std::move(seen))));
    world.run([&](context& cx) -> task<void> {
      task_scope scope(cx);
      const auto any = net::endpoint::parse("0.0.0.0:80").value();
      auto listener = net.host("shop").listen(cx.env(), any, {});
      EXPECT_TRUE(listener.has_value());
      scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });
      auto& from = net.host("caller");
      const auto line = std::make_shared<Client>(scope, net::connects_to(from, "shop", 80));
      const auto shop = remote_port<shop_port>(line);
      co_await body(cx, shop);
      EXPECT_TRUE(co_await line->drain(cx, 1s));
      EXPECT_TRUE(co_await server.drain(cx, 1s));
      EXPECT_TRUE(co_await scope.join());
    });
    world.run_ready();
    EXPECT_EQ(net.connections(), 0U);
  }
};

using json_lines_rig = lines_rig<json_lines_client, json_lines_server>;
using plain_lines_rig = lines_rig<plain_lines_client, plain_lines_server>;

// Through the broker inside the process.
struct local_broker_rig {
  template <class Body>
  static void run(sim::world& world, std::shared_ptr<shop_service::record> seen, Body body) {
    using namespace std::chrono_literals;
    const auto broker = std::make_shared<local_broker>();
    broker_server server(
        broker, service_table::of<shop_port>(std::make_shared<shop_service>(std::move(seen))),
        "shop");
    world.run([&](context& cx) -> task<void> {
      task_scope scope(cx);
      EXPECT_TRUE(co_await server.start(cx, scope));
      const auto shop = remote_port<shop_port>(broker_transport(broker, "shop"));
      co_await body(cx, shop);
      EXPECT_TRUE(co_await server.drain(cx, 1s));
      EXPECT_TRUE(co_await scope.join());
    });
    EXPECT_EQ(broker->stats().requests, 0U);
  }
};

}  // namespace fairlead::testing
