// SPDX-License-Identifier: BSL-1.0
// Conditional and range requests as decisions.
#include "detail/conditions.hpp"

#include <fairlead/http/date.hpp>

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http::detail {
namespace {

using namespace std::chrono_literals;

const auto changed = *parse_date("Sun, 06 Nov 1994 08:49:37 GMT") + 500ms;
const std::string before = "Sun, 06 Nov 1994 08:49:36 GMT";
const std::string same = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string after = "Sun, 06 Nov 1994 08:49:38 GMT";

const representation file{"\"a\"", changed, 1000};

condition check(headers fields, method m = method::get, const representation& of = file) {
  request r(m, "/x");
  r.headers() = std::move(fields);
  return check_conditions(r, of);
}

TEST(Conditions, TagsAreListsOfQuotedTexts) {
  const auto strong = [](std::string_view list) {
    return has_tag(list, "\"a\"", comparison::strong);
  };
  const auto weak = [](std::string_view list) { return has_tag(list, "\"a\"", comparison::weak); };
  EXPECT_TRUE(strong("\"a\""));
  EXPECT_TRUE(strong("\"b\", \"a\""));
  EXPECT_TRUE(strong(" ,\"b\",,\t\"a\","));
  EXPECT_TRUE(strong("*"));
  EXPECT_TRUE(strong("\"x,y\", \"a\"")) << "a comma within quotes";
  EXPECT_FALSE(strong("W/\"a\""));
  EXPECT_TRUE(weak("W/\"a\""));
  EXPECT_FALSE(weak("W/\"b\""));
  EXPECT_FALSE(strong("\"b\""));
  EXPECT_FALSE(strong("a"));
  EXPECT_FALSE(strong("\"a"));
  EXPECT_FALSE(strong("\"a\", b")) << "malformed as a whole";
  EXPECT_FALSE(strong(""));
  EXPECT_FALSE(strong("W/"));
  EXPECT_FALSE(has_tag("W/\"a\"", "W/\"a\"", comparison::strong)) << "two weak ones never are";
  EXPECT_TRUE(has_tag("\"a\"", "W/\"a\"", comparison::weak));
}

TEST(Conditions, IfNoneMatch) {
  const auto none = [](const char* list) { return headers().add("If-None-Match", list); };
  EXPECT_EQ(check(none("\"a\"")), condition::not_modified);
  EXPECT_EQ(check(none("W/\"a\"")), condition::not_modified);
  EXPECT_EQ(check(none("*"), method::head), condition::not_modified);
  EXPECT_EQ(check(none("*"), method::put), condition::failed);
  EXPECT_EQ(check(none("\"b\"")), condition::proceed);
  EXPECT_EQ(check(none("\"b\"").add("If-None-Match", "\"a\"")), condition::not_modified);
  EXPECT_EQ(check(none("\"b\"").add("If-Modified-Since", after)), condition::proceed)
      << "the date is not looked at beside a tag";
}

TEST(Conditions, IfModifiedSince) {
  const auto since = [](const std::string& when) {
    return headers().add("If-Modified-Since", when);
  };
  EXPECT_EQ(check(since(before)), condition::proceed);
  EXPECT_EQ(check(since(same)), condition::not_modified) << "parts of a second do not count";
  EXPECT_EQ(check(since(after)), condition::not_modified);
  EXPECT_EQ(check(since(after), method::post), condition::proceed);
  EXPECT_EQ(check(since("yesterday")), condition::proceed);
  EXPECT_EQ(check(since(after).add("If-Modified-Since", after)), condition::proceed);
}

TEST(Conditions, IfMatchAndIfUnmodifiedSince) {
  EXPECT_EQ(check(headers().add("If-Match", "\"a\"")), condition::proceed);
  EXPECT_EQ(check(headers().add("If-Match", "*")), condition::proceed);
  EXPECT_EQ(check(headers().add("If-Match", "\"b\"")), condition::failed);
  EXPECT_EQ(check(headers().add("If-Match", "W/\"a\"")), condition::failed);
  EXPECT_EQ(check(headers().add("If-Unmodified-Since", before)), condition::failed);
  EXPECT_EQ(check(headers().add("If-Unmodified-Since", same)), condition::proceed);
  EXPECT_EQ(check(headers().add("If-Unmodified-Since", before).add("If-Match", "\"a\"")),
            condition::proceed)
      << "the tag decides";
  EXPECT_EQ(check(headers().add("If-Match", "\"a\"").add("If-None-Match", "\"a\"")),
            condition::not_modified);
  EXPECT_EQ(check(headers().add("If-Match", "\"b\"").add("If-None-Match", "\"a\"")),
            condition::failed);
}

// "first+size" of each; "whole", "none".
std::string ranges(const std::string& value, headers others = {}, std::size_t most = 3,
                   std::uint64_t size = 1000) {
  request r(method::get, "/x");
  r.headers() = std::move(others);
  r.header("Range", value);
  auto of = file;
  of.size = size;
  const auto got = wanted_ranges(r, of, most);
  if (!got) {
    return "whole";
  }
  std::string out;
  for (const auto& one : *got) {
    out += (out.empty() ? "" : ",") + std::to_string(one.first) + "+" + std::to_string(one.size);
  }
  return out.empty() ? "none" : out;
}

TEST(Ranges, AreReadAsTheyAreWritten) {
  EXPECT_EQ(ranges("bytes=0-499"), "0+500");
  EXPECT_EQ(ranges("bytes=500-999"), "500+500");
  EXPECT_EQ(ranges("bytes=-500"), "500+500");
  EXPECT_EQ(ranges("bytes=9-"), "9+991");
  EXPECT_EQ(ranges("bytes=0-0,-1"), "0+1,999+1");
  EXPECT_EQ(ranges("bytes= 0-0 , 5-6 "), "0+1,5+2");
  EXPECT_EQ(ranges("Bytes=0-0"), "0+1");
  EXPECT_EQ(ranges("bytes=990-5000"), "990+10");
  EXPECT_EQ(ranges("bytes=-5000"), "0+1000");
  EXPECT_EQ(ranges("bytes=0-18446744073709551615"), "0+1000");
}

TEST(Ranges, OutsideOfTheWholeThereIsNone) {
  EXPECT_EQ(ranges("bytes=1000-"), "none");
  EXPECT_EQ(ranges("bytes=-0"), "none");
  EXPECT_EQ(ranges("bytes=5000-6000,7000-"), "none");
  EXPECT_EQ(ranges("bytes=5000-6000,0-0"), "0+1");
  EXPECT_EQ(ranges("bytes=0-", {}, 3, 0), "none");
  EXPECT_EQ(ranges("bytes=-1", {}, 3, 0), "none");
}

TEST(Ranges, WhatIsMalformedIsIgnored) {
  for (const auto* value :
       {"", "bytes", "bytes=", "bytes=,", "lines=0-1", "bytes=a-b", "bytes=5-4", "bytes=-",
        "bytes=--1", "bytes=1", "bytes=0-1-2", "bytes=+1-2", "bytes=0 - 1", "bytes=0-1,x",
        "bytes 0-1", "bytes=99999999999999999999-", "bytes=0x1-2"}) {
    EXPECT_EQ(ranges(value), "whole") << value;
  }
}

TEST(Ranges, TooMuchIsTheWhole) {
  EXPECT_EQ(ranges("bytes=0-0,1-1,2-2"), "0+1,1+1,2+1");
  EXPECT_EQ(ranges("bytes=0-0,1-1,2-2,3-3"), "whole");
  EXPECT_EQ(ranges("bytes=0-0,5000-,6000-,7000-"), "whole") << "those outside count too";
  EXPECT_EQ(ranges("bytes=0-,0-"), "whole") << "more bytes than there are";
}

TEST(Ranges, IfRange) {
  const auto with = [](const std::string& value) {
    return ranges("bytes=0-0", headers().add("If-Range", value));
  };
  EXPECT_EQ(with("\"a\""), "0+1");
  EXPECT_EQ(with("\"b\""), "whole");
  EXPECT_EQ(with("W/\"a\""), "whole");
  EXPECT_EQ(with(same), "0+1");
  EXPECT_EQ(with(after), "whole") << "only the very date is as good as a tag";
  EXPECT_EQ(with("nonsense"), "whole");
}

TEST(Ranges, AreForGetAlone) {
  request r(method::head, "/x");
  r.header("Range", "bytes=0-0");
  EXPECT_FALSE(wanted_ranges(r, file, 3));
}

}  // namespace
}  // namespace fairlead::http::detail
