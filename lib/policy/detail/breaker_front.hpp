// SPDX-License-Identifier: BSL-1.0
// What calls see of a breaker without taking its lock: its state, and a place to count successes.
//
// How it works: whoever holds the lock publishes two words after every change. `view_` has the era,
// the state and what may be done without the lock; at the moment it was read, that was the truth.
// `edge_` has the instant until when: the end of the break when open, the end of the newest slice
// of a time window when closed.
//
// Successes that change nothing but counts are counted in a cell under their era, and given to the
// core by whoever locks next. There is one cell, until two threads meet in it; from then on there
// are several, each in a cache line of its own. A thread prefers the cell that the address of a
// variable of its own leads to, and goes on to the next when it meets somebody.
//
// Benign races: a success whose thread read the view just before a failure or the end of a slice
// was published counts as if it had come just before. A success of an era that is over never
// counts, since the era stands in the same word as the count.
#pragma once

#include <fairlead/policy/breaker_core.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <new>
#include <thread>
#include <utility>

namespace fairlead::policy::detail {

/// One reading of the published state.
class breaker_view {
 public:
  static constexpr std::uint64_t state_mask = 7;
  static constexpr std::uint64_t passes_bit = 1U << 3U;   // calls need not ask the core
  static constexpr std::uint64_t plain_bit = 1U << 4U;    // successes only count, before the edge
  static constexpr std::uint64_t deaf_bit = 1U << 5U;     // outcomes count for nothing
  static constexpr std::uint64_t coarse_bit = 1U << 6U;   // the tick of a clock is fine enough
  static constexpr std::uint64_t fleet_bit = 1U << 7U;    // refusals must ask the fleet
  static constexpr std::uint64_t watched_bit = 1U << 8U;  // also neutral outcomes matter

  explicit breaker_view(std::uint64_t word) noexcept : word_(word) {}

  [[nodiscard]] std::uint32_t era() const noexcept {
    return static_cast<std::uint32_t>(word_ >> 32U);
  }
  [[nodiscard]] breaker_state state() const noexcept {
    return static_cast<breaker_state>(word_ & state_mask);
  }
  [[nodiscard]] bool has(std::uint64_t bit) const noexcept { return (word_ & bit) != 0; }
  [[nodiscard]] std::uint64_t word() const noexcept { return word_; }

 private:
  std::uint64_t word_;
};

class breaker_front {
 public:
  breaker_front() = default;
  breaker_front(const breaker_front&) = delete;
  breaker_front& operator=(const breaker_front&) = delete;
  ~breaker_front() { delete cells_.load(std::memory_order_relaxed); }

  [[nodiscard]] breaker_view view() const noexcept {
    return breaker_view(view_.load(std::memory_order_acquire));
  }
  /// True while `seen` is still what is published.
  [[nodiscard]] bool still(const breaker_view& seen) const noexcept {
    return view_.load(std::memory_order_relaxed) == seen.word();
  }
  [[nodiscard]] time_point edge() const noexcept {
    return time_point(duration(edge_.load(std::memory_order_acquire)));
  }

  /// Counts a success of `era`. False when it has to go through the core: once in four billion
  /// times, or since somebody else was there at the same time and there is no room for two yet.
  [[nodiscard]] bool count(std::uint32_t era) noexcept {
    const auto* several = cells_.load(std::memory_order_acquire);
    if (several == nullptr) {
      return count_in(first_, era) == counting::done;
    }
    for (std::uint32_t i = preferred();; ++i) {
      const auto did = count_in(several->cells[i & several->mask].word, era);
      if (did != counting::met_somebody) {
        return did == counting::done;
      }
    }
  }

  // The rest is for those who hold the lock.

  /// Takes what was counted in `era`.
  [[nodiscard]] std::uint64_t collect(std::uint32_t era) noexcept {
    std::uint64_t n = take(first_, era);
    if (auto* several = cells_.load(std::memory_order_relaxed)) {
      for (std::uint32_t i = 0; i <= several->mask; ++i) {
        n += take(several->cells[i].word, era);
      }
    }
    return n;
  }

  /// Makes room for several threads when a success that came at `now` need not have come to the
  /// core.
  void make_room(std::uint32_t era, time_point now) noexcept {
    if (cells_.load(std::memory_order_relaxed) == nullptr && view().has(breaker_view::plain_bit) &&
        now < edge()) {
      const auto cores = std::clamp(std::thread::hardware_concurrency(), 2U, 32U);
      cells_.store(many::make(2 * std::bit_ceil(cores), era), std::memory_order_release);
    }
  }

