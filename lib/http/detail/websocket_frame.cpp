// SPDX-License-Identifier: BSL-1.0
#include "websocket_frame.hpp"

#include <bit>
#include <cstring>

namespace fairlead::http::detail {

namespace {

constexpr std::uint64_t two_bytes = 126;
constexpr std::uint64_t eight_bytes = 127;

std::uint64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t out = 0;
  for (const char c : bytes) {
    out = out << 8U | static_cast<unsigned char>(c);
  }
  return out;
}

}  // namespace

frame_head_step parse_frame_head(std::string_view bytes) noexcept {
  frame_head_step out;
  if (bytes.size() < 2) {
    return out;
  }
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  auto& h = out.head;
  h.last = (first & 0x80U) != 0;
  h.compressed = (first & 0x40U) != 0;
  h.masked = (second & 0x80U) != 0;
  const unsigned code = first & 0x0fU;
  h.code = static_cast<opcode>(code);
  if ((first & 0x30U) != 0) {
    out.fault = "a reserved bit is set";
    return out;
  }
  if ((code > 2 && code < 8) || code > 10) {
    out.fault = "an unknown opcode";
    return out;
  }
  h.length = second & 0x7fU;
  if (is_control(h.code) && (!h.last || h.length > longest_control)) {
    out.fault = h.last ? "a control frame that is too long" : "a control frame in pieces";
    return out;
  }
  std::size_t at = 2;
  const std::size_t wide = h.length == two_bytes ? 2 : h.length == eight_bytes ? 8 : 0;
  if (wide > 0) {
    if (bytes.size() < at + wide) {
      return out;
    }
    h.length = big_endian(bytes.substr(at, wide));
    at += wide;
    if (h.length < (wide == 2 ? two_bytes : 0x10000U)) {
      out.fault = "a length that is not in its shortest form";
      return out;
    }
    if (h.length >> 63U != 0) {
      out.fault = "a length with its highest bit set";
      return out;
    }
  }
  if (h.masked) {
    if (bytes.size() < at + h.mask.size()) {
      return out;
    }
    std::memcpy(h.mask.data(), bytes.data() + at, h.mask.size());
    at += h.mask.size();
  }
  out.size = at;
  return out;
}

std::size_t write_frame_head(const frame_head& h,
                             std::span<char, longest_frame_head> into) noexcept {
  const auto put = [&](std::size_t at, unsigned value) { into[at] = static_cast<char>(value); };
  put(0, static_cast<unsigned>(h.code) | (h.last ? 0x80U : 0U) | (h.compressed ? 0x40U : 0U));
  const unsigned masked = h.masked ? 0x80U : 0U;
  std::size_t at = 2;
  if (h.length < two_bytes) {
    put(1, masked | static_cast<unsigned>(h.length));
  } else {
    const bool wide = h.length > 0xffffU;
    put(1, masked | static_cast<unsigned>(wide ? eight_bytes : two_bytes));
    for (unsigned bits = wide ? 64 : 16; bits > 0; bits -= 8) {
      put(at++, static_cast<unsigned>(h.length >> (bits - 8) & 0xffU));
    }
  }
  if (h.masked) {
    std::memcpy(into.data() + at, h.mask.data(), h.mask.size());
    at += h.mask.size();
  }
  return at;
}

void apply_mask(std::span<char> data, const frame_mask& mask, std::uint64_t offset) noexcept {
  std::array<unsigned char, 8> turned{};
  for (std::size_t i = 0; i < turned.size(); ++i) {
    turned[i] = mask[(offset + i) % mask.size()];
  }
  std::uint64_t eight = 0;
  const auto key = std::bit_cast<std::uint64_t>(turned);
  std::size_t i = 0;
  for (; data.size() - i >= sizeof eight; i += sizeof eight) {
    std::memcpy(&eight, data.data() + i, sizeof eight);
    eight ^= key;
    std::memcpy(data.data() + i, &eight, sizeof eight);
  }
  for (; i < data.size(); ++i) {
    data[i] = static_cast<char>(static_cast<unsigned char>(data[i]) ^ turned[i % turned.size()]);
  }
}

}  // namespace fairlead::http::detail
