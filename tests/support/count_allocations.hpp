// SPDX-License-Identifier: BSL-1.0
// Counts what a program allocates. Include it in exactly one source file of an executable: it
// replaces the global operator new.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace fairlead::testing {

inline std::atomic<std::uint64_t> allocation_count{0};

/// How many times operator new was called so far.
inline std::uint64_t allocations() noexcept {
  return allocation_count.load(std::memory_order_relaxed);
}

}  // namespace fairlead::testing

// Not inlined: g++ would take the inlined malloc and free for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  fairlead::testing::allocation_count.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size)) {
    return p;
  }
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  fairlead::testing::allocation_count.fetch_add(1, std::memory_order_relaxed);
  const auto a = static_cast<std::size_t>(alignment);
  if (void* p = std::aligned_alloc(a, (size + a - 1) / a * a)) {
    return p;
  }
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
