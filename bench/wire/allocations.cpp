// SPDX-License-Identifier: BSL-1.0
// Counts what this program allocates: operator new, and aligned_alloc, which Asio calls for its
// coroutines and handlers (the linker sends those calls here).
#include "meter.hpp"

#include <cstdlib>
#include <new>

namespace {

std::uint64_t uncounted = 0;
std::uint64_t* counter = &uncounted;  // each process has one thread

}  // namespace

namespace wire {

void count_allocations_in(std::uint64_t& here) noexcept {
  counter = &here;
}

}  // namespace wire

extern "C" void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
extern "C" void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  ++*counter;
  return __real_aligned_alloc(alignment, size);
}

// Not inlined: g++ would take the inlined malloc and free for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++*counter;
  if (void* p = std::malloc(size)) {
    return p;
  }
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++*counter;
  const auto a = static_cast<std::size_t>(alignment);
  if (void* p = __real_aligned_alloc(a, (size + a - 1) / a * a)) {
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
