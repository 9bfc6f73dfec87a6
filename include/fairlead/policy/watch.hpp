// SPDX-License-Identifier: BSL-1.0
// The gauges of policies with state, for metrics.
#pragma once

#include <fairlead/core/clock.hpp>
#include <fairlead/observe/metrics.hpp>
#include <fairlead/policy/abandoning_timeout.hpp>
#include <fairlead/policy/adaptive_limit.hpp>
#include <fairlead/policy/bulkhead.hpp>
#include <fairlead/policy/circuit_breaker.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/retry_budget.hpp>

#include <string_view>

namespace fairlead::policy {

/// Shows what a policy knows of itself in `to`, under its name or, where two policies have the
/// same, under another. The gauges stay for as long as what is returned lives, and so does the
/// policy.
///
/// | policy | gauges |
/// |---|---|
/// | `circuit_breaker` | `resilience.breaker.state`, `.breaker.failure_rate` |
/// | `bulkhead`, `adaptive_limit` | `resilience.limit.current`, `.limit.inflight` |
/// | `retry_budget` | `resilience.budget.tokens` |
/// | `abandoning_timeout` | `resilience.abandoned` |
/// | `hedge` | `resilience.hedge.win_ratio` (0 before any call was hedged) |
///
/// `time` must outlive what is returned; it is read by the thread that takes the snapshot.
///
/// *Thread safety*: any thread.
///
/// *Example*: `const auto watched = policy::watch(measured, breaker);`
[[nodiscard]] observe::gauge_watch watch(observe::metrics& to, const circuit_breaker& b,
                                         std::string_view name = {},
                                         const clock& time = system_clock());
[[nodiscard]] observe::gauge_watch watch(observe::metrics& to, const retry_budget& b,
                                         std::string_view name = {},
                                         const clock& time = system_clock());
[[nodiscard]] observe::gauge_watch watch(observe::metrics& to, const bulkhead& b,
                                         std::string_view name = {});
[[nodiscard]] observe::gauge_watch watch(observe::metrics& to, const adaptive_limit& l,
                                         std::string_view name = {});
[[nodiscard]] observe::gauge_watch watch(observe::metrics& to, const abandoning_timeout& t,
                                         std::string_view name = {});
[[nodiscard]] observe::gauge_watch watch(observe::metrics& to, const hedge& h,
                                         std::string_view name = {});

}  // namespace fairlead::policy
