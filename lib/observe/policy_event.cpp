// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/policy_event.hpp>

#include <array>

namespace fairlead::observe {

std::string_view to_string(policy_kind kind) noexcept {
  static constexpr std::array<std::string_view, 13> names{
      "timeout",  "retry", "circuit_breaker", "fallback", "bulkhead", "rate_limit", "hedge",
      "coalesce", "cache", "adaptive_limit",  "throttle", "shed",     "chaos"};
  const auto i = static_cast<std::size_t>(kind);
  return i < names.size() ? names[i] : "?";
}

std::string_view to_string(policy_action action) noexcept {
  static constexpr std::array<std::string_view, 17> names{
      "retry",     "gave_up",         "rejected",     "timeout", "late",   "fallback", "state",
      "hedge",     "hedge_cancelled", "hit",          "stale",   "joined", "limit",    "injected",
      "abandoned", "abandoned_ended", "not_abandoned"};
  const auto i = static_cast<std::size_t>(action);
  return i < names.size() ? names[i] : "?";
}

}  // namespace fairlead::observe
