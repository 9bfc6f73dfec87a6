// SPDX-License-Identifier: BSL-1.0
// What a route allows its requests, where that differs from the server's options.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/http/rate_floor.hpp>

#include <cstdint>
#include <optional>

namespace fairlead::http {

/// Limits of one route. What is not set is as in `server_options`.
///
/// *Example*:
/// ```cpp
/// routes.put("/files/{name}", {.deadline = 10min, .max_body = 1'000'000'000}, store_file);
/// ```
struct route_options {
  /// How long the handler may take; instead of `server_options::handler_timeout`. Positive.
  std::optional<duration> deadline = {};
  /// The largest body of a request, in bytes; instead of `server_options::max_body`. What is larger
  /// is answered with 413, as soon as it is announced. A body that the handler does not read as it
  /// arrives must fit into `server_options::body_memory` too.
  std::optional<std::uint64_t> max_body = {};
  /// The least rate of a request's body; instead of `server_options::min_body_rate`. `any_rate` for
  /// a route to which clients send a little now and then, for as long as they have something to
  /// say.
  std::optional<rate_floor> min_body_rate = {};
};

}  // namespace fairlead::http
