// SPDX-License-Identifier: BSL-1.0
// The business code: it holds ports and knows nothing of transports, policies or faults.
#pragma once

#include "model.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>

#include <optional>
#include <string_view>

namespace shop {

/// How an order ended.
enum class outcome {
  shipped,          ///< paid and handed to the shipping service
  manual_shipping,  ///< paid; somebody has to arrange the shipping by hand
  rejected,         ///< nothing happened: the user or the order was refused
  cancelled,        ///< the payment failed and the order was cancelled again
  needs_attention,  ///< something may or may not have happened: somebody has to look
};

[[nodiscard]] std::string_view to_string(outcome o);

/// What became of one order, and why.
struct order_report {
  outcome result = outcome::rejected;
  std::optional<order> placed;
  std::optional<shipment> shipped;
  std::optional<fairlead::error> reason;        ///< of the step that failed
  std::optional<fairlead::error> compensation;  ///< why the order could not be cancelled
};

/// Checks the user, creates the order, takes the money, arranges the shipping. When the payment
/// fails the order is cancelled again, beyond the caller's own deadline if need be; when that fails
/// too, it is said.
[[nodiscard]] fairlead::task<order_report> process_order(fairlead::context& cx, users& user_port,
                                                         orders& order_port, payments& payment_port,
                                                         shipping& shipping_port,
                                                         const create_order& request);

}  // namespace shop
