// SPDX-License-Identifier: BSL-1.0
// Which of many equal lines are written.
#pragma once

#include <fairlead/core/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace fairlead::observe {

/// Lets `burst` events of a key pass in each window of `per`, which begins with the first of them.
/// Remembers 256 keys; one that was forgotten begins anew.
///
/// *Thread safety*: none.
class repeat_limiter {
 public:
  struct verdict {
    bool passes = false;
    std::uint64_t suppressed = 0;  ///< of the key, since the last that passed; when it passes
  };

  repeat_limiter(std::uint32_t burst, duration per) noexcept : burst_(burst), per_(per) {}

  [[nodiscard]] verdict admit(std::uint64_t key, time_point now) noexcept;

 private:
  struct slot {
    std::uint64_t key = 0;
    time_point since{};
    std::uint32_t passed = 0;  // in this window; 0: free
    std::uint64_t suppressed = 0;
  };
  static constexpr std::size_t ways = 4;

  std::uint32_t burst_;
  duration per_;
  std::array<std::array<slot, ways>, 64> slots_{};
};

}  // namespace fairlead::observe
