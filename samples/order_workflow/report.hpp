// SPDX-License-Identifier: BSL-1.0
// What people read at the end.
#pragma once

#include "shop_run.hpp"

#include <ostream>

namespace shop {

/// Prints both runs side by side: a line per order, what each policy did, and when the breaker
/// changed.
void print_report(std::ostream& out, const run_report& a, const run_report& b);

/// True when both transports came to the same outcome for every order.
[[nodiscard]] bool same_outcomes(const run_report& a, const run_report& b);

}  // namespace shop
