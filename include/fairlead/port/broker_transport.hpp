// SPDX-License-Identifier: BSL-1.0
// Calls through a broker: each operation at its subject.
#pragma once

#include <fairlead/port/transport.hpp>

#include <memory>
#include <string>

namespace fairlead {

class message_broker;

/// Calls of a service behind a broker, where a `broker_server` serves it: the request is published
/// to `service` and the name of the operation ("users.get_user"), and of all who serve it one
/// answers. What travels besides are headers; see hop.hpp. An operation without a reply is a
/// publication; the items of a stream are asked for, some at a time, of the server that has begun.
///
/// *Errors*: `unavailable`, not sent, at once when nobody serves the operation; `too_large` for
/// what the broker does not carry: not sent when it is the request, answered when it is the reply.
/// Those of `message_broker::request`: when a connection breaks, the call ends at once, and `sent`
/// says whether the service may have seen it. Every error of the service, with its kind and data;
/// it is `answered`. Errors that NATS services of others tell are `application`.
/// *Cancellation*, and every other end before the answer, is told to those who serve, so that the
/// service's context is cancelled, or the call not begun. That is a message as others: it may be
/// lost, and the service then goes on until its deadline.
/// *Thread safety*: that of the broker.
///
/// Throws `std::invalid_argument` when `service` is no subject (subject.hpp).
///
/// *Example*:
/// ```cpp
/// auto broker = std::make_shared<nats_client>(scope, nats_options("nats://127.0.0.1:4222"));
/// auto u = remote_port<shop::users>(broker_transport(broker, "users"));
/// ```
[[nodiscard]] std::shared_ptr<transport> broker_transport(std::shared_ptr<message_broker> broker,
                                                          std::string service);

}  // namespace fairlead
