// SPDX-License-Identifier: BSL-1.0
// Which values of traceparent are taken, and which begin a new trace.
#include <fairlead/observe/traceparent.hpp>

#include <gtest/gtest.h>

#include <string>

namespace fairlead::observe {
namespace {

constexpr auto usual = "00-12345678901234567890123456789012-1234567890123456-01";

bool taken(std::string_view text) {
  return traceparent::parse(text).has_value();
}

TEST(Traceparent, IsReadAndWritten) {
  const auto p = traceparent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  ASSERT_TRUE(p);
  EXPECT_TRUE(p->valid());
  EXPECT_EQ(p->trace, (trace_id{0x0af7651916cd43ddU, 0x8448eb211c80319cU}));
  EXPECT_EQ(p->span, span_id{0xb7ad6b7169203331U});
  EXPECT_TRUE(p->flags.sampled());
  EXPECT_FALSE(p->flags.random());
  EXPECT_EQ(to_string(*p), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(to_string(p->trace), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(to_string(p->span), "b7ad6b7169203331");
  EXPECT_EQ(to_string(p->flags), "01");
}

TEST(Traceparent, KeepsLeadingZeros) {
  constexpr auto text = "00-00000000000000000000000000000001-0000000000000001-00";
  EXPECT_EQ(to_string(traceparent::parse(text).value()), text);
}

TEST(Traceparent, SpacesAroundItMeanNothing) {
  for (const char* const text : {" 00-12345678901234567890123456789012-1234567890123456-01",
                                 "\t00-12345678901234567890123456789012-1234567890123456-01",
                                 "00-12345678901234567890123456789012-1234567890123456-01 ",
                                 "\t 00-12345678901234567890123456789012-1234567890123456-01 \t"}) {
    EXPECT_EQ(traceparent::parse(text), traceparent::parse(usual)) << text;
  }
}

TEST(Traceparent, FlagsThatNobodyHasDefinedAreDropped) {
  const auto p = traceparent::parse("00-12345678901234567890123456789012-1234567890123456-ff");
  ASSERT_TRUE(p);
  EXPECT_TRUE(p->flags.sampled());
  EXPECT_TRUE(p->flags.random());
  EXPECT_EQ(to_string(p->flags), "03");
  const auto q = traceparent::parse("00-12345678901234567890123456789012-1234567890123456-08");
  ASSERT_TRUE(q);
  EXPECT_FALSE(q->flags.sampled());
  EXPECT_EQ(to_string(q->flags), "00");
}

TEST(Traceparent, OfVersionZeroNothingMayFollow) {
  EXPECT_FALSE(taken(std::string(usual) + "."));
  EXPECT_FALSE(taken(std::string(usual) + "-"));
  EXPECT_FALSE(taken(std::string(usual) + "-what-the-future-will-be-like"));
}

TEST(Traceparent, OfLaterVersionsTheKnownPartIsRead) {
  for (const std::string version : {"01", "cc", "fe"}) {
    const auto known = version + "-12345678901234567890123456789012-1234567890123456-01";
    for (const std::string more : {"", "-", "-what-the-future-will-be-like"}) {
      const auto p = traceparent::parse(known + more);
      ASSERT_TRUE(p) << known << more;
      EXPECT_EQ(to_string(*p), usual);  // and passed on as the version that we know
    }
    EXPECT_FALSE(taken(known + ".what-the-future-will-be-like"));
    EXPECT_FALSE(taken(known + "0"));
    EXPECT_FALSE(taken(known.substr(0, known.size() - 1)));
  }
}

TEST(Traceparent, BadVersions) {
  for (const char* const version : {"ff", "FF", ".0", "0.", "0", "000", "0000", "", "0x", "-0"}) {
    EXPECT_FALSE(
        taken(std::string(version) + "-12345678901234567890123456789012-1234567890123456-01"))
        << version;
  }
}

TEST(Traceparent, BadTraceIds) {
  for (const char* const id :
       {"00000000000000000000000000000000", ".2345678901234567890123456789012",
        "1234567890123456789012345678901.", "123456789012345678901234567890123",
        "1234567890123456789012345678901", "ABCDEF78901234567890123456789012",
        "12345678901234567890123456789g12", ""}) {
    EXPECT_FALSE(taken(std::string("00-") + id + "-1234567890123456-01")) << id;
  }
}

TEST(Traceparent, BadParentIds) {
  for (const char* const id : {"0000000000000000", ".234567890123456", "123456789012345.",
                               "12345678901234567", "123456789012345", "ABCDEF7890123456", ""}) {
    EXPECT_FALSE(taken(std::string("00-12345678901234567890123456789012-") + id + "-01")) << id;
  }
}

TEST(Traceparent, BadFlags) {
  for (const char* const flags : {".0", "0.", "001", "1", "", "0A"}) {
    EXPECT_FALSE(
        taken(std::string("00-12345678901234567890123456789012-1234567890123456-") + flags))
        << flags;
  }
}

TEST(Traceparent, BadSeparators) {
  for (const std::size_t at : {2U, 35U, 52U}) {
    std::string text = usual;
    text[at] = '_';
    EXPECT_FALSE(taken(text)) << text;
  }
}

TEST(Traceparent, ShorterThanItMustBe) {
  for (std::size_t i = 0; i < std::string_view(usual).size(); ++i) {
    EXPECT_FALSE(taken(std::string_view(usual).substr(0, i))) << i;
  }
}

TEST(Traceparent, ADefaultOneIsNone) {
  EXPECT_FALSE(traceparent().valid());
  EXPECT_FALSE((traceparent{{1, 0}, {}, {}}).valid());
  EXPECT_FALSE((traceparent{{}, {1}, {}}).valid());
  EXPECT_TRUE((traceparent{{0, 1}, {1}, {}}).valid());
}

TEST(TraceIds, AreParsedAlone) {
  EXPECT_EQ(parse_trace_id("000000000000000a000000000000000b"), (trace_id{10, 11}));
  EXPECT_FALSE(parse_trace_id("000000000000000a000000000000000B"));
  EXPECT_FALSE(parse_trace_id(std::string(32, '0')));
  EXPECT_FALSE(parse_trace_id(std::string(31, '1')));
  EXPECT_FALSE(parse_trace_id(std::string(33, '1')));
  EXPECT_EQ(parse_span_id("ffffffffffffffff"), span_id{~std::uint64_t{0}});
  EXPECT_FALSE(parse_span_id(std::string(16, '0')));
  EXPECT_FALSE(parse_span_id(std::string(17, '1')));
}

}  // namespace
}  // namespace fairlead::observe
