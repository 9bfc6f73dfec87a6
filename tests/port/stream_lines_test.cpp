// SPDX-License-Identifier: BSL-1.0
// Streams as lines, however they are cut.
#include "detail/stream_lines.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::detail {
namespace {

// What comes out, one piece per word.
std::string told(stream_lines& lines) {
  std::string out;
  for (;;) {
    auto next = lines.next();
    switch (next.what) {
      case stream_lines::part::more:
        return out + "more";
      case stream_lines::part::item:
        out += next.item + " ";
        break;
      case stream_lines::part::end:
        return out + "end";
      case stream_lines::part::failed:
        return out + next.why->message();
    }
  }
}

const std::string whole = item_line("1") + item_line(R"({"a":"}"})") + end_line();

TEST(StreamLines, AreWrittenSo) {
  EXPECT_EQ(whole, "{\"item\":1}\n{\"item\":{\"a\":\"}\"}}\n{\"end\":true}\n");
}

TEST(StreamLines, MayBeCutAnywhere) {
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    stream_lines lines("peer");
    lines.add(std::string_view(whole).substr(0, cut));
    auto out = told(lines);
    if (out.ends_with("more")) {
      out.resize(out.size() - 4);
      lines.add(std::string_view(whole).substr(cut));
      out += told(lines);
    }
    EXPECT_EQ(out, "1 {\"a\":\"}\"} end") << cut;
  }
}

TEST(StreamLines, ByteByByte) {
  stream_lines lines("peer");
  std::string out;
  for (const char c : whole) {
    lines.add({&c, 1});
    const auto got = told(lines);
    out += got == "more" ? "" : got.ends_with("more") ? got.substr(0, got.size() - 4) : got;
  }
  EXPECT_EQ(out, "1 {\"a\":\"}\"} end");
}

TEST(StreamLines, AnErrorEndsThem) {
  stream_lines lines("peer");
  lines.add(item_line("1") + error_line(errors::application{"spoiled", "no more"}));
  EXPECT_EQ(told(lines), "1 application: spoiled: no more");
}

TEST(StreamLines, WhatEndedThereDidNotEndHere) {
  stream_lines cancelled("peer");
  cancelled.add(error_line(errors::cancelled{}));
  EXPECT_EQ(cancelled.next().why->kind(), error_kind::unavailable);
  stream_lines late("peer");
  late.add(error_line(errors::deadline{"x", std::chrono::seconds(1)}));
  EXPECT_EQ(late.next().why->kind(), error_kind::timeout);
}

TEST(StreamLines, OtherLinesAreAnError) {
  for (const auto* line : {"\n", "{}\n", "{\"end\":false}\n", "hello\n", "{\"item\":1\n"}) {
    stream_lines lines("peer");
    lines.add(line);
    const auto next = lines.next();
    ASSERT_EQ(next.what, stream_lines::part::failed) << line;
    EXPECT_EQ(next.why->kind(), error_kind::protocol_error);
  }
}

TEST(StreamLines, WithoutAnEndTheyAreCutOff) {
  stream_lines lines("peer");
  lines.add(item_line("1"));
  EXPECT_EQ(told(lines), "1 more");
  EXPECT_EQ(lines.cut_off().kind(), error_kind::connection_closed);
}

TEST(StreamLines, AnItemHasALimit) {
  stream_lines lines("peer");
  const std::string piece(1 << 20, 'x');
  for (std::size_t n = 0; n <= longest_item; n += piece.size()) {
    ASSERT_EQ(lines.next().what, stream_lines::part::more) << n;
    lines.add(piece);
  }
  const auto next = lines.next();
  ASSERT_EQ(next.what, stream_lines::part::failed);
  EXPECT_EQ(next.why->kind(), error_kind::too_large);
}

}  // namespace
}  // namespace fairlead::detail
