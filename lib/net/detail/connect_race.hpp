// SPDX-License-Identifier: BSL-1.0
// Which address is tried when, as RFC 8305 has it. No I/O.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/net/endpoint.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace fairlead::net::detail {

/// The addresses so that families take turns, beginning with that of the first; the order within
/// each is kept.
[[nodiscard]] std::vector<endpoint> interleaved(std::vector<endpoint> addresses);

/// Starts attempts one after the other: each a while after the one before, or at once when any that
/// is running fails.
class connect_race {
 public:
  /// Attempts are numbered from 0 to `attempts`.
  connect_race(std::size_t attempts, duration delay) noexcept
      : attempts_(attempts), delay_(delay) {}

  /// The attempt that is to start now, if one is. Ask until there is none.
  [[nodiscard]] std::optional<std::size_t> start(time_point now) noexcept;
  /// When to ask again, if nothing fails before; `no_deadline` when all have started.
  [[nodiscard]] time_point next_start() const noexcept;
  /// One of those that were started has failed: the next may start at once.
  void failed() noexcept;
  /// All have failed.
  [[nodiscard]] bool lost() const noexcept { return failed_ == attempts_; }

 private:
  std::size_t attempts_;
  duration delay_;
  std::size_t started_ = 0;
  std::size_t failed_ = 0;
  time_point next_ = time_point::min();
};

}  // namespace fairlead::net::detail
