// SPDX-License-Identifier: BSL-1.0
// What a program measures, for Prometheus and its relatives to scrape.
#pragma once

#include <fairlead/http/handler.hpp>

#include <functional>
#include <memory>

namespace fairlead::observe {
class metric_registry;
struct metrics_snapshot;
}  // namespace fairlead::observe

namespace fairlead::http {

/// Answers with everything that is in `of`, which must outlive the server: as OpenMetrics 1.0 with
/// exemplars for those whose Accept header names that format and likes it no less than plain text,
/// as Prometheus does; for everybody else, browsers included, in the text format 0.0.4, whatever
/// they accept. Never to be kept by caches.
///
/// The snapshot is taken and written by the server's thread: mind that with tens of thousands of
/// label sets. Who may see it is decided around it: give the route a middleware (`basic_auth`), or
/// serve it on a port of its own.
///
/// *Example*:
/// ```cpp
/// observe::metric_registry measured;
/// http::router routes;
/// routes.get("/metrics", http::metrics_page(measured));
/// ```
[[nodiscard]] std::shared_ptr<handler> metrics_page(const observe::metric_registry& of);

/// The same with snapshots that `take` makes: of `observe::metrics` with numbers of its own, or of
/// several registries. What it throws is answered with a 500.
[[nodiscard]] std::shared_ptr<handler> metrics_page(
    std::function<observe::metrics_snapshot()> take);

}  // namespace fairlead::http
