// SPDX-License-Identifier: BSL-1.0
// A port as a document: for tools, and for people who call it from elsewhere.
#pragma once

#include <fairlead/json/codec.hpp>
#include <fairlead/port/port.hpp>
#include <fairlead/port/service_table.hpp>

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace fairlead {

/// What a document says of the whole service.
struct port_title {
  std::string_view name;               ///< "users"
  std::string_view version = "1.0.0";  ///< of the interface
  std::string_view description = {};
  std::string_view server = {};  ///< a URL, of an OpenAPI document; empty: none
};

namespace detail {

struct exported_operation {
  operation_info what;
  duration timeout;
  json::codec request;
  json::codec response;  // of an item, when it is answered with a stream
};

[[nodiscard]] std::string export_port(const port_title& title,
                                      std::span<const exported_operation> all);
[[nodiscard]] std::string export_openapi(const port_title& title,
                                         std::span<const exported_operation> all);

template <class Port>
struct exported;
template <operation... Rs>
struct exported<port<Rs...>> {
  static constexpr std::array all = {
      exported_operation{operation_info_of<Rs>(), operation_timeout<Rs>(), json::codec::of<Rs>(),
                         reply_form<Rs>::value}...};
};

}  // namespace detail

/// The port as JSON, which `fairlead call` reads: for each operation its name, route, nature and
/// answer, with JSON Schemas (draft 2020-12) of request and answer.
///
/// ```json
/// {"fairlead_port": 1, "name": "users", "version": "1.0.0",
///  "operations": [{"name": "get_user", "method": "GET", "path": "/users/{id}",
///                  "idempotent": true, "delivery": "reply",
///                  "request": {"$ref": "#/$defs/get_user"}, "response": {"$ref":
///                  "#/$defs/user"}}],
///  "$defs": {...}}
/// ```
template <class Port>
[[nodiscard]] std::string export_port(const port_title& title) {
  return detail::export_port(title, detail::exported<Port>::all);
}

/// The port over HTTP (`serve`) as an OpenAPI 3.1 document in JSON.
template <class Port>
[[nodiscard]] std::string export_openapi(const port_title& title) {
  return detail::export_openapi(title, detail::exported<Port>::all);
}

}  // namespace fairlead
