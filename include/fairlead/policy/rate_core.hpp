// SPDX-License-Identifier: BSL-1.0
// Rate limits as plain arithmetic: a cost and an instant in, the instant of the start out.
#pragma once

#include <fairlead/policy/rate_options.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace fairlead::policy {

/// What was taken, for those who give it back.
struct rate_ticket {
  std::uint32_t cost = 0;
  time_point due{};       ///< when the call may start
  std::int64_t mark = 0;  ///< tells whether anything was taken since
};

/// One limit. Callers are served in the order in which they take: none starts before one that took
/// earlier.
///
/// *Thread safety*: none.
class rate_core {
 public:
  /// `options` must be free of problems.
  explicit rate_core(const rate_limit_options& options);

  /// When a call that comes at `from` could start. `cost` must not exceed `max_cost`. Saturates at
  /// `no_deadline`.
  [[nodiscard]] time_point due(std::uint32_t cost, time_point from) const noexcept;

  /// Takes the permits of a call that comes at `from` and starts at the `due` of the ticket, which
  /// is not before `start`.
  rate_ticket take(std::uint32_t cost, time_point from,
                   time_point start = time_point::min()) noexcept;

  /// As if `taken` had never been taken. False, and nothing happens, when that cannot be done
  /// without letting too many through, since others took later.
  bool give_back(const rate_ticket& taken) noexcept;

  /// Whole permits that a call at `now` finds; negative when so many were taken in advance
  /// (`sliding_log` and `sliding_counter` do not remember how many).
  [[nodiscard]] std::int64_t available(time_point now) const noexcept;
  /// True when nothing that was taken matters any more at `now`.
  [[nodiscard]] bool untouched(time_point now) const noexcept;

  // The state as one number, for those who keep it in an atomic.
  /// True when the state is one number.
  [[nodiscard]] bool is_one_word() const noexcept;
  [[nodiscard]] std::int64_t word() const noexcept;
  void set_word(std::int64_t word) noexcept;
  /// The word after a call that takes `cost` and starts at `now`; nothing when it cannot. Reads
  /// nothing but the options.
  [[nodiscard]] std::optional<std::int64_t> next_word(std::int64_t word, std::uint32_t cost,
                                                      time_point now) const noexcept;

 private:
  __extension__ using wide = __int128;

  [[nodiscard]] std::int64_t slot_of(time_point t) const noexcept;
  [[nodiscard]] time_point begin_of_slot(std::int64_t slot) const noexcept;
  [[nodiscard]] std::int64_t period_of(time_point t) const noexcept;
  [[nodiscard]] const time_point& logged(std::size_t i) const noexcept {
    return log_[(oldest_ + i) % permits_];
  }
  struct counters {
    std::int64_t period = 0;
    std::uint64_t before = 0;
    std::uint64_t now = 0;
  };
  [[nodiscard]] counters counters_at(std::int64_t period) const noexcept;
  [[nodiscard]] time_point counter_due(std::uint32_t cost, time_point from) const noexcept;
  struct ration {
    std::int64_t period = 0;
    std::int64_t left = 0;
  };
  [[nodiscard]] ration ration_at(time_point t) const noexcept;
  [[nodiscard]] time_point log_due(std::uint32_t cost, time_point from) const noexcept;
  void log(std::uint32_t cost, time_point at) noexcept;

  rate_algorithm algorithm_;
  std::uint32_t permits_;
  std::uint32_t burst_;
  duration period_;
  time_point origin_;
  // One permit takes `time_` / `parts_` ns: period / permits in lowest terms.
  std::int64_t time_;
  std::int64_t parts_;

  wide arrival_;                 // gcra: when the bucket is full again, in 1/parts_ ns
  std::int64_t next_slot_;       // smooth: the first slot that is free
  std::vector<time_point> log_;  // sliding_log: a ring of the latest starts
  std::size_t oldest_ = 0;
  std::size_t size_ = 0;
  counters counted_;   // sliding_counter
  ration ration_;      // bursty
  time_point latest_;  // sliding_counter: the latest start
  std::int64_t takes_ = 0;
};

}  // namespace fairlead::policy
