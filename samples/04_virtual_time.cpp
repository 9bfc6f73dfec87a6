// SPDX-License-Identifier: BSL-1.0
// Testing without the world: client and server on a simulated network that breaks, with a seed.
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/sim/network.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::task;
namespace http = fairlead::http;
namespace sim = fairlead::sim;

int main() {
  sim::world world(7);
  sim::network net(world);
  http::router routes;
  routes.get("/ping", [](context&) -> fairlead::result<std::string> { return "pong"; });
  http::server server(std::move(routes));
  http::client client(
      world.env(), http::client_options("http://server").network(net.host("client")).timeout(5s));

  world.run([&](context& cx) -> task<void> {
    fairlead::task_scope scope(cx);
    const auto any = fairlead::net::endpoint::parse("0.0.0.0:80").value();
    auto listener = net.host("server").listen(cx.env(), any, {});
    scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });

    const auto say = [&](const char* when) -> task<void> {
      const auto pong = co_await client.get<std::string>(cx, "/ping");
      std::cout << when << ": " << (pong ? *pong : pong.error().message()) << "\n";
    };
    co_await say("all is well");
    net.partition("client", "server");
    co_await say("the cable is cut");  // five seconds, which take none
    net.heal();
    (void)co_await fairlead::sleep_for(cx, 10s);
    co_await say("mended");
    net.crash("server");
    co_await say("the server is gone");

    scope.cancel();
    (void)co_await scope.join();
  });
  std::cout << "virtual time: " << world.elapsed() / 1ms << " ms\n";
}
