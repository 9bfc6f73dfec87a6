// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/detail/operation_limit.hpp>

#include <utility>

namespace fairlead::detail {

void operation_limit::translate(std::string_view what, error& e) const {
  if (!e.is<errors::deadline>() || limited_.deadline() >= caller_.deadline() || !caller_.check()) {
    return;
  }
  error out = errors::timeout{what, limit_, timeout_scope::total};
  out.at(e.stage()).with_sent(e.sent()).with_cause(e);
  e = std::move(out);
}

}  // namespace fairlead::detail
