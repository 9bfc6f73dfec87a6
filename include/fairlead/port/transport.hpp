// SPDX-License-Identifier: BSL-1.0
// How calls reach a service that is elsewhere: as text, so that nothing here knows their types.
#pragma once

#include <fairlead/core/task.hpp>
#include <fairlead/port/item_writer.hpp>
#include <fairlead/port/operation.hpp>

#include <string>
#include <string_view>

namespace fairlead {

/// Carries the calls of ports to a service: over HTTP, a framed socket, a broker, or to one of
/// several endpoints. Implement it to add a way; `remote_port` makes a typed port of any.
///
/// Requests and replies are JSON texts, validated by the port. What else travels with a call (its
/// remaining time, its trace, ...) is in the context.
///
/// *Errors*: an error of the service has its kind and data, and is `answered`. An error of the way
/// there says with `sent` whether the service may have seen the request: nothing is lost silently.
/// *Cancellation* and the deadline of `cx` reach the other side where the way allows it.
/// *Thread safety*: each implementation says its own.
class transport {
 public:
  transport() = default;
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  virtual ~transport() = default;

  /// Completes when the reply is there, and gives its JSON text; empty for a reply without a value.
  /// `what` and `request` live until the task has ended.
  [[nodiscard]] virtual task<result<std::string>> call(context& cx, const operation_info& what,
                                                       std::string_view request) = 0;

  /// For an operation without a reply. Completes when the request was handed over: to the peer's
  /// socket, to the broker. Whether it was acted on nobody learns.
  [[nodiscard]] virtual task<result<void>> send(context& cx, const operation_info& what,
                                                std::string_view request) = 0;

  /// For an operation that is answered with a stream: hands each item's JSON text to `to`.
  /// Completes when the last one was taken. When `to` fails, the call ends with that error and the
  /// service is cancelled.
  [[nodiscard]] virtual task<result<void>> stream(context& cx, const operation_info& what,
                                                  std::string_view request,
                                                  item_writer<std::string>& to) = 0;
};

}  // namespace fairlead
