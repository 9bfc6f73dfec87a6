// SPDX-License-Identifier: BSL-1.0
// The two halves of a bulkhead as plain objects: the permits, and the line of those that wait.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/policy/bulkhead_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace fairlead::policy {

/// Permits in one number, so that an atomic can hold them: how many are in use, how many there are,
/// and whether the number is locked (somebody waits, or is about to).
///
/// After the limit was lowered more may be in use than there are: that debt is paid as they come
/// back.
class permit_word {
 public:
  static constexpr std::uint32_t most = 0x7fffffff;

  constexpr permit_word(std::uint32_t in_use, std::uint32_t limit) noexcept
      : bits_(std::uint64_t{limit} << 32U | in_use) {}
  constexpr explicit permit_word(std::uint64_t bits) noexcept : bits_(bits) {}

  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }
  [[nodiscard]] constexpr std::uint32_t in_use() const noexcept {
    return static_cast<std::uint32_t>(bits_);
  }
  [[nodiscard]] constexpr std::uint32_t limit() const noexcept {
    return static_cast<std::uint32_t>(bits_ >> 32U) & most;
  }
  [[nodiscard]] constexpr bool locked() const noexcept { return (bits_ & lock_bit) != 0; }
  [[nodiscard]] constexpr bool full() const noexcept { return in_use() >= limit(); }

  [[nodiscard]] constexpr permit_word one_more() const noexcept { return permit_word(bits_ + 1); }
  [[nodiscard]] constexpr permit_word one_less() const noexcept { return permit_word(bits_ - 1); }
  [[nodiscard]] constexpr permit_word with_limit(std::uint32_t limit) const noexcept {
    return permit_word((bits_ & (lock_bit | 0xffffffffU)) | std::uint64_t{limit} << 32U);
  }
  [[nodiscard]] constexpr permit_word unlocked() const noexcept {
    return permit_word(bits_ & ~lock_bit);
  }
  static constexpr std::uint64_t lock_bit = std::uint64_t{1} << 63U;

 private:
  std::uint64_t bits_;
};

/// Those that wait, in the order in which they will be served.
///
/// *Thread safety*: none.
class waiting_line {
 public:
  /// One that waits. Never copied; must not be destroyed while it stands in the line.
  struct place {
    place() = default;
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() = default;

    [[nodiscard]] bool queued() const noexcept { return rank != not_queued; }

    static constexpr std::uint8_t not_queued = 255;
    place* next = nullptr;
    place* prev = nullptr;
    time_point since{};
    std::uint8_t rank = not_queued;
  };

  /// `options` must be free of problems.
  explicit waiting_line(const bulkhead_options& options) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// True when it matters at which instant `pop` is asked.
  [[nodiscard]] bool needs_time() const noexcept {
    return target_ > duration::zero() || order_ == queue_order::adaptive_lifo;
  }

  struct joined {
    bool in = false;             ///< false: there was no room
    place* displaced = nullptr;  ///< had to leave for it
  };
  /// Puts `p` at the end of its rank.
  joined join(place& p, criticality rank, time_point now) noexcept;

  /// Nothing happens when `p` does not stand in the line.
  void leave(place& p) noexcept;

  enum class verb : std::uint8_t { serve, drop };
  struct popped {
    place* who = nullptr;  ///< no longer in the line; null when nobody waits
    verb what = verb::serve;
  };
  /// Who is next when a permit became free. One that is dropped does not use it: ask again.
  popped pop(time_point now) noexcept;

 private:
  struct rank_list {
    place* first = nullptr;
    place* last = nullptr;
  };

  std::size_t room_;
  queue_order order_;
  queue_ranks ranks_;
  duration target_;
  duration overload_after_;
  std::array<rank_list, 4> lists_{};  // the most critical first
  std::size_t size_ = 0;
  time_point busy_since_{};  // since when it has not been empty
};

}  // namespace fairlead::policy
