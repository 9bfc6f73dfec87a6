// SPDX-License-Identifier: BSL-1.0
#include "detail/websocket_frame.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http::detail {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int v : values) {
    out += static_cast<char>(v);
  }
  return out;
}

std::string_view fault_of(const std::string& b) {
  return parse_frame_head(b).fault;
}

TEST(WebsocketFrame, ReadsTheExamplesOfTheRfc) {
  // RFC 6455, 5.7.
  auto plain = parse_frame_head(bytes({0x81, 0x05, 'H'}));
  EXPECT_EQ(plain.size, 2U);
  EXPECT_TRUE(plain.head.last);
  EXPECT_EQ(plain.head.code, opcode::text);
  EXPECT_FALSE(plain.head.masked);
  EXPECT_EQ(plain.head.length, 5U);

  auto masked = parse_frame_head(bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f}));
  EXPECT_EQ(masked.size, 6U);
  EXPECT_TRUE(masked.head.masked);
  EXPECT_EQ(masked.head.mask, (frame_mask{0x37, 0xfa, 0x21, 0x3d}));
  std::string payload = bytes({0x7f, 0x9f, 0x4d, 0x51, 0x58});
  apply_mask(payload, masked.head.mask, 0);
  EXPECT_EQ(payload, "Hello");

  EXPECT_EQ(parse_frame_head(bytes({0x82, 0x7e, 0x01, 0x00})).head.length, 256U);
  EXPECT_EQ(parse_frame_head(bytes({0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0})).head.length, 65536U);
}

TEST(WebsocketFrame, AsksForMoreUntilTheHeadIsWhole) {
  const auto whole = bytes({0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto got = parse_frame_head(std::string_view(whole).substr(0, n));
    EXPECT_EQ(got.size, 0U) << n;
    EXPECT_EQ(got.fault, "") << n;
  }
  EXPECT_EQ(parse_frame_head(whole).size, whole.size());
}

TEST(WebsocketFrame, RefusesWhatTheRfcForbids) {
  EXPECT_EQ(fault_of(bytes({0xa1, 0x00})), "a reserved bit is set");
  EXPECT_EQ(fault_of(bytes({0x91, 0x00})), "a reserved bit is set");
  for (const int code : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_EQ(fault_of(bytes({0x80 | code, 0})), "an unknown opcode") << code;
  }
  for (const int code : {8, 9, 10}) {
    EXPECT_EQ(fault_of(bytes({code, 0})), "a control frame in pieces") << code;
    EXPECT_EQ(fault_of(bytes({0x80 | code, 126})), "a control frame that is too long") << code;
  }
  EXPECT_EQ(fault_of(bytes({0x82, 126, 0, 125})), "a length that is not in its shortest form");
  EXPECT_EQ(fault_of(bytes({0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff})),
            "a length that is not in its shortest form");
  EXPECT_EQ(fault_of(bytes({0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0})),
            "a length with its highest bit set");
}

TEST(WebsocketFrame, ReadsWhatItWrites) {
  for (const std::uint64_t length :
       {0ULL, 1ULL, 125ULL, 126ULL, 127ULL, 65535ULL, 65536ULL, (1ULL << 63U) - 1}) {
    for (const bool masked : {false, true}) {
      frame_head h;
      h.code = opcode::binary;
      h.last = length % 2 == 0;
      h.compressed = length % 3 == 0;
      h.masked = masked;
      h.mask = {1, 2, 3, 4};
      h.length = length;
      std::array<char, longest_frame_head> room;
      const auto size = write_frame_head(h, room);
      const auto back = parse_frame_head({room.data(), size});
      EXPECT_EQ(back.size, size);
      EXPECT_EQ(back.fault, "");
      EXPECT_EQ(back.head.length, length);
      EXPECT_EQ(back.head.last, h.last);
      EXPECT_EQ(back.head.compressed, h.compressed);
      EXPECT_EQ(back.head.masked, masked);
    }
  }
}

TEST(WebsocketFrame, MasksTheSameInAnyPieces) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += static_cast<char>(i);
  }
  const frame_mask mask{0xde, 0xad, 0xbe, 0xef};
  std::string whole = text;
  apply_mask(whole, mask, 0);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::string parts = text;
    apply_mask(std::span(parts).first(cut), mask, 0);
    apply_mask(std::span(parts).subspan(cut), mask, cut);
    EXPECT_EQ(parts, whole) << cut;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_EQ(static_cast<unsigned char>(whole[i]),
              static_cast<unsigned char>(text[i]) ^ mask[i % 4]);
  }
}

}  // namespace
}  // namespace fairlead::http::detail
