// SPDX-License-Identifier: BSL-1.0
// What travels with a trace and never changes, shared by its contexts.
#pragma once

#include <fairlead/observe/baggage.hpp>
#include <fairlead/observe/trace_context.hpp>
#include <fairlead/observe/tracestate.hpp>

#include "open_span.hpp"

namespace fairlead {

struct trace_context::luggage {
  observe::tracestate state;
  observe::baggage facts;
};

}  // namespace fairlead
