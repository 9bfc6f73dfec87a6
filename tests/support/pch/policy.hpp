// SPDX-License-Identifier: BSL-1.0
// Precompiled for the tests of `policy`: what most of them include.
#include <fairlead/core/random.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/policy/policy.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
