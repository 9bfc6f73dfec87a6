// SPDX-License-Identifier: BSL-1.0
// JSON as one line of text, with numbers as people write them: 0.25 rather than 2.5E-1.
#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace fairlead::cli {

/// Strings in `v` must be UTF-8.
[[nodiscard]] std::string json_text(const boost::json::value& v);

}  // namespace fairlead::cli
