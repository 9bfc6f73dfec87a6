// SPDX-License-Identifier: BSL-1.0
// What spans of calls say of them, on both sides.
#pragma once

#include <fairlead/observe/names.hpp>
#include <fairlead/observe/span.hpp>

#include <string_view>

namespace fairlead::detail {

/// By OpenTelemetry's conventions for remote procedure calls.
inline void describe_call(observe::span& s, std::string_view operation) noexcept {
  s.set(observe::names::rpc_system, "fairlead");
  s.set(observe::names::rpc_method, operation);
}

}  // namespace fairlead::detail
