// SPDX-License-Identifier: BSL-1.0
// A hashed timing wheel: arming and disarming a timer costs nanoseconds. Pure data structure, no
// clock.
#pragma once

#include <fairlead/core/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace fairlead {

/// One timer, embedded in the object that waits (a coroutine frame, a connection). Never copied or
/// moved. The wheel calls `on_expire` once and forgets the timer.
class timer_node {
 public:
  using expire_function = void (*)(timer_node&) noexcept;

  explicit timer_node(expire_function on_expire) noexcept : on_expire_(on_expire) {}
  timer_node(const timer_node&) = delete;
  timer_node& operator=(const timer_node&) = delete;
  /// Must not be linked any more: disarm first.
  ~timer_node() = default;

  [[nodiscard]] bool linked() const noexcept { return next_ != nullptr; }
  /// When it expires; meaningful while linked.
  [[nodiscard]] time_point expiry() const noexcept { return expiry_; }

 private:
  friend class timer_wheel;
  struct list;
  timer_node() noexcept : next_(this), prev_(this) {}  // a list's sentinel

  timer_node* next_ = nullptr;
  timer_node* prev_ = nullptr;
  time_point expiry_{};
  std::uint64_t sequence_ = 0;
  expire_function on_expire_ = nullptr;
};

/// Timers hashed by expiry into eight levels of 64 slots (Varghese and Lauck 1987, scheme 7). One
/// tick is 2^20 ns, about a millisecond. A timer's own expiry stays exact: `advance` never fires
/// one early.
///
/// `link` and `unlink` are O(1). Timers that expire in one `advance` fire in the order of expiry,
/// then of linking. `on_expire` may link and unlink any timer, itself included; what it links in
/// the past fires with the next `advance`.
///
/// *Thread safety*: none.
class timer_wheel {
 public:
  /// `start` is the earliest instant the wheel will ever be told.
  explicit timer_wheel(time_point start) noexcept;
  timer_wheel(const timer_wheel&) = delete;
  timer_wheel& operator=(const timer_wheel&) = delete;
  ~timer_wheel();

  /// Arms `node`, which must not be linked, and must be disarmed or fired before it is destroyed.
  void link(timer_node& node, time_point expiry) noexcept;

  /// Disarms `node`; nothing happens when it is not linked.
  void unlink(timer_node& node) noexcept;

  /// Fires everything whose expiry is at or before `now`. Instants must not go backwards.
  void advance(time_point now) noexcept;

  /// When `advance` should be called next: never later than the earliest expiry, and exactly it
  /// when that is near. `no_deadline` when nothing is linked.
  [[nodiscard]] time_point next_wake() noexcept;

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  static constexpr unsigned tick_bits = 20;
  static constexpr unsigned slot_bits = 6;
  static constexpr unsigned levels = 8;  // 2^20 ns times 64^8 covers every time_point
  static constexpr unsigned slots = 1U << slot_bits;

  struct position {
    unsigned level;
    unsigned slot;
    std::uint64_t tick;
  };

  [[nodiscard]] std::uint64_t tick_of(time_point t) const noexcept;
  [[nodiscard]] time_point time_of(std::uint64_t tick) const noexcept;
  [[nodiscard]] bool find_next(position& out) noexcept;
  void place(timer_node& node) noexcept;
  void fire(timer_node& due) noexcept;

  // Circular lists; the sentinel of each is a node that never expires.
  timer_node wheel_[levels][slots];
  std::array<std::uint64_t, levels> busy_{};  // a set bit may be stale, a clear one is not
  time_point start_;
  std::uint64_t current_ = 0;
  std::uint64_t sequence_ = 0;
  std::size_t size_ = 0;
};

}  // namespace fairlead
