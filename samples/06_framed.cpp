// SPDX-License-Identifier: BSL-1.0
// A service that speaks lines, and a client that pipelines: requests overlap, replies keep their
// order, and one that nobody waits for any more is never taken for another.
#include <fairlead/core/run.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/when_all.hpp>
#include <fairlead/net/framed_client.hpp>
#include <fairlead/net/framed_server.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/network.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace net = fairlead::net;

// "slow ..." takes its time, "bad ..." fails; everything is answered in capitals.
task<result<std::string>> shout(context& cx, std::string_view request) {
  if (request.starts_with("bad")) {
    co_return fairlead::fail(fairlead::errors::application{"bad_request", "that is bad"});
  }
  if (request.starts_with("slow")) {
    const auto slept = co_await fairlead::sleep_for(cx, 50ms);
    if (!slept) {
      co_return fairlead::fail(slept.error());
    }
  }
  std::string out(request);
  for (char& c : out) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  co_return out;
}

std::optional<std::string> explain(std::string_view, const fairlead::error& why) {
  return "error: " + why.message();
}

task<result<void>> talk(context& cx, net::framed_client& service) {
  const auto all = co_await fairlead::when_all(
      cx, [&](context& c) { return service.call(c, "slow one"); },
      [&](context& c) { return service.call(c, "two"); },
      [&](context& c) { return service.call(c, "bad three"); });
  if (!all) {
    co_return fairlead::fail(all.error());
  }
  const auto& [one, two, three] = *all;
  std::cout << one << "\n" << two << "\n" << three << "\n";

  auto brief = cx.with_timeout(10ms);
  const auto late = co_await service.call(brief, "slow four");
  std::cout << (late ? *late : late.error().message()) << "\n";  // given up ...
  const auto five = co_await service.call(cx, "five");
  std::cout << (five ? *five : five.error().message()) << "\n";  // ... and not mistaken for this
  co_return result<void>{};
}

int main() {
  return fairlead::run_main("06_framed", [](context& cx) -> task<result<void>> {
    auto listener = net::system_network().listen(cx.env(), net::endpoint::loopback(), {});
    if (!listener) {
      co_return fairlead::fail(listener.error());
    }
    const auto at = (*listener)->local();
    net::framed_server server(net::line(), shout, explain);
    fairlead::task_scope scope(cx);
    scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });
    net::framed_client client(scope, net::connects_to(net::system_network(), at), net::line());
    const auto talked = co_await talk(cx, client);
    (void)co_await client.drain(cx, 1s);
    (void)co_await server.drain(cx, 1s);
    (void)co_await scope.join();
    co_return talked;
  });
}
