// SPDX-License-Identifier: BSL-1.0
// How a request, one JSON object, stands in an HTTP request, and how it is put together again.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/port/operation.hpp>
#include <fairlead/port/service_table.hpp>

#include <string>
#include <string_view>

namespace fairlead::detail {

[[nodiscard]] http::method method_of(const operation_info& what) noexcept;
/// The pattern of its path: the route's, or "/" and its name.
[[nodiscard]] std::string path_of(const operation_info& what);

struct placed_request {
  std::string target;
  std::string body;
};

/// `request`, a JSON text, below `base`: fields named in the path go there, the rest into the query
/// or the body.
///
/// *Errors*: `invalid_argument` for what cannot stand there, and for a request that is no object.
[[nodiscard]] result<placed_request> place(const std::string& base, const operation_info& what,
                                           std::string_view request);

/// The JSON of the request in `r`: its body, the query of methods without one, and the path
/// parameters, which win.
[[nodiscard]] std::string request_text(const http::request& r, is_text_field is_text);

}  // namespace fairlead::detail
