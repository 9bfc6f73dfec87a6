// SPDX-License-Identifier: BSL-1.0
// The policies that most programs use. The others have headers of their own, since each costs a
// little of everybody's compile time: abandoning_timeout, adaptive_limit, any_stack, cache, chaos,
// coalesce, from_json, fleet_breaker, hedge, keep_probing, keyed, outlier, shed, throttle.
#pragma once

#include <fairlead/policy/bulkhead.hpp>         // IWYU pragma: export
#include <fairlead/policy/circuit_breaker.hpp>  // IWYU pragma: export
#include <fairlead/policy/classify.hpp>         // IWYU pragma: export
#include <fairlead/policy/fallback.hpp>         // IWYU pragma: export
#include <fairlead/policy/rate_limit.hpp>       // IWYU pragma: export
#include <fairlead/policy/retry.hpp>            // IWYU pragma: export
#include <fairlead/policy/stack.hpp>            // IWYU pragma: export
#include <fairlead/policy/timeout.hpp>          // IWYU pragma: export
