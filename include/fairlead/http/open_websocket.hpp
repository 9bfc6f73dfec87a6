// SPDX-License-Identifier: BSL-1.0
// The client's side of a WebSocket's opening handshake.
#pragma once

#include <fairlead/http/client.hpp>
#include <fairlead/http/websocket.hpp>

#include <string_view>

namespace fairlead::http {

/// Opens a WebSocket at `target`: relative to the client's base URL, or absolute with ws, wss, http
/// or https. `extra` goes with the request: cookies, Authorization, Origin. The connection leaves
/// the client's pool, and counts no longer towards its limits.
///
/// *Completes when* the server has agreed, within the client's timeout.
/// *Errors*: `http_error` when it answers anything but 101; `protocol_error` when its agreement is
/// not valid; `invalid_argument` for options that cannot be; else those of `client`.
/// *Cancellation*: closes the connection.
///
/// *Example*:
/// ```cpp
/// auto chat = co_await http::open_websocket(cx, client, "wss://chat.example/room/7");
/// if (!chat) { co_return tl::unexpected(std::move(chat).error()); }
/// auto sent = co_await chat->send(cx, "hello");
/// ```
[[nodiscard]] task<result<websocket>> open_websocket(context& cx, client& c,
                                                     std::string_view target,
                                                     websocket_options options = {},
                                                     headers extra = {});

}  // namespace fairlead::http
