// SPDX-License-Identifier: BSL-1.0
// Errors as JSON, so that a failure on one side of a transport is the same failure on the other.
#pragma once

#include <fairlead/core/error.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace fairlead {

/// `e` as `{"error": {"kind": "...", "message": "...", ...}}`: its kind, its one-line message for
/// people, and the data that the kind carries (`url`, `limit_ms`, `status`, `pointer`, ...; absent
/// when empty). The `code` of an `application` error, and the kind of every other, stands in
/// `code`.
[[nodiscard]] std::string to_wire(const error& e);

/// The error in a text that `to_wire` made; nothing when it is something else. It has the same kind
/// and data, is `answered`, and has neither cause nor stage.
[[nodiscard]] std::optional<error> from_wire(std::string_view text);

}  // namespace fairlead
