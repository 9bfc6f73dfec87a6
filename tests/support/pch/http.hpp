// SPDX-License-Identifier: BSL-1.0
// Precompiled for the tests of `http`: what most of them include.
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
