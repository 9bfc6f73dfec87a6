// SPDX-License-Identifier: BSL-1.0
// Requests that wait for their answers, each found by the token in the subject it is sent to.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fairlead::detail {

/// A token as text, in place.
class token_text {
 public:
  explicit token_text(std::uint64_t token) noexcept
      : end_(std::to_chars(text_.data(), text_.data() + text_.size(), token, 16).ptr) {}
  // It points into itself.
  token_text(const token_text&) = delete;
  token_text& operator=(const token_text&) = delete;
  ~token_text() = default;

  [[nodiscard]] std::string_view view() const noexcept {
    return {text_.data(), static_cast<std::size_t>(end_ - text_.data())};
  }

 private:
  std::array<char, 16> text_{};
  char* end_;
};

/// A token says in which slot its request is, and in which round of that slot, so that one which
/// comes late never finds another request. `Call` is only pointed to.
template <class Call>
class request_table {
 public:
  /// At most `capacity` at a time, which must be below 2^24.
  explicit request_table(std::size_t capacity) noexcept : capacity_(capacity) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool full() const noexcept { return size_ == capacity_; }

  /// Its token. Not when full.
  std::uint64_t add(Call& c) {
    std::size_t at = first_free_;
    if (at == none) {
      at = slots_.size();
      slots_.push_back({});
    } else {
      first_free_ = slots_[at].next_free;
    }
    slots_[at].call = &c;
    ++size_;
    return (slots_[at].round << slot_bits) | at;
  }

  /// The request, or nullptr when it is not here any more.
  [[nodiscard]] Call* find(std::uint64_t token) const noexcept {
    const auto at = token & slot_mask;
    return at < slots_.size() && slots_[at].round == token >> slot_bits ? slots_[at].call : nullptr;
  }
  [[nodiscard]] Call* find(std::string_view text) const noexcept {
    std::uint64_t token = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), token, 16);
    const bool all = error == std::errc() && end == text.data() + text.size();
    return all && token_text(token).view() == text ? find(token) : nullptr;
  }

  /// Nothing happens when it is not here.
  void remove(std::uint64_t token) noexcept {
    if (find(token) == nullptr) {
      return;
    }
    auto& s = slots_[token & slot_mask];
    s.call = nullptr;
    s.round = (s.round + 1) & (~std::uint64_t{0} >> slot_bits);
    s.next_free = first_free_;
    first_free_ = token & slot_mask;
    --size_;
  }

  /// Calls `f(Call&)` for each; `f` may remove the one it is given.
  template <class F>
  void for_each(F f) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].call != nullptr) {
        f(*slots_[i].call);
      }
    }
  }

 private:
  static constexpr unsigned slot_bits = 24;
  static constexpr std::uint64_t slot_mask = (std::uint64_t{1} << slot_bits) - 1;
  static constexpr std::size_t none = ~std::size_t{0};

  struct slot {
    Call* call = nullptr;
    std::uint64_t round = 1;
    std::size_t next_free = none;
  };

  std::vector<slot> slots_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t first_free_ = none;
};

}  // namespace fairlead::detail
