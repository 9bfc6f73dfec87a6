// SPDX-License-Identifier: BSL-1.0
// Counts what a program allocates. A program that links `count_allocations_dep` has its global
// operator new replaced, so it is one of its own, and not built under sanitizers.
#pragma once

#include <cstdint>

namespace fairlead::testing {

/// How often memory was taken so far, by all threads: operator new, and aligned_alloc, where Asio's
/// allocator ends when it recycles nothing.
[[nodiscard]] std::uint64_t allocations() noexcept;

/// The same for the calling thread.
[[nodiscard]] std::uint64_t allocations_of_this_thread() noexcept;

}  // namespace fairlead::testing
