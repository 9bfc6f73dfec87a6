// SPDX-License-Identifier: BSL-1.0
// What all rounds say together, for people and for programs.
#pragma once

#include "processes.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace wire {

/// What one contestant did in one round.
struct round {
  double client_ns = 0;  ///< CPU time per request of its client, with a server of plain sockets
  double server_ns = 0;  ///< of its server, with a client of plain sockets
  double both_ns = 0;    ///< of its client and its server with each other
  double p50_us = 0;     ///< of the two with each other
  double p99_us = 0;
  double client_allocations = 0;
  double server_allocations = 0;
};

/// All rounds of one contestant with one size of body.
struct series {
  pair who;
  std::size_t body_bytes = 0;
  std::vector<round> rounds;
};

/// A Markdown table per size of body. Ratios are taken within a round, against the contestant
/// `asio_coroutines`; the table has their median and, in brackets, the lowest and the highest.
[[nodiscard]] std::string to_markdown(const std::vector<series>& all);

/// Every round as it was measured: an array of objects.
[[nodiscard]] std::string to_json(const std::vector<series>& all);

}  // namespace wire
