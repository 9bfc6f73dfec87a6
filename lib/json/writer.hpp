// SPDX-License-Identifier: BSL-1.0
// Appends JSON tokens to a string through a small buffer, so that most of them are a store or two.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fairlead::json::detail {

/// True when `text` is valid UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

class writer {
 public:
  explicit writer(std::string& out) : out_(out) {}
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;

  void put(char c) {
    reserve(1);
    *at_++ = c;
  }
  void put(std::string_view text) {
    if (text.size() > room()) {
      flush();
      if (text.size() > room()) {
        out_.append(text);
        return;
      }
    }
    copy(text.data(), text.size());
  }
  void put(std::int64_t value);
  void put(std::uint64_t value);
  /// `value` is finite. The fewest digits that read back as the same.
  void put(double value);
  void put(float value);

  /// Quotes and escapes; false when `text` is not UTF-8.
  [[nodiscard]] bool string(std::string_view text);

  /// Space for `n` bytes (at most 64) that the caller fills and ends with `finish`.
  char* begin(std::size_t n) {
    reserve(n);
    return at_;
  }
  void finish(char* end) { at_ = end; }

  /// Passes everything on to the string.
  void flush() {
    out_.append(buffer_, at_);
    at_ = buffer_;
  }

 private:
  [[nodiscard]] std::size_t room() const {
    return static_cast<std::size_t>(buffer_ + sizeof buffer_ - at_);
  }
  void reserve(std::size_t n) {
    if (room() < n) {
      flush();
    }
  }
  // There is room. Names and short values are two overlapping stores instead of a call.
  void copy(const char* from, std::size_t n) {
    if (n >= 8 && n <= 16) {
      std::uint64_t head = 0;
      std::uint64_t tail = 0;
      std::memcpy(&head, from, 8);
      std::memcpy(&tail, from + n - 8, 8);
      std::memcpy(at_, &head, 8);
      std::memcpy(at_ + n - 8, &tail, 8);
    } else {
      std::memcpy(at_, from, n);
    }
    at_ += n;
  }
  bool string_with_escapes(std::string_view text);

  std::string& out_;
  char buffer_[1024];
  char* at_ = buffer_;
};

}  // namespace fairlead::json::detail
