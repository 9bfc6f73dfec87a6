// SPDX-License-Identifier: BSL-1.0
// The bytes that a protocol has read from a stream and not yet consumed.
#pragma once

#include <fairlead/net/stream.hpp>

#include <memory>
#include <string_view>

namespace fairlead::net {

/// A growing buffer in front of a stream, with what was read as one contiguous view. Holds no
/// memory until something has arrived, and gives it back on `release`, so an idle connection costs
/// none.
///
/// It grows while its owner does not consume: the owner sets the limit.
///
/// *Thread safety*: none.
class read_buffer {
 public:
  /// `first_size` is what is allocated first; it doubles from there. Default 4 KiB.
  explicit read_buffer(std::size_t first_size = 4096) noexcept : first_size_(first_size) {}

  /// What was read and not consumed. Valid until `fill` or `release`.
  [[nodiscard]] std::string_view unread() const noexcept {
    return {memory_.get() + begin_, end_ - begin_};
  }

  /// Drops `n` bytes from the front; they stay readable until `fill` or `release`.
  void consume(std::size_t n) noexcept { begin_ += n; }

  /// Takes what the stream has now; like `stream::try_read`. Makes room first.
  [[nodiscard]] io_attempt fill(stream& from);

  /// Holds memory, but nothing unread.
  [[nodiscard]] bool idle() const noexcept { return capacity_ > 0 && begin_ == end_; }

  /// Gives the memory back when nothing is unread.
  void release() noexcept;

  /// Bytes allocated.
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  void make_room();

  std::size_t first_size_;
  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace fairlead::net
