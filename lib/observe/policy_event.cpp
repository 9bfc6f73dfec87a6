// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/policy_event.hpp>

#include <fairlead/observe/timing_event.hpp>

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

std::string_view to_string(severity s) noexcept {
  static constexpr std::array<std::string_view, 4> names{"debug", "information", "warning",
                                                         "error"};
  const auto i = static_cast<std::size_t>(s);
  return i < names.size() ? names[i] : "?";
}

std::string_view to_string(execution_outcome outcome) noexcept {
  static constexpr std::array<std::string_view, 5> names{"success", "failure", "timeout",
                                                         "rejected", "cancelled"};
  const auto i = static_cast<std::size_t>(outcome);
  return i < names.size() ? names[i] : "?";
}

severity severity_of(const policy_event& event) noexcept {
  switch (event.action) {
    case policy_action::gave_up:
    case policy_action::rejected:
    case policy_action::timeout:
    case policy_action::not_abandoned:
      return severity::error;
    case policy_action::retry:
    case policy_action::late:
    case policy_action::fallback:
    case policy_action::hedge:
    case policy_action::abandoned:
      return severity::warning;
    case policy_action::state:
      if (event.to == "open" || event.to == "isolated") {
        return severity::error;
      }
      return event.to == "half_open" ? severity::warning : severity::information;
    case policy_action::stale:
    case policy_action::limit:
    case policy_action::injected:
    case policy_action::abandoned_ended:
      return severity::information;
    case policy_action::hedge_cancelled:
    case policy_action::hit:
    case policy_action::joined:
      return severity::debug;
  }
  return severity::information;
}

}  // namespace fairlead::observe
