// SPDX-License-Identifier: BSL-1.0
// How long a peer that is slow may be waited for. Sans-IO.
#pragma once

#include <fairlead/http/rate_floor.hpp>

#include <cstdint>

namespace fairlead::http::detail {

/// The time that is left for waiting for one peer in one direction: waits use it up, bytes that
/// move buy more of it.
class patience {
 public:
  patience() = default;
  /// It never has more than `most`. Without a floor it has that much for every wait.
  patience(const rate_floor& floor, duration most) noexcept;

  /// A wait begins; when it must be over.
  [[nodiscard]] time_point begin(time_point now) noexcept;
  /// It is over. Nothing when none has begun.
  void end(time_point now) noexcept;
  /// The peer has sent or taken so much.
  void moved(std::uint64_t bytes) noexcept;

  [[nodiscard]] duration left() const noexcept { return left_; }

 private:
  [[nodiscard]] bool endless() const noexcept { return bytes_per_second_ == 0; }

  std::uint64_t bytes_per_second_ = 0;
  duration most_{};
  duration left_{};
  time_point since_ = no_deadline;  // when the wait has begun
};

}  // namespace fairlead::http::detail
