// SPDX-License-Identifier: BSL-1.0
// What happened in a replay, for a terminal.
#pragma once

#include "lab/record.hpp"

#include <string>

namespace fairlead::lab {

/// The same lanes as the picture, in characters.
[[nodiscard]] std::string timeline_text(const record& r);

}  // namespace fairlead::lab
