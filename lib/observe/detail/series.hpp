// SPDX-License-Identifier: BSL-1.0
// Counters by label set, that many threads add to at the same time.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::observe::detail {

inline constexpr std::size_t most_labels = 5;
inline constexpr std::size_t longest_label = 128;
using label_values = std::array<std::string_view, most_labels>;

/// The numbers of one label set: `words` of them, each kept in several places that are added up by
/// the reader, so that threads do not fight for a cache line.
class series {
 public:
  series(const label_values& values, std::size_t hash, std::size_t words);

  [[nodiscard]] bool is(const label_values& values, std::size_t hash) const noexcept;
  [[nodiscard]] std::string_view value(std::size_t i) const noexcept { return values_[i]; }
  void add(std::size_t stripe, std::size_t word, std::uint64_t n) noexcept {
    auto& line = lines_[(stripe % stripes) * lines_per_stripe_ + word / 8];
    line.words[word % 8].fetch_add(n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t total(std::size_t word) const noexcept;

 private:
  static constexpr std::size_t stripes = 4;
  struct alignas(64) line {
    std::atomic<std::uint64_t> words[8] = {};
  };

  std::array<std::string, most_labels> values_;
  std::size_t hash_;
  std::size_t lines_per_stripe_;
  std::unique_ptr<line[]> lines_;
};

/// All label sets of an instrument. Finding one takes no lock; they are never removed.
class series_table {
 public:
  series_table(std::size_t max, std::size_t words);
  series_table(const series_table&) = delete;
  series_table& operator=(const series_table&) = delete;
  ~series_table() = default;

  /// The one with these values, made at first sight; the set of all others when there are `max`,
  /// or no memory.
  [[nodiscard]] series& at(label_values values) noexcept;

  /// Those that anything was added to, the others' among them when it was used.
  [[nodiscard]] std::vector<const series*> all() const;

 private:
  [[nodiscard]] series* find(const label_values& values, std::size_t hash) const noexcept;
  [[nodiscard]] series* make(const label_values& values, std::size_t hash);

  std::size_t max_;
  std::size_t words_;
  std::size_t mask_;
  std::unique_ptr<std::atomic<series*>[]> slots_;  // by hash, at most half of them used
  std::atomic<bool> overflowed_{false};
  series other_;
  mutable std::mutex lock_;
  std::vector<std::unique_ptr<series>> made_;  // guarded by the lock
};

}  // namespace fairlead::observe::detail
