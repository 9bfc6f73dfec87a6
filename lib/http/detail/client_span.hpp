// SPDX-License-Identifier: BSL-1.0
// One exchange of a client as a part of a trace.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/error.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/url.hpp>
#include <fairlead/observe/span.hpp>

#include <cstdint>
#include <string_view>

namespace fairlead::http::detail {

class client_span {
 public:
  /// A span below that of `cx`, whose trace is recorded. `target` is path and query at `to`;
  /// `resends`: how often the request was sent before, by this call and by whoever repeats calls.
  client_span(const context& cx, const request& r, const url& to, std::string_view target,
              std::uint32_t resends);

  /// What goes along with the request.
  [[nodiscard]] const trace_context* trace(const context& cx) noexcept {
    return span_.under(cx).trace();
  }

  /// What came of it: the head of an answer, or null; why it failed, or null.
  void ended(const response* head, std::string_view remote, const error* why) noexcept;

 private:
  observe::span span_;
};

}  // namespace fairlead::http::detail
