// SPDX-License-Identifier: BSL-1.0
// Endpoints for those who watch a service: orchestrators and load balancers.
#pragma once

#include <fairlead/http/handler.hpp>

#include <functional>
#include <memory>

namespace fairlead::http {

/// 200 `{"status": "ok"}` as long as the server answers at all: for those who start it anew when it
/// does not. Asks nothing else, so that a broken dependency does not bring the service down.
///
/// *Example*:
/// ```cpp
/// routes.get("/healthz", http::liveness());
/// routes.get("/readyz", http::readiness([&](context& cx) { return store.ping(cx); }));
/// ```
[[nodiscard]] std::shared_ptr<handler> liveness();

/// 200 as long as requests should be sent here; 503 once the server was withdrawn or is being
/// drained, and when `check` ends in an error. For load balancers: `server::withdraw`, a pause that
/// is longer than they take to notice, then `server::drain`, and no request is lost.
[[nodiscard]] std::shared_ptr<handler> readiness(
    std::function<task<result<void>>(context& cx)> check = {});

}  // namespace fairlead::http
