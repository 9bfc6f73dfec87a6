// SPDX-License-Identifier: BSL-1.0
#include "detail/value_fallback.hpp"

#include <boost/json/serialize.hpp>

#include <utility>

namespace fairlead::policy::detail {

value_fallback::value_fallback(const boost::json::value& value, std::string name)
    : value_(std::make_shared<const boost::json::value>(value)), name_(std::move(name)) {}

step value_fallback::leave(layer_state& /*s*/, call& c) const {
  const auto* e = c.failure();
  if (e == nullptr || e->kind() == error_kind::cancelled || c.cancelled()) {
    return step::outward;
  }
  c.report({.policy = observe::policy_kind::fallback,
            .action = observe::policy_action::fallback,
            .name = name_,
            .attempt = c.attempt(),
            .cause = e});
  return step::substitute;
}

std::string value_fallback::describe() const {
  return "the answer " + boost::json::serialize(*value_) + " for every failure";
}

}  // namespace fairlead::policy::detail
