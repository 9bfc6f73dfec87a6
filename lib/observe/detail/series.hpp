// SPDX-License-Identifier: BSL-1.0
// Numbers by label set, that many threads add to at the same time.
#pragma once

#include <fairlead/observe/metrics_snapshot.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::observe::detail {

inline constexpr std::size_t most_labels = 16;
inline constexpr std::size_t longest_label = 128;
using label_values = std::span<const std::string_view>;

/// How many numbers a label set has, and in how many places each of them is kept: these are added
/// up by the reader, so that threads do not fight for a cache line.
struct series_shape {
  std::size_t words = 1;
  std::size_t stripes = 4;
};

/// The numbers of one label set.
class series {
 public:
  series(label_values values, std::size_t hash, series_shape shape);
  series(const series&) = delete;
  series& operator=(const series&) = delete;
  ~series();

  [[nodiscard]] bool is(label_values values, std::size_t hash) const noexcept;
  [[nodiscard]] const std::vector<std::string>& values() const noexcept { return values_; }

  void add(std::size_t stripe, std::size_t word, std::uint64_t n) noexcept {
    at(stripe % shape_.stripes, word).fetch_add(n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t total(std::size_t word) const noexcept;
  /// The number itself, where it is kept in one place.
  [[nodiscard]] std::atomic<std::uint64_t>& only() noexcept { return at(0, 0); }

  /// For those whose numbers may be zero: sets the second number to 1. A reader may see that before
  /// the first number, and take it for zero a moment longer.
  void mark() noexcept {
    if (at(0, 1).load(std::memory_order_relaxed) == 0) {
      at(0, 1).store(1, std::memory_order_relaxed);
    }
  }
  /// True once any number is not zero.
  [[nodiscard]] bool used() const noexcept;

  /// Keeps an example of what was counted in `word`, in place of the one before. It is dropped when
  /// another thread is at it, and when there is no memory.
  void keep_example(std::size_t word, const exemplar& e) noexcept;
  /// That example; of an invalid trace when there is none.
  [[nodiscard]] exemplar example(std::size_t word) const noexcept;

 private:
  struct alignas(64) line {
    std::atomic<std::uint64_t> words[8] = {};
  };
  struct example_slot {
    std::atomic<bool> busy{false};
    exemplar kept;
  };

  [[nodiscard]] std::atomic<std::uint64_t>& at(std::size_t stripe,
                                               std::size_t word) const noexcept {
    return lines_[stripe * lines_per_stripe_ + word / 8].words[word % 8];
  }

  std::vector<std::string> values_;
  std::size_t hash_;
  series_shape shape_;
  std::size_t lines_per_stripe_;
  std::unique_ptr<line[]> lines_;
  std::atomic<example_slot*> examples_{nullptr};  // one per word, made for the first of them
};

/// All label sets of an instrument. Finding one takes no lock; they are never removed.
class series_table {
 public:
  /// At most `max` of them, and one for all others.
  series_table(std::size_t max, std::size_t labels, series_shape shape);
  series_table(const series_table&) = delete;
  series_table& operator=(const series_table&) = delete;
  ~series_table() = default;

  /// The one with these values, as many as there are labels, made at first sight; the set of all
  /// others when there are `max`, or no memory.
  [[nodiscard]] series& at(label_values values) noexcept;

  /// Those that were asked for, the others' among them when it was used.
  [[nodiscard]] std::vector<const series*> all() const;

 private:
  struct table {
    explicit table(std::size_t size)
        : mask(size - 1), slots(std::make_unique<std::atomic<series*>[]>(size)) {}
    std::size_t mask;
    std::unique_ptr<std::atomic<series*>[]> slots;  // by hash, at most half of them used
  };

  [[nodiscard]] series* find(label_values values, std::size_t hash) const noexcept;
  [[nodiscard]] series* make(label_values values, std::size_t hash);
  static void put(table& to, series& s, std::size_t hash) noexcept;
  void grow();

  std::size_t max_;
  series_shape shape_;
  std::atomic<bool> overflowed_{false};
  series other_;
  mutable std::mutex lock_;
  std::vector<std::unique_ptr<series>> made_;   // this and the next guarded by the lock
  std::vector<std::size_t> hashes_;             // of those made
  std::vector<std::unique_ptr<table>> tables_;  // the last is the one in use
  std::atomic<table*> current_;
};

}  // namespace fairlead::observe::detail
