// SPDX-License-Identifier: BSL-1.0
// The servers of `fairlead echo`.
#pragma once

#include "echo_behaviour.hpp"
#include "echo_plan.hpp"

#include <fairlead/net/listener.hpp>

#include <memory>

namespace fairlead::cli {

/// How long a drain may take.
[[nodiscard]] duration drain_grace(const echo_plan& plan) noexcept;

/// line, jsonl and length32.
[[nodiscard]] task<result<void>> echo_frames(context& cx, const echo_plan& plan,
                                             std::unique_ptr<net::listener> from);
/// http and envelope.
[[nodiscard]] task<result<void>> echo_http(context& cx, const echo_plan& plan,
                                           std::unique_ptr<net::listener> from);
/// ws.
[[nodiscard]] task<result<void>> echo_websocket(context& cx, const echo_plan& plan,
                                                std::unique_ptr<net::listener> from);
/// sse.
[[nodiscard]] task<result<void>> echo_events(context& cx, const echo_plan& plan,
                                             std::unique_ptr<net::listener> from);
/// udp. Prints "listening on ADDRESS", too.
[[nodiscard]] task<result<void>> echo_datagrams(context& cx, const echo_plan& plan,
                                                const net::endpoint& at);

/// Any of them. Prints "listening on ADDRESS" once it does.
///
/// *Completes when* `cx` was cancelled and everything has been drained.
/// *Errors*: those of resolving and listening; `system_error`; `timeout` (scope drain).
[[nodiscard]] task<result<void>> echo_until_stopped(context& cx, const echo_plan& plan);

}  // namespace fairlead::cli
