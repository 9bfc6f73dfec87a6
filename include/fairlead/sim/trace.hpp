// SPDX-License-Identifier: BSL-1.0
// What happened in a simulated world, as lines of text that are the same in every run with the same
// seed.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace fairlead::sim {

/// A log of numbered lines: `+1.500000000 #42 connect a:80`. Keeps the last lines, and a digest of
/// all.
///
/// *Thread safety*: none.
class trace {
 public:
  /// `kept` is how many lines `text` remembers.
  explicit trace(std::size_t kept) : kept_(kept) {}

  /// Appends a line; `at` is the time since the world began. Line breaks in `what` become spaces.
  void add(duration at, std::string_view what);

  /// The last lines, oldest first, each ending in LF.
  [[nodiscard]] std::string text() const;
  /// The last `n` lines.
  [[nodiscard]] std::string tail(std::size_t n) const;
  /// FNV-1a over all lines, also those that are no longer kept: equal traces, equal digests.
  [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }
  /// How many lines were added.
  [[nodiscard]] std::uint64_t size() const noexcept { return added_; }

 private:
  std::size_t kept_;
  std::deque<std::string> lines_;
  std::uint64_t added_ = 0;
  std::uint64_t digest_ = 0xcbf29ce484222325ULL;
};

}  // namespace fairlead::sim
