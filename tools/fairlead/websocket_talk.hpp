// SPDX-License-Identifier: BSL-1.0
// What `fairlead ws` was asked to do, and how it does it.
#pragma once

#include "connections.hpp"
#include "error_report.hpp"
#include "line_input.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/headers.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::cli {

struct websocket_plan {
  std::string url;
  http::headers headers;
  bool binary = false;
  std::optional<duration> ping;
  duration timeout = std::chrono::seconds(5);
  connection_choice connections;
  error_style errors = error_style::text;
};

[[nodiscard]] const std::vector<option>& websocket_options_known();

/// The plan, or one line that says what is wrong.
[[nodiscard]] tl::expected<websocket_plan, std::string> plan_websocket(const arguments& given);

/// Takes each message.
using message_sink = std::function<void(std::string_view message)>;

/// Opens the WebSocket, sends each line of `from` as a message, and hands on what comes. Closes it
/// in order when the lines end, and when `cx` is cancelled.
///
/// *Completes when* it is closed.
/// *Errors*: those of opening and of the connection; `application` with the close code and the
/// reason when the peer closed it because something was wrong.
[[nodiscard]] task<result<void>> talk(context& cx, const websocket_plan& plan,
                                      const connection_setup& connections, line_input& from,
                                      message_sink show);

}  // namespace fairlead::cli
