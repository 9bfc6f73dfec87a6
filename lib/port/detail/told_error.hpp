// SPDX-License-Identifier: BSL-1.0
// An error that the other side tells of, as the caller is to read it.
#pragma once

#include <fairlead/core/error.hpp>

#include <optional>
#include <string_view>

namespace fairlead::detail {

/// The error in `text`, which `to_wire` made on the side of `peer`; nothing when it is none.
///
/// What ended there was not what ended here: a call that the service cancelled (it shuts down, or
/// ran into a limit) is `unavailable`, and a deadline of its own is a `timeout`.
[[nodiscard]] std::optional<error> told_error(std::string_view text, std::string_view peer,
                                              std::optional<duration> retry_after = {});

}  // namespace fairlead::detail
