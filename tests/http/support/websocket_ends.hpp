// SPDX-License-Identifier: BSL-1.0
// Both ends of a WebSocket in a simulated world, each with a coroutine of its own.
#pragma once

#include "detail/websocket_connection.hpp"

#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/websocket.hpp>
#include <fairlead/net/memory.hpp>

#include <gtest/gtest.h>

#include "support/sim_test.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace fairlead::http::testing {

struct websocket_setting {
  net::memory_side client_side;
  net::memory_side server_side;
  websocket_options client;
  websocket_options server;
  std::optional<detail::deflate_terms> terms;
};

using side_task = std::function<task<void>(context&, websocket&)>;

inline websocket make_end(environment& env, std::unique_ptr<net::stream> s,
                          detail::endpoint_role self, const websocket_options& o = {},
                          const std::optional<detail::deflate_terms>& terms = {}) {
  return websocket(std::make_shared<detail::websocket_connection>(env, std::move(s), self, o, terms,
                                                                  std::string()));
}

/// Runs both ends at once, until both have ended.
inline void with_ends(const websocket_setting& how, const side_task& client,
                      const side_task& server) {
  fairlead::testing::run_in_world(1, [&](context& cx) -> task<void> {
    using detail::endpoint_role;
    auto ends = net::memory_pair(cx.env(), how.client_side, how.server_side);
    auto c =
        make_end(cx.env(), std::move(ends.first), endpoint_role::client, how.client, how.terms);
    auto s =
        make_end(cx.env(), std::move(ends.second), endpoint_role::server, how.server, how.terms);
    task_scope both(cx);
    both.spawn([&](context& own) { return client(own, c); });
    both.spawn([&](context& own) { return server(own, s); });
    auto joined = co_await both.join();
    EXPECT_TRUE(joined);
  });
}

}  // namespace fairlead::http::testing
