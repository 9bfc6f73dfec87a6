// SPDX-License-Identifier: BSL-1.0
// The commands of the `fairlead` program. Each gets the words after its name and gives the exit
// status.
#pragma once

#include <string>
#include <vector>

namespace fairlead::cli {

[[nodiscard]] int lab(const std::vector<std::string>& words);

}  // namespace fairlead::cli
