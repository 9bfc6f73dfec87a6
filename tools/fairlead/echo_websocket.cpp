// SPDX-License-Identifier: BSL-1.0
#include "echo_servers.hpp"
#include "serve_until_stopped.hpp"

#include <fairlead/http/accept_websocket.hpp>
#include <fairlead/http/server.hpp>

#include <string>

namespace fairlead::cli {

namespace {

// Every message comes back, of the same kind.
task<void> echo_messages(context& cx, http::websocket& ws, echo_behaviour& behaviour,
                         duration idle) {
  for (;;) {
    auto limited = cx.with_timeout(idle);
    auto got = co_await ws.read(limited);
    if (!got && got.error().is<errors::deadline>() && !cx.cancelled()) {
      const auto closed = co_await ws.close(cx, http::close_code::going_away, "idle for too long");
      static_cast<void>(closed);  // the peer may be gone as well
      co_return;
    }
    if (!got || !*got) {
      co_return;
    }
    const auto kind = (*got)->kind;
    const std::string data((*got)->data);  // the next read must not wait for the answer's turn
    const auto begun = co_await behaviour.begin(cx);
    if (!begun) {
      const auto said = begun.error().get<errors::application>();
      const std::string reason(said ? said->message : std::string_view());
      const auto closed = co_await ws.close(cx, http::close_code::internal_error, reason);
      static_cast<void>(closed);
      co_return;
    }
    const auto sent = co_await ws.send(cx, kind, data);
    if (!sent) {
      co_return;
    }
  }
}

}  // namespace

task<result<void>> echo_websocket(context& cx, const echo_plan& plan,
                                  std::unique_ptr<net::listener> from) {
  echo_behaviour behaviour(plan);
  http::router routes;
  routes.get("/{rest...}", [&](context&, const http::request& r) -> result<http::response> {
    http::websocket_options options;
    options.max_message(plan.max_frame).compression(http::websocket_compression::per_message);
    return http::accept_websocket(
        r,
        [&](context& inner, http::websocket& ws) {
          return echo_messages(inner, ws, behaviour, plan.idle_timeout);
        },
        options);
  });
  http::server server(std::move(routes), http::server_options().idle_timeout(plan.idle_timeout));
  auto outcome = co_await serve_until_stopped(cx, server, std::move(from), drain_grace(plan));
  co_return outcome;
}

}  // namespace fairlead::cli
