// SPDX-License-Identifier: BSL-1.0
// In a file of its own: where g++ can inline these it takes malloc and free for a mismatch.
#include "count_allocations.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> of_all{0};
thread_local std::uint64_t of_this_thread = 0;

thread_local std::uint64_t failing = 0;  // how many allocations from now; 0: none

// False when this allocation is to fail.
bool count() noexcept {
  of_all.fetch_add(1, std::memory_order_relaxed);
  ++of_this_thread;
  return failing == 0 || --failing > 0;
}

}  // namespace

// The linker sends calls of aligned_alloc here (--wrap).
extern "C" void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
extern "C" void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  return count() ? __real_aligned_alloc(alignment, size) : nullptr;
}

void* operator new(std::size_t size) {
  if (void* p = count() ? std::malloc(size == 0 ? 1 : size) : nullptr) {
    return p;
  }
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto a = static_cast<std::size_t>(alignment);
  if (void* p = __wrap_aligned_alloc(a, (size + a - 1) / a * a)) {
    return p;
  }
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}

namespace fairlead::testing {

std::uint64_t allocations() noexcept {
  return of_all.load(std::memory_order_relaxed);
}

std::uint64_t allocations_of_this_thread() noexcept {
  return of_this_thread;
}

void fail_allocation(std::uint64_t nth) noexcept {
  failing = nth;
}

bool allocation_failed() noexcept {
  return failing == 0;
}

}  // namespace fairlead::testing
