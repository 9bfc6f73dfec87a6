// SPDX-License-Identifier: BSL-1.0
// Runs a client and its server in processes of their own.
#pragma once

#include "pairs.hpp"

#include <cstddef>
#include <cstdint>

namespace wire {

/// Where the two processes run.
enum class placement : std::uint8_t {
  one_core,   ///< both on one core: a switch between them costs a context switch, no wake-up
  two_cores,  ///< a core each: on virtual machines the wake-up of the other core dominates
};

/// How much is asked.
struct workload {
  std::size_t body_bytes = 0;
  std::uint64_t warm_up = 0;
  std::uint64_t requests = 0;
  std::size_t connections = 1;
  placement where = placement::one_core;
};

/// Runs the client of one contestant against the server of another, or of the same. Throws
/// `std::runtime_error` when a process failed.
[[nodiscard]] measurement run_pair(const pair& asking, const pair& serving, const workload& w);

}  // namespace wire
