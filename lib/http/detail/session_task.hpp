// SPDX-License-Identifier: BSL-1.0
// The coroutine around a session: waits where it says so, and runs handlers under a context of
// their own.
#pragma once

#include "server_state.hpp"

#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/stream.hpp>

#include <memory>

namespace fairlead::http::detail {

/// Serves one connection to its end. `idle` is cancelled when idle connections are to be closed;
/// `watchers` takes the task that looks after a client whose handler takes its time.
[[nodiscard]] task<void> serve_connection(context& cx, server_state& shared, cancel_scope& idle,
                                          task_scope& watchers, std::unique_ptr<net::stream> s);

}  // namespace fairlead::http::detail
