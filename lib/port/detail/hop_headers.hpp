// SPDX-License-Identifier: BSL-1.0
// What travels with a call, as HTTP headers.
#pragma once

#include <fairlead/http/headers.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/port/hop.hpp>

#include <string_view>

namespace fairlead::detail {

/// Headers of a request; the client sends the idempotency key itself.
[[nodiscard]] inline http::headers hop_headers(const outgoing_hop& hop, std::string_view accept,
                                               bool has_body) {
  http::headers h;
  h.add("Accept", accept);
  if (has_body) {
    h.add("Content-Type", "application/json");
  }
  for (const auto& field : hop.fields()) {
    if (field.name != idempotency_key_field) {
      h.add(field.name, field.value);
    }
  }
  return h;
}

[[nodiscard]] inline incoming_hop hop_of(const http::request& r) {
  incoming_hop hop(hop_trace::apart);  // the server has taken it
  for (const auto field : r.headers()) {
    hop.take(field.name, field.value);
  }
  return hop;
}

}  // namespace fairlead::detail
