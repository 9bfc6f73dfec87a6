// SPDX-License-Identifier: BSL-1.0
// A call as the servers of transports run it that are not HTTP.
#pragma once

#include <fairlead/observe/trace_context.hpp>
#include <fairlead/port/service_table.hpp>

#include <string>
#include <string_view>

namespace fairlead::observe {
class tracer;
}  // namespace fairlead::observe

namespace fairlead::detail {

/// What a server knows of one call.
struct served_call {
  const service_table& table;
  const served_operation& which;
  observe::tracer* tracer;    ///< who records; null: the trace is passed on
  const trace_context& from;  ///< the trace that came with it
};

/// Runs it as a span of its own, under `cx`. What the service throws is `application: internal`.
[[nodiscard]] task<result<std::string>> run_served(context& cx, const served_call& call,
                                                   std::string_view request,
                                                   item_writer<std::string>* items);

}  // namespace fairlead::detail
