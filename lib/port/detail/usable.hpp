// SPDX-License-Identifier: BSL-1.0
// What every broker asks of a subscription before it makes it.
#pragma once

#include <fairlead/port/broker.hpp>

namespace fairlead::detail {

/// *Errors*: `invalid_argument` with everything that is wrong.
[[nodiscard]] result<void> usable(const subscription_options& options,
                                  const broker_handler& handler);

}  // namespace fairlead::detail
