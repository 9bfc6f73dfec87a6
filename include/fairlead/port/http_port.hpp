// SPDX-License-Identifier: BSL-1.0
// The adapter for a service behind HTTP: the client's side.
#pragma once

#include <fairlead/http/client.hpp>
#include <fairlead/port/http_transport.hpp>
#include <fairlead/port/remote_port.hpp>

#include <memory>
#include <string>
#include <utility>

namespace fairlead {

/// A port to a service behind HTTP: `remote_port` over `http_transport`. `serve` is the other side,
/// but any HTTP service with these routes will do.
///
/// *Example*: `auto u = http_port<shop::users>(client, "http://users:8080");`
template <class Port>
[[nodiscard]] Port http_port(std::shared_ptr<http::client> client, std::string base = {}) {
  return remote_port<Port>(http_transport(std::move(client), std::move(base)));
}

}  // namespace fairlead
