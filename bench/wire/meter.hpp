// SPDX-License-Identifier: BSL-1.0
// Measures a client and the server that answers it, request by request.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wire {

/// How often each process called operator new or aligned_alloc. Lives in memory that both share.
struct allocation_counts {
  std::uint64_t client = 0;
  std::uint64_t server = 0;
};

/// From now on this process counts its allocations there. See allocations.cpp.
void count_allocations_in(std::uint64_t& counter) noexcept;

/// Averages and percentiles over the counted requests.
struct measurement {
  double cpu_ns = 0;              ///< per request, user and system, of both processes together
  double client_allocations = 0;  ///< per request
  double server_allocations = 0;
  double p50_us = 0;  ///< from before the request until its body is there; 0 when not measured
  double p99_us = 0;
};

/// What a client asks about its progress. The first requests warm up and are not counted.
class meter {
 public:
  meter(pid_t server, std::uint64_t warm_up, std::uint64_t requests, std::size_t body_bytes,
        const allocation_counts& allocations);

  /// True as long as another request is wanted, which begins now. Several may be under way; their
  /// latencies are not measured then.
  [[nodiscard]] bool more();
  /// The body of the answer is there. Throws when it does not have the size that is due.
  void answered(std::size_t body_bytes);

  [[nodiscard]] measurement outcome() const;

 private:
  struct snapshot {
    std::uint64_t cpu_ns = 0;
    allocation_counts allocations;
  };
  [[nodiscard]] snapshot look() const;

  clockid_t server_clock_;
  std::uint64_t warm_up_;
  std::uint64_t requests_;
  std::size_t body_bytes_;
  const allocation_counts& allocations_;
  std::uint64_t started_ = 0;
  std::uint64_t done_ = 0;
  bool one_at_a_time_ = true;
  snapshot before_;
  snapshot after_;
  std::chrono::steady_clock::time_point begun_;
  std::vector<std::uint32_t> latencies_ns_;
};

}  // namespace wire
