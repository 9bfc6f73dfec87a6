// SPDX-License-Identifier: BSL-1.0
// Finds numbered slots by the hash of what stands in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace fairlead::net::detail {

/// A hash table of slot numbers. What is in a slot only its owner knows, and says which of those
/// with the same hash is meant. At most half full; grows as needed and never shrinks.
class slot_index {
 public:
  /// The slot with that hash of which `is_it(slot)` is true.
  template <class IsIt>
  [[nodiscard]] std::optional<std::uint32_t> find(std::size_t hash, IsIt is_it) const {
    if (entries_.empty()) {
      return std::nullopt;
    }
    const auto short_hash = static_cast<std::uint32_t>(hash);
    for (auto i = home(short_hash); entries_[i].slot != nothing; i = behind(i)) {
      if (entries_[i].hash == short_hash && is_it(entries_[i].slot)) {
        return entries_[i].slot;
      }
    }
    return std::nullopt;
  }

  /// A slot that is not in it.
  void insert(std::size_t hash, std::uint32_t slot) {
    if (2 * (used_ + 1) > entries_.size()) {
      grow();
    }
    put({static_cast<std::uint32_t>(hash), slot});
    ++used_;
  }

  /// A slot that is in it, under that hash.
  void erase(std::size_t hash, std::uint32_t slot) noexcept {
    auto hole = home(static_cast<std::uint32_t>(hash));
    while (entries_[hole].slot != slot) {
      hole = behind(hole);
    }
    // What stands behind the hole moves into it where that is nearer to its home.
    for (auto i = behind(hole); entries_[i].slot != nothing; i = behind(i)) {
      const auto from_home = (i - home(entries_[i].hash)) & mask();
      const auto from_hole = (i - hole) & mask();
      if (from_home >= from_hole) {
        entries_[hole] = entries_[i];
        hole = i;
      }
    }
    entries_[hole].slot = nothing;
    --used_;
  }

 private:
  static constexpr std::uint32_t nothing = ~std::uint32_t{0};
  struct entry {
    std::uint32_t hash = 0;
    std::uint32_t slot = nothing;
  };

  [[nodiscard]] std::size_t mask() const noexcept { return entries_.size() - 1; }
  [[nodiscard]] std::size_t home(std::uint32_t hash) const noexcept { return hash & mask(); }
  [[nodiscard]] std::size_t behind(std::size_t i) const noexcept { return (i + 1) & mask(); }

  void put(entry e) noexcept {
    auto i = home(e.hash);
    while (entries_[i].slot != nothing) {
      i = behind(i);
    }
    entries_[i] = e;
  }
  void grow() {
    std::vector<entry> larger(entries_.empty() ? 16 : 2 * entries_.size());
    larger.swap(entries_);
    for (const auto& e : larger) {
      if (e.slot != nothing) {
        put(e);
      }
    }
  }

  std::vector<entry> entries_;  // as many as a power of two
  std::size_t used_ = 0;
};

}  // namespace fairlead::net::detail
