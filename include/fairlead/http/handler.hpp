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
  /// `r` lives until the task has ended.
  [[nodiscard]] virtual task<result<response>> handle(context& cx, const request& r) = 0;
};

}  // namespace fairlead::http
