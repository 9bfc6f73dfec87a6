// SPDX-License-Identifier: BSL-1.0
// Everything of the policy area.
#pragma once

#include <fairlead/policy/circuit_breaker.hpp>  // IWYU pragma: export
#include <fairlead/policy/classify.hpp>         // IWYU pragma: export
#include <fairlead/policy/fallback.hpp>         // IWYU pragma: export
#include <fairlead/policy/fleet_breaker.hpp>    // IWYU pragma: export
#include <fairlead/policy/keep_probing.hpp>     // IWYU pragma: export
#include <fairlead/policy/retry.hpp>            // IWYU pragma: export
#include <fairlead/policy/stack.hpp>            // IWYU pragma: export
#include <fairlead/policy/timeout.hpp>          // IWYU pragma: export
