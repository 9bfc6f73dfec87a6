// SPDX-License-Identifier: BSL-1.0
// Calls in the envelopes that services generated in other languages speak.
#pragma once

#include <fairlead/http/envelope.hpp>
#include <fairlead/port/service_table.hpp>
#include <fairlead/port/transport.hpp>

#include <memory>
#include <string>

namespace fairlead {

namespace http {
class client;
class router;
}  // namespace http

/// How calls travel in envelopes.
struct envelope_options {
  http::envelope kind = http::envelope::data;
  /// Of a server: which statuses go with errors.
  http::envelope_dialect dialect = http::envelope_dialect::proper;
  /// Of a client: a prefix of the paths.
  std::string base = {};
};

/// Calls of a service that takes `{"data": X}` and answers `{"success": true, "data": Y}` (or the
/// other kind, see `http::envelope`): every operation is POSTed to the path of its route, which has
/// no parameters, or to "/" and its name. What travels besides are headers, which services that do
/// not know them pass over.
///
/// *Errors*: `application` with the text that the envelope tells, whatever the status; else as
/// `http_transport`. An operation without a reply waits for the envelope all the same; one that is
/// answered with a stream is refused (`invalid_argument`).
/// *Cancellation* closes the connection. *Thread safety*: that of the client.
[[nodiscard]] std::shared_ptr<transport> envelope_transport(std::shared_ptr<http::client> client,
                                                            envelope_options options = {});

/// The other side: adds a POST route for every operation of the table, under the same paths, except
/// for those that are answered with a stream.
///
/// Throws `std::invalid_argument` when a route is taken, or has parameters.
void serve_enveloped(http::router& routes, service_table service, envelope_options options = {});

}  // namespace fairlead