  void publish(const breaker_core& core) noexcept {
    const auto state = core.raw_state();
    if (core.era() != view().era()) {
      restart(core.era());
    }
    const auto edge = state == breaker_state::open ? core.until() : core.plain_until();
    edge_.store(edge.time_since_epoch().count(), std::memory_order_relaxed);
    const auto flag = [](bool set, std::uint64_t bit) { return set ? bit : 0; };
    const bool watched = core.counts_in_flight() || state == breaker_state::half_open;
    const bool lets_through = state == breaker_state::closed || state == breaker_state::disabled ||
                              state == breaker_state::metrics_only;
    view_.store(tagged(core.era(), static_cast<std::uint64_t>(state)) |
                    flag(lets_through && !core.counts_in_flight(), breaker_view::passes_bit) |
                    flag(core.success_is_plain(), breaker_view::plain_bit) |
                    flag(state == breaker_state::disabled, breaker_view::deaf_bit) |
                    flag(core.slice_width() >= coarse_enough, breaker_view::coarse_bit) |
                    flag(core.in_fleet(), breaker_view::fleet_bit) |
                    flag(watched, breaker_view::watched_bit),
                std::memory_order_release);
  }

 private:
  // Of slices this long nobody sees the few milliseconds by which a coarse clock is late.
  static constexpr duration coarse_enough = std::chrono::milliseconds(100);
  static constexpr std::uint64_t low_half = 0xffffffffU;

  enum class counting : std::uint8_t { done, met_somebody, full };

  struct alignas(64) cell {
    std::atomic<std::uint64_t> word{0};
  };
  struct many {
    static many* make(std::uint32_t n, std::uint32_t era) noexcept {
      std::unique_ptr<cell[]> cells(new (std::nothrow)
                                        cell[n]);  // NOLINT(modernize-avoid-c-arrays)
      if (!cells) {
        return nullptr;
      }
      for (std::uint32_t i = 0; i != n; ++i) {
        cells[i].word.store(tagged(era, 0), std::memory_order_relaxed);
      }
      return new (std::nothrow) many{n - 1, std::move(cells)};
    }
    std::uint32_t mask;
    std::unique_ptr<cell[]> cells;  // NOLINT(modernize-avoid-c-arrays)
  };

  static std::uint64_t tagged(std::uint32_t era, std::uint64_t low) noexcept {
    return (std::uint64_t{era} << 32U) | low;
  }

  static counting count_in(std::atomic<std::uint64_t>& word, std::uint32_t era) noexcept {
    auto counted = word.load(std::memory_order_relaxed);
    if (counted >> 32U != era) {
      return counting::done;  // its era is over
    }
    if ((counted & low_half) == low_half) {
      return counting::full;
    }
    return word.compare_exchange_strong(counted, counted + 1, std::memory_order_relaxed)
               ? counting::done
               : counting::met_somebody;
  }

  static std::uint64_t take(std::atomic<std::uint64_t>& word, std::uint32_t era) noexcept {
    const auto nothing = tagged(era, 0);
    if (word.load(std::memory_order_relaxed) == nothing) {
      return 0;
    }
    const auto counted = word.exchange(nothing, std::memory_order_relaxed);
    return counted >> 32U == era ? counted & low_half : 0;
  }

  // Stacks and thread-local storage of threads lie at equal distances, which multiplication by the
  // golden ratio spreads evenly.
  static std::uint32_t preferred() noexcept {
    static thread_local const char mine = 0;
    const auto page = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&mine)) >> 12U;
    return static_cast<std::uint32_t>((page * 0x9e3779b97f4a7c15ULL) >> 40U);
  }

  void restart(std::uint32_t era) noexcept {
    first_.store(tagged(era, 0), std::memory_order_relaxed);
    if (auto* several = cells_.load(std::memory_order_acquire)) {
      for (std::uint32_t i = 0; i <= several->mask; ++i) {
        several->cells[i].word.store(tagged(era, 0), std::memory_order_relaxed);
      }
    }
  }

  std::atomic<std::uint64_t> view_{0};
  std::atomic<duration::rep> edge_{0};
  std::atomic<many*> cells_{nullptr};
  std::atomic<std::uint64_t> first_{0};
};

}  // namespace fairlead::policy::detail
