// SPDX-License-Identifier: BSL-1.0
// One constraint as plain data. Programs make rules with the functions in constraints.hpp.
#pragma once

#include <fairlead/json/pattern.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace fairlead::json {

/// What a rule checks.
enum class rule_kind : std::uint8_t {
  range,        ///< numbers: between `low` and `high`
  length,       ///< strings: that many code points
  items,        ///< arrays and maps: that many entries
  non_empty,    ///< strings, arrays and maps: at least one
  pattern,      ///< strings: matches `program`
  texts,        ///< strings: one of a list
  numbers,      ///< numbers: one of a list
  email,        ///< strings: looks like an email address
  url,          ///< strings: an absolute URL
  integral,     ///< floating-point numbers: no fraction
  has_default,  ///< the member may be missing and then keeps its default
  named,        ///< the member has another name in JSON
};

/// Bounds hold every 64-bit integer and every double exactly.
using bound = long double;

/// A constraint on one member (`level` 0), on its elements (1), on theirs (2), and so on.
struct rule {
  rule_kind kind = rule_kind::has_default;
  std::uint8_t level = 0;
  bool above = false;  // range: `low` itself is out
  bool below = false;  // range: `high` itself is out
  bound low = -std::numeric_limits<bound>::infinity();
  bound high = std::numeric_limits<bound>::infinity();
  std::string_view text{};  // pattern: its source; named: the name
  const pattern_program* program = nullptr;
  const std::string_view* texts = nullptr;
  const bound* numbers = nullptr;
  std::size_t count = 0;
};

}  // namespace fairlead::json
