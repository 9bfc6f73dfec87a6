// SPDX-License-Identifier: BSL-1.0
// Precompiled for the tests of `core`: what most of them include.
#include <fairlead/core/event.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/when_all.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>
