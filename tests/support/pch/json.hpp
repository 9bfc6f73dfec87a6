// SPDX-License-Identifier: BSL-1.0
// Precompiled for the tests of `json`: what most of them include.
#include <fairlead/json/json.hpp>

#include <gtest/gtest.h>

#include <boost/describe.hpp>

#include <map>
#include <string>
