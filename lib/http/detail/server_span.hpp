// SPDX-License-Identifier: BSL-1.0
// A request on a server as a part of a trace, from its head to the end of its answer.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/http/access_record.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/observe/span.hpp>

#include <string_view>

namespace fairlead::http::detail {

class server_span {
 public:
  /// Goes on with the trace that came with `r`, whose route is known; begins one when none came.
  /// Where `by` is null nothing is recorded, and what came is passed on. `scheme` is "https" or
  /// "http".
  server_span(environment& env, observe::tracer* by, const request& r, std::string_view scheme);
  server_span(const server_span&) = delete;
  server_span& operator=(const server_span&) = delete;
  /// One that was not answered: its client has left.
  ~server_span();

  /// The context for what answers the request.
  [[nodiscard]] context under(const context& cx) noexcept { return span_.under(cx); }
  [[nodiscard]] observe::traceparent id() const noexcept { return span_.id(); }

  /// A handler or a source threw.
  void threw(std::string_view what) noexcept;
  /// The answer broke off since its source has failed.
  void failed(const error& why) noexcept;
  /// The answer has gone out; the span ends.
  void answered(const response& with, access_record::ending how) noexcept;

 private:
  void conclude(const response& with, access_record::ending how);

  observe::span span_;
  bool failed_ = false;
};

}  // namespace fairlead::http::detail
