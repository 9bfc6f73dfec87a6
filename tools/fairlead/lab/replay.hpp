// SPDX-License-Identifier: BSL-1.0
// Plays a scenario in virtual time.
#pragma once

#include "lab/record.hpp"

#include <fairlead/policy/config_reader.hpp>

#include <boost/json/value.hpp>

#include <tl/expected.hpp>

namespace fairlead::lab {

/// Reads and replays `document`. The same document gives the same record, always.
[[nodiscard]] tl::expected<record, policy::config_problems> replay(
    const boost::json::value& document);

}  // namespace fairlead::lab
