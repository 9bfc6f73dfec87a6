// SPDX-License-Identifier: BSL-1.0
// Everything of the policy area.
#pragma once

#include <fairlead/policy/adaptive_limit.hpp>   // IWYU pragma: export
#include <fairlead/policy/chaos.hpp>            // IWYU pragma: export
#include <fairlead/policy/circuit_breaker.hpp>  // IWYU pragma: export
#include <fairlead/policy/classify.hpp>         // IWYU pragma: export
#include <fairlead/policy/fallback.hpp>         // IWYU pragma: export
#include <fairlead/policy/outlier.hpp>          // IWYU pragma: export
#include <fairlead/policy/retry.hpp>            // IWYU pragma: export
#include <fairlead/policy/retry_budget.hpp>     // IWYU pragma: export
#include <fairlead/policy/shed.hpp>             // IWYU pragma: export
#include <fairlead/policy/stack.hpp>            // IWYU pragma: export
#include <fairlead/policy/throttle.hpp>         // IWYU pragma: export
#include <fairlead/policy/timeout.hpp>          // IWYU pragma: export
