// SPDX-License-Identifier: BSL-1.0
// How it works: the kernel keeps the CPU time of every process in nanoseconds, and lets others read
// it; so the client can look at both sides at the same moment, and the server needs no protocol.
// Only the sum is used: on virtual machines we saw half of what one side did charged to the other
// when the two take turns every few microseconds.
#include "meter.hpp"

#include <time.h>
#include <algorithm>
#include <stdexcept>
#include <string>

namespace wire {

namespace {

std::uint64_t read_ns(clockid_t which) {
  timespec t{};
  if (::clock_gettime(which, &t) != 0) {
    throw std::runtime_error("the CPU time of a process cannot be read");
  }
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(t.tv_nsec);
}

}  // namespace

meter::meter(pid_t server, std::uint64_t warm_up, std::uint64_t requests, std::size_t body_bytes,
             const allocation_counts& allocations)
    : warm_up_(warm_up),
      requests_(requests),
      body_bytes_(body_bytes),
      allocations_(allocations),
      latencies_ns_(requests) {
  if (::clock_getcpuclockid(server, &server_clock_) != 0) {
    throw std::runtime_error("the server's CPU clock cannot be found");
  }
}

meter::snapshot meter::look() const {
  return {read_ns(CLOCK_PROCESS_CPUTIME_ID) + read_ns(server_clock_), allocations_};
}

bool meter::more() {
  if (started_ == warm_up_ + requests_) {
    return false;
  }
  one_at_a_time_ = one_at_a_time_ && started_ == done_;
  ++started_;
  begun_ = std::chrono::steady_clock::now();
  return true;
}

void meter::answered(std::size_t body_bytes) {
  const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - begun_;
  if (body_bytes != body_bytes_) {
    throw std::runtime_error("a body of " + std::to_string(body_bytes) + " bytes came instead of " +
                             std::to_string(body_bytes_));
  }
  if (done_ >= warm_up_) {
    latencies_ns_[done_ - warm_up_] =
        static_cast<std::uint32_t>(std::min<std::int64_t>(took.count(), UINT32_MAX));
  }
  ++done_;
  if (done_ == warm_up_) {
    before_ = look();
  } else if (done_ == warm_up_ + requests_) {
    after_ = look();
  }
}

measurement meter::outcome() const {
  auto sorted = latencies_ns_;
  if (!one_at_a_time_) {
    sorted.assign(1, 0);
  }
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](std::size_t percent) {
    return static_cast<double>(sorted[(sorted.size() - 1) * percent / 100]) / 1000.0;
  };
  const auto each = [this](std::uint64_t before, std::uint64_t after) {
    return static_cast<double>(after - before) / static_cast<double>(requests_);
  };
  return {each(before_.cpu_ns, after_.cpu_ns),
          each(before_.allocations.client, after_.allocations.client),
          each(before_.allocations.server, after_.allocations.server), at(50), at(99)};
}

}  // namespace wire
