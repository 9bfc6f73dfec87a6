// SPDX-License-Identifier: BSL-1.0
// The head of a WebSocket frame (RFC 6455, 5.2), read and written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fairlead::http::detail {

enum class opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

[[nodiscard]] constexpr bool is_control(opcode code) noexcept {
  return code >= opcode::close;
}

using frame_mask = std::array<unsigned char, 4>;

struct frame_head {
  opcode code = opcode::text;
  bool last = true;
  bool compressed = false;  ///< RSV1, as permessage-deflate uses it
  bool masked = false;
  frame_mask mask{};
  std::uint64_t length = 0;
};

inline constexpr std::size_t longest_frame_head = 14;
inline constexpr std::size_t longest_control = 125;

/// What the front of some bytes is.
struct frame_head_step {
  frame_head head;
  std::size_t size = 0;    ///< of the head; 0 when more bytes are needed, or with `fault`
  std::string_view fault;  ///< why no peer may send this; empty when nothing is wrong
};

/// Reads the head at the front of `bytes`, as strictly as the RFC allows: no unknown opcode, no
/// RSV2 or RSV3, a length in its shortest form, control frames short and in one piece.
[[nodiscard]] frame_head_step parse_frame_head(std::string_view bytes) noexcept;

/// Writes `h`; gives how many bytes it takes.
[[nodiscard]] std::size_t write_frame_head(const frame_head& h,
                                           std::span<char, longest_frame_head> into) noexcept;

/// Masks or unmasks `data`, whose first byte is at `offset` of the frame's payload.
void apply_mask(std::span<char> data, const frame_mask& mask, std::uint64_t offset) noexcept;

}  // namespace fairlead::http::detail
