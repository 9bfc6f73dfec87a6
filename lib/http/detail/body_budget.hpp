// SPDX-License-Identifier: BSL-1.0
// How much memory the request bodies of all connections of a server may take together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace fairlead::http::detail {

/// The bytes that are left for bodies. Belongs to the executor of its server, so nothing is atomic.
class body_budget {
 public:
  explicit body_budget(std::uint64_t limit) noexcept : limit_(limit) {}
  body_budget(const body_budget&) = delete;
  body_budget& operator=(const body_budget&) = delete;

  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }

 private:
  friend class body_permit;
  std::uint64_t limit_;
  std::uint64_t used_ = 0;
};

/// What one connection has of a budget; given back with it, however the connection ends.
class body_permit {
 public:
  /// Buffers up to this size need no permit: a connection has one to read into anyway.
  static constexpr std::size_t free_of_charge = 4 * 1024;

  explicit body_permit(body_budget& from) noexcept : from_(from) {}
  body_permit(const body_permit&) = delete;
  body_permit& operator=(const body_permit&) = delete;
  ~body_permit() { static_cast<void>(cover(0)); }

  /// Makes it a permit for a buffer of `capacity` bytes, whether that is more or less than before.
  /// False when the budget has too little left: then it is what it was.
  [[nodiscard]] bool cover(std::size_t capacity) noexcept;

  /// Whether it takes anything of the budget.
  [[nodiscard]] bool holds() const noexcept { return held_ > 0; }

  /// Covers and makes room in `body` for `size` bytes, and for more, up to `most`, where that
  /// spares the next growth. False when the budget has too little left: nothing has changed then.
  [[nodiscard]] bool grow(std::string& body, std::size_t size, std::uint64_t most);

 private:
  body_budget& from_;
  std::uint64_t held_ = 0;
};

}  // namespace fairlead::http::detail
