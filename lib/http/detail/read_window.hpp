// SPDX-License-Identifier: BSL-1.0
// The bytes that were read and not yet understood.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace fairlead::http::detail {

/// A window onto the incoming bytes. It grows while a message needs more in one piece, up to what
/// the reader's limits allow, and is given back as a whole while a connection idles.
class read_window {
 public:
  [[nodiscard]] std::string_view bytes() const noexcept { return {data_.get() + begin_, size()}; }
  /// The same to work on in place.
  [[nodiscard]] std::span<char> writable() noexcept { return {data_.get() + begin_, size()}; }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }

  void consume(std::size_t n) noexcept {
    begin_ += n;
    if (begin_ == end_) {
      begin_ = end_ = 0;
    }
  }

  /// Where to read to: never empty. The first allocation is of `initial` bytes.
  [[nodiscard]] std::span<std::byte> room(std::size_t initial) {
    if (end_ == capacity_) {
      make_room(initial);
    }
    return std::as_writable_bytes(std::span(data_.get() + end_, capacity_ - end_));
  }
  /// Makes the whole window `bytes` large, if it is empty and smaller.
  void widen(std::size_t bytes) {
    if (empty() && capacity_ < bytes) {
      data_.reset(new char[bytes]);
      capacity_ = bytes;
    }
  }
  void commit(std::size_t n) noexcept { end_ += n; }

  void clear() noexcept { begin_ = end_ = 0; }

  /// Gives the memory back; everything unread is lost.
  void release() noexcept { *this = read_window(); }
  [[nodiscard]] bool holds_memory() const noexcept { return data_ != nullptr; }

 private:
  void make_room(std::size_t initial) {
    const auto have = size();
    if (begin_ > 0 && have <= capacity_ / 2) {
      std::memmove(data_.get(), data_.get() + begin_, have);
    } else {
      const auto next = capacity_ == 0 ? initial : capacity_ * 2;
      std::unique_ptr<char[]> bigger(new char[next]);  // not initialised
      if (have > 0) {
        std::memcpy(bigger.get(), data_.get() + begin_, have);
      }
      data_ = std::move(bigger);
      capacity_ = next;
    }
    begin_ = 0;
    end_ = have;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace fairlead::http::detail
