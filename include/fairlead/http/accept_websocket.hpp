// SPDX-License-Identifier: BSL-1.0
// The server's side of a WebSocket's opening handshake.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/http/websocket.hpp>

#include <functional>

namespace fairlead::http {

/// Talks to one client. `cx` has no deadline; it is cancelled when the grace period of a drain
/// ends. The WebSocket is closed in order when the task ends, if it is not yet.
using websocket_handler = std::function<task<void>(context& cx, websocket& ws)>;

/// The answer to a request that asks for a WebSocket: a 101 that hands the connection to `f`, or
/// what is wrong with the request: 426, 400, or 403 for a page of another origin, which is what
/// keeps foreign pages from speaking with a browser's cookies (see `websocket_options::origin`).
///
/// When the server is drained, the client is told (1001) as soon as the drain begins; `f` sees the
/// end of the conversation when it reads, and may say goodbye until then.
///
/// `options` must be valid: throws `std::invalid_argument` naming everything that is wrong.
///
/// *Example*:
/// ```cpp
/// routes.get("/echo", [](context&, const http::request& r) -> result<http::response> {
///   return http::accept_websocket(r, [](context& cx, http::websocket& ws) -> task<void> {
///     for (;;) {
///       auto got = co_await ws.read(cx);
///       if (!got || !*got) { co_return; }
///       auto sent = co_await ws.send(cx, (*got)->kind, (*got)->data);
///       if (!sent) { co_return; }
///     }
///   });
/// });
/// ```
[[nodiscard]] response accept_websocket(const request& r, websocket_handler f,
                                        websocket_options options = {});

}  // namespace fairlead::http
