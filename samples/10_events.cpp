// SPDX-License-Identifier: BSL-1.0
// Server-sent events: prices from a server whose connections do not last. The client takes up each
// time where it stood, and misses none.
#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/event_source.hpp>
#include <fairlead/http/event_stream.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/network.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>

namespace {

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace http = fairlead::http;
namespace net = fairlead::net;

constexpr int prices = 7;

// The number of the last price that this client has seen; 0 for one that comes for the first time.
int last_seen(const http::request& r) {
  const auto id = http::last_event_id(r);
  int n = 0;
  std::from_chars(id.data(), id.data() + id.size(), n);
  return n;
}

// Three prices, then the connection ends: a proxy that lost patience, or a server that restarts.
http::response next_prices(const http::request& r) {
  const int after = last_seen(r);
  if (after >= prices) {
    return r.reply(http::status::no_content);  // no more: the client need not come back
  }
  return http::event_stream([after](context& cx, http::event_writer& out) -> task<result<void>> {
    for (int n = after + 1; n <= std::min(after + 3, prices); ++n) {
      const auto id = std::to_string(n);
      const auto text = std::to_string(100 + 3 * n) + " cents";
      const http::server_event price{"price", text, id};
      auto sent = co_await out.send(cx, price);  // waits for a slow client
      if (!sent) {
        co_return sent;
      }
    }
    co_return result<void>();
  });
}

task<result<void>> watch(context& cx, const std::string& base) {
  http::client client(cx.env(), http::client_options(base));
  http::event_source feed(client, "/prices", http::event_source_options().retry(10ms));
  auto limited = cx.with_timeout(10s);
  for (;;) {
    auto event = co_await feed.read(limited);
    if (!event) {
      co_return fairlead::fail(event.error());
    }
    if (!*event) {
      co_return result<void>();  // the server has no more
    }
    const auto& e = **event;
    std::printf("%s %s: %s\n", std::string(e.type).c_str(), std::string(e.id).c_str(),
                std::string(e.data).c_str());
  }
}

}  // namespace

int main() {
  return fairlead::run_main("10_events", [](context& cx) -> task<result<void>> {
    auto listener = net::system_network().listen(cx.env(), net::endpoint::loopback(), {});
    if (!listener) {
      co_return fairlead::fail(listener.error());
    }
    const auto base = "http://" + (*listener)->local().to_string();
    http::router routes;
    routes.get("/prices", [](context&, const http::request& r) -> result<http::response> {
      return next_prices(r);
    });
    http::server server(std::move(routes));
    fairlead::task_scope scope(cx);
    scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });
    const auto watched = co_await watch(cx, base);
    (void)co_await server.drain(cx, 1s);
    (void)co_await scope.join();
    co_return watched;
  });
}
