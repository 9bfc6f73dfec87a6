// SPDX-License-Identifier: BSL-1.0
// Draws what happened in a replay.
#pragma once

#include "lab/record.hpp"

#include <string>

namespace fairlead::lab {

/// A lane per call, with its attempts as bars and rejections, timeouts and hedges as marks; a lane
/// per policy with state.
[[nodiscard]] std::string timeline_svg(const record& r);

}  // namespace fairlead::lab
