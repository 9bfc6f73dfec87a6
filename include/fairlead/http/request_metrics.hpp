// SPDX-License-Identifier: BSL-1.0
// Requests as metrics, of servers and of clients, under OpenTelemetry's names.
#pragma once

#include <fairlead/http/access_record.hpp>
#include <fairlead/http/exchange_info.hpp>

#include <functional>

namespace fairlead::observe {
class metric_registry;
}  // namespace fairlead::observe

namespace fairlead::http {

/// A hook for `server_options::on_access` that counts and times what a server answers, then calls
/// `then`, if there is one, such as a log. `into` must outlive the server; one registry may have
/// several servers.
///
/// | instrument | labels |
/// |---|---|
/// | `http.server.request.duration` | method, route, status, `error.type` from 500 on and where the
/// answer broke off | | `http.server.response.body.size` | method, route, status |
///
/// A request without a route has none: what a stranger thinks up makes no label. No memory is taken
/// once a set of labels is known.
///
/// *Example*:
/// ```cpp
/// observe::metric_registry measured;
/// http::server app(routes, http::server_options().on_access(http::server_metrics(measured)));
/// ```
[[nodiscard]] std::function<void(const access_record&)> server_metrics(
    observe::metric_registry& into, std::function<void(const access_record&)> then = {});

/// The same for `client_options::on_exchange`: `http.client.request.duration` by method, host,
/// port, status, and `error.type` where there is one. Of calls that were redirected or repeated
/// every exchange counts.
[[nodiscard]] exchange_hook client_metrics(observe::metric_registry& into, exchange_hook then = {});

}  // namespace fairlead::http
