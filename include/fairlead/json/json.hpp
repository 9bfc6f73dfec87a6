// SPDX-License-Identifier: BSL-1.0
// All of fairlead::json: decode, encode, codec, validate, constraints, schema.
#pragma once

#include <fairlead/json/codec.hpp>
#include <fairlead/json/constraints.hpp>
#include <fairlead/json/decode.hpp>
#include <fairlead/json/encode.hpp>
#include <fairlead/json/of.hpp>
#include <fairlead/json/options.hpp>
#include <fairlead/json/problem.hpp>
#include <fairlead/json/schema.hpp>
#include <fairlead/json/validate.hpp>
