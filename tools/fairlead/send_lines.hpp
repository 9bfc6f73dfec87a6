// SPDX-License-Identifier: BSL-1.0
// Lines as requests, replies in their order.
#pragma once

#include "line_input.hpp"
#include "send_plan.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/net/network.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::cli {

/// Takes each reply, in the order of the requests.
using reply_sink = std::function<void(const std::string& reply)>;

/// Sends every line of `from` to the plan's address until the lines end, and hands each reply on.
///
/// *Completes when* the last reply is there.
/// *Errors*: that of the first call that got no reply; what comes behind it is not sent. Those of
/// reading the lines.
[[nodiscard]] task<result<void>> send_lines(context& cx, net::network& net, const send_plan& plan,
                                            line_input& from, reply_sink reply);

/// The error that a reply of JSON lines tells, if it does.
[[nodiscard]] std::optional<error> told_error(std::string_view reply);

}  // namespace fairlead::cli
