// SPDX-License-Identifier: BSL-1.0
// The Vary header, which several may add to.
#pragma once

#include <fairlead/http/headers.hpp>

#include <string_view>

namespace fairlead::http::detail {

/// Says that the answer depends on the request's header `name`, if that is not said yet.
inline void add_vary(headers& h, std::string_view name) {
  for (const auto field : h) {
    if (iequals(field.name, "Vary") && (has_token(field.value, name) || field.value == "*")) {
      return;
    }
  }
  h.add("Vary", name);
}

}  // namespace fairlead::http::detail
