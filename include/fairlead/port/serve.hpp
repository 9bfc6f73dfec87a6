// SPDX-License-Identifier: BSL-1.0
// The adapter for a service behind HTTP: the server's side.
#pragma once

#include <fairlead/port/service_table.hpp>

#include <memory>
#include <utility>

namespace fairlead {

namespace http {
class router;
}  // namespace http

/// Adds a route for every operation of the table to `routes`. Requests are validated before the
/// service sees them. A service's error is answered with a status that fits (`http::status_of`) and
/// its kind and data in the body, so that an `http_port` gives the caller the same error.
///
/// Those data name hosts and limits of the service; put a gateway between this and the public.
///
/// An operation without a reply is answered 202 when it was read, and run then: at most `one_way`
/// at a time, beyond that the caller gets `unavailable`. One that is answered with a stream sends
/// lines of JSON (application/x-ndjson): `{"item": X}` for each, and `{"end": true}` or
/// `{"error": {...}}` last, so that one that was cut off is not taken for the whole.
///
/// *Cancellation*: the service's context is cancelled when the caller goes away, and ends with the
/// caller's remaining time. Throws `std::invalid_argument` when a route is taken.
void serve(http::router& routes, service_table service, std::size_t one_way = 1000);

/// The same for all operations of `Port` on a service object.
///
/// *Example*:
/// ```cpp
/// http::router routes;
/// serve<shop::users>(routes, std::make_shared<users_service>());
/// http::server server(std::move(routes));
/// ```
template <class Port, class S>
void serve(http::router& routes, std::shared_ptr<S> service) {
  serve(routes, service_table::of<Port>(std::move(service)));
}

/// The same for a service that is moved in.
template <class Port, class S>
void serve(http::router& routes, S service) {
  serve<Port>(routes, std::make_shared<S>(std::move(service)));
}

}  // namespace fairlead
