// SPDX-License-Identifier: BSL-1.0
// Calls over HTTP: each operation at its route.
#pragma once

#include <fairlead/port/transport.hpp>

#include <memory>
#include <string>

namespace fairlead {

namespace http {
class client;
}  // namespace http

/// Calls of a service behind HTTP. Each operation goes to its route below `base`, a prefix of the
/// paths; without one, targets are relative to the `base_url` of the client.
///
/// Fields named in the route's path travel in the path; the others in the query (GET, DELETE) or as
/// the members of a JSON body. What travels besides are headers; see hop.hpp.
///
/// *Errors*: those of the client (`http::client`), and every error of the service, of the same kind
/// and with the same data as in process; it is `answered`, and has neither stage nor cause. An
/// answer outside 2xx that says nothing of the kind is an `http_error`.
/// *Cancellation* closes the connection, by which the other side learns of it.
/// *Thread safety*: that of the client.
[[nodiscard]] std::shared_ptr<transport> http_transport(std::shared_ptr<http::client> client,
                                                        std::string base = {});

}  // namespace fairlead
