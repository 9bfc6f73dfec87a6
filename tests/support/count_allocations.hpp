// SPDX-License-Identifier: BSL-1.0
// Counts what a program allocates, and lets it run out of memory. A program that links
// `count_allocations_dep` has its global operator new replaced, so it is one of its own, and not
// built under sanitizers.
#pragma once

#include <cstdint>

namespace fairlead::testing {

/// How often memory was taken so far, by all threads: operator new, and aligned_alloc, where Asio's
/// allocator ends when it recycles nothing.
[[nodiscard]] std::uint64_t allocations() noexcept;

/// The same for the calling thread.
[[nodiscard]] std::uint64_t allocations_of_this_thread() noexcept;

/// Makes the `nth` allocation of this thread from now on fail (1 is the next one), and those after
/// it succeed; 0 makes none fail.
void fail_allocation(std::uint64_t nth) noexcept;

/// True when the allocation that was to fail has failed.
[[nodiscard]] bool allocation_failed() noexcept;

}  // namespace fairlead::testing
