// SPDX-License-Identifier: BSL-1.0
// The fallback of configuration files: a JSON value in place of every error.
#pragma once

#include <fairlead/policy/layer.hpp>

#include <boost/json/value.hpp>

#include <memory>
#include <string>

namespace fairlead::policy::detail {

/// Answers every error but `cancelled`. The stack decodes the value into the type of the result.
class value_fallback {
 public:
  value_fallback(const boost::json::value& value, std::string name);

  static constexpr bool answers = true;
  static constexpr bool answers_everything = true;
  struct layer_state {};
  step enter(layer_state& /*s*/, call& /*c*/) const noexcept { return step::inward; }
  step leave(layer_state& s, call& c) const;
  [[nodiscard]] const boost::json::value& instead() const noexcept { return *value_; }
  [[nodiscard]] std::string describe() const;

 private:
  std::shared_ptr<const boost::json::value> value_;
  std::string name_;
};

}  // namespace fairlead::policy::detail
