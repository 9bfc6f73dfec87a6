// SPDX-License-Identifier: BSL-1.0
#include "echo_servers.hpp"

#include <fairlead/net/network.hpp>

#include <iostream>

namespace fairlead::cli {

namespace {

task<result<void>> start(context& cx, const echo_plan& plan, std::unique_ptr<net::listener> from) {
  switch (plan.protocol) {
    case echo_protocol::http:
    case echo_protocol::envelope:
      return echo_http(cx, plan, std::move(from));
    case echo_protocol::ws:
      return echo_websocket(cx, plan, std::move(from));
    case echo_protocol::sse:
      return echo_events(cx, plan, std::move(from));
    default:
      return echo_frames(cx, plan, std::move(from));
  }
}

}  // namespace

duration drain_grace(const echo_plan& plan) noexcept {
  return plan.delay + std::chrono::seconds(10);
}

task<result<void>> echo_until_stopped(context& cx, const echo_plan& plan) {
  auto& net = net::system_network();
  const auto at = co_await plan.listen.resolve(cx, net);
  if (!at) {
    co_return fail(at.error());
  }
  if (plan.protocol == echo_protocol::udp) {
    auto ended = co_await echo_datagrams(cx, plan, *at);
    co_return ended;
  }
  auto listener = net.listen(cx.env(), *at, {});
  if (!listener) {
    co_return fail(listener.error());
  }
  std::cout << "listening on " << (*listener)->local().to_string() << std::endl;
  auto serving = start(cx, plan, std::move(*listener));
  auto outcome = co_await std::move(serving);
  co_return outcome;
}

}  // namespace fairlead::cli
