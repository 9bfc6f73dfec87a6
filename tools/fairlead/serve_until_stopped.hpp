// SPDX-License-Identifier: BSL-1.0
// Runs a server until the program is told to stop, and then drains it.
#pragma once

#include <fairlead/core/event.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/listener.hpp>

#include <memory>
#include <utility>

namespace fairlead::cli {

/// Serves until `cx` is cancelled (SIGINT, SIGTERM); then lets what is in progress end, at most
/// `grace`. The server lives under a context of its own, so that the signal alone cuts nothing off.
///
/// *Errors*: `system_error` when the listener fails for good; `timeout` (scope drain) when
/// something had to be cut off.
template <class Server>
[[nodiscard]] task<result<void>> serve_until_stopped(context& cx, Server& server,
                                                     std::unique_ptr<net::listener> from,
                                                     duration grace) {
  cancel_scope alive(cx.env());
  event ended;
  auto body = [&](task_scope& tasks) -> task<result<void>> {
    tasks.spawn([&](context& inner) -> task<result<void>> {
      auto served = co_await server.serve(inner, std::move(from));
      ended.set();
      co_return served;
    });
    const auto stopped = co_await ended.wait(cx);
    if (stopped) {
      co_return result<void>();  // the listener failed; the task says why
    }
    auto drained = co_await server.drain(alive, grace);
    co_return drained;
  };
  auto outcome = co_await with_scope(alive, body);
  co_return outcome;
}

}  // namespace fairlead::cli
