// SPDX-License-Identifier: BSL-1.0
#include "told_error.hpp"

#include <fairlead/port/wire_error.hpp>

#include <utility>

namespace fairlead::detail {

std::optional<error> told_error(std::string_view text, std::string_view peer,
                                std::optional<duration> retry_after) {
  auto told = from_wire(text);
  if (!told) {
    return std::nullopt;
  }
  if (told->is<errors::cancelled>()) {
    error out = errors::unavailable{peer, "the service cancelled the call", retry_after};
    out.with_sent(error_sent::answered);
    return out;
  }
  if (const auto late = told->get<errors::deadline>()) {
    error out = errors::timeout{late->target.empty() ? peer : late->target, late->limit,
                                timeout_scope::total};
    out.with_sent(error_sent::answered);
    return out;
  }
  return told;
}

}  // namespace fairlead::detail
