// SPDX-License-Identifier: BSL-1.0
// Messages with their length in front.
#pragma once

#include <fairlead/net/framer.hpp>

#include <cstddef>
#include <cstdint>

namespace fairlead::net {

/// How a length is written. `varint` is unsigned LEB128, as protobuf has it: seven bits per byte,
/// least significant first, the high bit says that more follow; at most ten bytes.
enum class length_format : std::uint8_t {
  u8,
  u16_big,
  u16_little,
  u32_big,
  u32_little,
  u64_big,
  u64_little,
  varint,
};

/// What a length counts.
enum class length_counts : std::uint8_t {
  message,             ///< the bytes behind it
  header_and_message,  ///< itself too
};

/// How messages are counted.
struct length_prefix_options {
  /// Default: four bytes, most significant first ("network order").
  length_format format = length_format::u32_big;
  length_counts counts = length_counts::message;
  /// The longest message in bytes, without its header; default 1 MiB. At least 1.
  std::size_t limit = std::size_t{1} << 20U;
};

/// The framer of messages that begin with their length. A length beyond the limit is refused as
/// soon as it has come, before anything is allocated for what it announces. Nothing is searched, so
/// messages may hold any bytes, and there is no way on after an error.
///
/// *Errors* when reading: `too_large` beyond the limit; `protocol_error` for a varint beyond 64
/// bits, and for a length that counts its header and is smaller than that; `connection_closed` when
/// the stream ends in the middle, with the bytes that came and were expected. When writing, before
/// a byte is sent: `too_large` beyond the limit, or what the format can say.
class length_prefix {
 public:
  /// Throws `std::invalid_argument` when the limit is 0, and for a varint that counts itself, which
  /// nobody agrees on how to write.
  explicit length_prefix(length_prefix_options options = {});

  [[nodiscard]] result<frame_step> next(std::string_view unread);
  [[nodiscard]] result<frame_step> end(std::string_view unread);
  [[nodiscard]] result<frame_edges> edges(std::string_view message) const;

 private:
  struct header {
    std::size_t size = 0;  // 0 when more of it must come
    std::size_t message = 0;
  };
  [[nodiscard]] result<header> read_header(std::string_view unread) const;
  [[nodiscard]] result<header> checked(std::size_t header_size, std::uint64_t length) const;
  [[nodiscard]] std::size_t fixed_size() const noexcept;

  length_prefix_options options_;
};

static_assert(framer<length_prefix>);

}  // namespace fairlead::net
