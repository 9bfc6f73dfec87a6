// SPDX-License-Identifier: BSL-1.0
// How instruments and labels are called in the text formats.
#pragma once

#include <fairlead/observe/metrics_snapshot.hpp>

#include <string>
#include <string_view>

namespace fairlead::observe::detail {

/// A letter or underscore, then letters, digits and `_:.-/`.
[[nodiscard]] bool is_metric_name(std::string_view name) noexcept;

/// With underscores for what the formats do not allow.
[[nodiscard]] std::string text_name(std::string_view name);

/// What follows the name of an instrument of that unit: "seconds"; empty for most.
[[nodiscard]] std::string_view unit_suffix(std::string_view unit) noexcept;

/// The name that all samples of an instrument begin with: with the unit, without "_total".
[[nodiscard]] std::string family_name(std::string_view name, std::string_view unit,
                                      instrument_kind kind);

}  // namespace fairlead::observe::detail
