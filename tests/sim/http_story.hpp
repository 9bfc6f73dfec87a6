// SPDX-License-Identifier: BSL-1.0
// A day at a shop: HTTP clients with policies, a server, and a network that misbehaves.
#pragma once

#include <cstdint>
#include <string>

namespace fairlead::sim {

/// What a story came to.
struct telling {
  std::string trace;              ///< every line
  std::uint64_t answered = 0;     ///< calls that ended in a value
  std::uint64_t fell_back = 0;    ///< of those, from the fallback
  std::uint64_t retried = 0;      ///< attempts after a failure
  std::uint64_t transitions = 0;  ///< of the circuit breaker
  bool quiet = false;             ///< nothing was left behind
};

/// The same seed gives the same telling, byte for byte, in every run, build and compiler.
[[nodiscard]] telling tell_http_story(std::uint64_t seed);

}  // namespace fairlead::sim
