// SPDX-License-Identifier: BSL-1.0
// The exchange as a user of fairlead writes it, with everything on that is on by default: limits,
// deadlines, cancellation, the pool, the router, a Date header.
#include "catalogue.hpp"
#include "pairs.hpp"

#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/network.hpp>

#include <memory>
#include <stdexcept>

namespace wire {

namespace {

namespace http = fairlead::http;
using fairlead::context;
using fairlead::result;
using fairlead::task;

void serve(http::router routes, const announce& at) {
  const auto outcome = fairlead::run([&](context& cx) -> task<result<void>> {
    auto listener =
        fairlead::net::system_network().listen(cx.env(), fairlead::net::endpoint::loopback(), {});
    if (!listener) {
      co_return tl::unexpected<fairlead::error>(listener.error());
    }
    at((*listener)->local().port());
    http::server app(std::move(routes), http::server_options().max_connections(20'000));
    auto served = co_await app.serve(cx, std::move(*listener));
    co_return served;
  });
  if (!outcome && !outcome.error().is<fairlead::errors::cancelled>()) {
    throw std::runtime_error(outcome.error().message());
  }
}

void serve_text(std::size_t body_bytes, const announce& at) {
  const auto body = std::make_shared<const std::string>(make_body(body_bytes));
  http::router routes;
  routes.get("/items", [&](context&, const http::request& r) -> result<http::response> {
    auto out = r.reply();
    out.headers().add("Content-Type", "application/json");
    out.body(body);
    return out;
  });
  serve(std::move(routes), at);
}

void serve_typed(std::size_t body_bytes, const announce& at) {
  const auto all = make_catalogue(body_bytes);
  http::router routes;
  routes.get("/items", [&](context&) -> result<catalogue> { return all; });
  serve(std::move(routes), at);
}

// `size(value)` is what the body measured.
template <class T, class Size>
task<result<void>> ask_all(context& cx, http::client& server, meter& m, Size size) {
  while (m.more()) {
    auto got = co_await server.get<T>(cx, "/items");
    if (!got) {
      co_return tl::unexpected<fairlead::error>(got.error());
    }
    m.answered(size(*got));
  }
  co_return result<void>{};
}

template <class T, class Size>
void ask(std::uint16_t port, meter& m, std::size_t connections, Size size) {
  const auto outcome = fairlead::run(
      [&](context& cx) -> task<result<void>> {
        const http::pool_options pool{.per_origin = connections, .total = connections};
        http::client server(
            cx.env(), http::client_options("http://127.0.0.1:" + std::to_string(port)).pool(pool));
        fairlead::task_scope all(cx);
        for (std::size_t i = 0; i < connections; ++i) {
          all.spawn([&](context& own) { return ask_all<T>(own, server, m, size); });
        }
        auto joined = co_await all.join();
        co_return joined;
      },
      {.handle_signals = false});
  if (!outcome) {
    throw std::runtime_error(outcome.error().message());
  }
}

void ask_text(std::uint16_t port, meter& m, std::size_t connections) {
  ask<std::string>(port, m, connections, [](const std::string& body) { return body.size(); });
}

void ask_typed(std::uint16_t port, meter& m, std::size_t connections) {
  ask<catalogue>(port, m, connections, [](const catalogue& c) { return c.encoded_size(); });
}

}  // namespace

const pair fairlead_text = {"fairlead", "http::client and http::server, the body as text",
                            &serve_text, &ask_text};
const pair fairlead_typed = {"fairlead, typed",
                             "the same, and the body encoded from and decoded into structs",
                             &serve_typed, &ask_typed};

}  // namespace wire
