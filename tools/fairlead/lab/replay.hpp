// SPDX-License-Identifier: BSL-1.0
// Plays a scenario in virtual time.
#pragma once

#include "lab/record.hpp"

#include <fairlead/policy/config_reader.hpp>

#include <boost/json/value.hpp>

#include <tl/expected.hpp>

namespace fairlead::lab {

/// Reads and replays `document`, unless something is wrong with it: all that, and `found` before
/// it. The same document gives the same record, always.
[[nodiscard]] tl::expected<record, policy::config_problems> replay(
    const boost::json::value& document, policy::config_problems found = {});

}  // namespace fairlead::lab
