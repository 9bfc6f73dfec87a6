// SPDX-License-Identifier: BSL-1.0
// What answers a request: the erased interface behind every route.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>

namespace fairlead::http {

/// Answers requests, several at a time. Routes made from lambdas are handlers; derive from it to
/// route requests by means of your own.
///
/// *Thread safety*: called on the executor of the server that it was given to.
class handler {
 public:
  handler() = default;
  handler(const handler&) = delete;
  handler& operator=(const handler&) = delete;
  virtual ~handler() = default;

  /// The answer, or an error that the server turns into one (see `status_of`). An exception becomes
  /// a 500. `cx` is cancelled when the client goes away and when the server's grace period ends;
  /// `r` lives until the answer has been sent.
  [[nodiscard]] virtual task<result<response>> handle(context& cx, const request& r) = 0;

  /// True when it reads the body while that arrives, by `request::incoming()`: it is called when
  /// the head is complete, and nothing of the body is kept in memory but one buffer.
  ///
  /// A client that waits for "100 Continue" is sent it when the body is first read. What is unread
  /// when the answer has been sent is read and dropped, up to 256 KiB and for `body_timeout`; when
  /// more is left, or when the client still waits for its "100 Continue", the connection is closed.
  /// Each read waits for `body_timeout` at most, and all of them for a client that keeps
  /// `min_body_rate`. An error of `read` that the handler passes on is answered as the server
  /// answers for other bodies: 400, 408, 413.
  [[nodiscard]] virtual bool takes_stream() const noexcept { return false; }
};

}  // namespace fairlead::http
