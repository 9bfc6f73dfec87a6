// SPDX-License-Identifier: BSL-1.0
// Headers: order, case, replacement, and what must never reach the wire.
#include <fairlead/http/headers.hpp>

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(Headers, KeepOrderAndSpellingAndFindInAnyCase) {
  auto h = headers().add("X-One", "1").add("content-TYPE", "a/b").add("x-one", "2");
  EXPECT_EQ(h.size(), 3u);
  EXPECT_EQ(h.get("CONTENT-type"), "a/b");
  EXPECT_EQ(h.get("X-ONE"), "1");
  EXPECT_EQ(h.count("x-ONE"), 2u);
  EXPECT_FALSE(h.get("X-Two"));
  EXPECT_EQ(h.text(), "X-One: 1\r\ncontent-TYPE: a/b\r\nx-one: 2\r\n");
}

TEST(Headers, SetReplacesAllAtThePlaceOfTheFirst) {
  auto h = headers().add("A", "1").add("B", "2").add("a", "3").add("C", "4");
  h.set("A", "new");
  EXPECT_EQ(h.text(), "A: new\r\nB: 2\r\nC: 4\r\n");
  EXPECT_EQ(h.get("B"), "2");
  EXPECT_EQ(h.get("C"), "4");
  h.set("D", "5");
  EXPECT_EQ(h.text(), "A: new\r\nB: 2\r\nC: 4\r\nD: 5\r\n");
}

TEST(Headers, SetTakesAViewIntoItself) {
  auto h = headers().add("A", "first").add("B", "second");
  h.set("A", *h.get("B"));
  EXPECT_EQ(h.get("A"), "second");
}

TEST(Headers, AddTakesAViewIntoItself) {
  const std::string name(100, 'n');
  const std::string value(100, 'v');
  auto h = headers().add(name, value);
  for (int i = 0; i < 50; ++i) {
    h.add(h[0].name, h[0].value);
  }
  EXPECT_EQ(h.count(name), 51u);
  for (const auto field : h) {
    EXPECT_EQ(field.name, name);
    EXPECT_EQ(field.value, value);
  }
}

TEST(Headers, KnowWhatIsThereAfterEveryChange) {
  auto h = headers().add("Date", "1");
  EXPECT_TRUE(h.contains("dAtE"));
  EXPECT_FALSE(h.contains(""));
  h.remove("date");
  EXPECT_FALSE(h.contains("Date"));
  h.set("ETag", "x");
  EXPECT_TRUE(h.contains("etag"));
  auto other = headers().append(h);
  EXPECT_TRUE(other.contains("ETAG"));
  const auto moved = std::move(h);
  EXPECT_TRUE(moved.contains("ETag"));
  other.clear();
  EXPECT_FALSE(other.contains("ETag"));
}

TEST(Headers, RemoveTakesEveryFieldOfThatName) {
  auto h = headers().add("A", "1").add("B", "2").add("a", "3");
  EXPECT_EQ(h.remove("A"), 2u);
  EXPECT_EQ(h.remove("A"), 0u);
  EXPECT_EQ(h.text(), "B: 2\r\n");
  EXPECT_EQ(h.get("B"), "2");
}

TEST(Headers, TrimValuesAndAllowEmptyOnes) {
  auto h = headers().add("A", " \t x y \t").add("B", "");
  EXPECT_EQ(h.get("A"), "x y");
  EXPECT_EQ(h.get("B"), "");
  EXPECT_TRUE(h.check());
}

TEST(Headers, AppendJoinsTwo) {
  auto a = headers().add("A", "1");
  const auto b = headers().add("B", "2").add("C", "3");
  a.append(b);
  EXPECT_EQ(a.text(), "A: 1\r\nB: 2\r\nC: 3\r\n");
  EXPECT_EQ(a.get("C"), "3");
}

TEST(Headers, IterateInOrder) {
  const auto h = headers().add("A", "1").add("B", "2");
  std::string seen;
  for (const auto field : h) {
    seen.append(field.name).append("=").append(field.value).append(";");
  }
  EXPECT_EQ(seen, "A=1;B=2;");
}

struct refused_case {
  std::string name;
  std::string value;
  std::string message;
};

class RefusedHeader : public testing::TestWithParam<refused_case> {};

TEST_P(RefusedHeader, IsNeverStoredAndReported) {
  const auto& c = GetParam();
  for (const bool by_set : {false, true}) {
    headers h;
    h.add("Before", "1");
    if (by_set) {
      h.set(c.name, c.value);
    } else {
      h.add(c.name, c.value);
    }
    EXPECT_EQ(h.text(), "Before: 1\r\n");
    const auto checked = h.check();
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind(), error_kind::invalid_argument);
    EXPECT_EQ(checked.error().sent(), error_sent::not_sent);
    EXPECT_EQ(checked.error().message(), "invalid_argument: headers: " + c.message);
    h.clear();
    EXPECT_TRUE(h.check());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Injection, RefusedHeader,
    testing::Values(
        refused_case{"X", "a\r\nEvil: 1", "header X: a carriage return at byte 1 of the value"},
        refused_case{"X", "a\nEvil: 1", "header X: a line feed at byte 1 of the value"},
        refused_case{"X", "ab\0c"s, "header X: a NUL at byte 2 of the value"},
        refused_case{"X", "\x01", "header X: a control character at byte 0 of the value"},
        refused_case{"X", "a\x7f", "header X: a control character at byte 1 of the value"},
        refused_case{"", "a", "a header name is empty"},
        refused_case{"X Y", "a",
                     "header name \"X Y\" has a character that is not allowed in a name"},
        refused_case{"X:", "a", "header name \"X:\" has a character that is not allowed in a name"},
        refused_case{"X\r\nY", "a",
                     "header name \"X??Y\" has a character that is not allowed in a name"},
        refused_case{"X\0"s, "a",
                     "header name \"X?\" has a character that is not allowed in a name"},
        refused_case{"caf\xc3\xa9", "a",
                     "header name \"caf??\" has a character that is not allowed in a name"}));

// Values are looked at in words of eight bytes, so each byte stands everywhere in one once.
TEST(Headers, RefuseControlCharactersWhereverTheyStand) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool refused = (byte < 0x20 && byte != '\t') || byte == 0x7f;
    for (std::size_t at = 1; at < 18; ++at) {
      std::string value(19, at % 2 == 0 ? '\xff' : 'v');
      value[at] = static_cast<char>(byte);
      value[at - 1] = at % 3 == 0 ? '\t' : value[at - 1];  // a tab does not hide what follows
      value[0] = 'v';
      const auto h = headers().add("X", value);
      EXPECT_EQ(h.check().has_value(), !refused) << "byte " << byte << " at " << at;
      EXPECT_EQ(h.get("X").value_or(""), refused ? std::string_view() : value);
    }
  }
}

TEST(Headers, KnowTheCharactersOfNames) {
  const std::string_view allowed =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    const auto h = headers().add(std::string("X") + c, "v");
    EXPECT_EQ(h.check().has_value(), allowed.find(c) != std::string_view::npos) << byte;
  }
}

TEST(Headers, ReportTheFirstProblemAndKeepItWhenJoined) {
  auto bad = headers().add("X", "\r").add("Y", "\n").add("Good", "1");
  EXPECT_EQ(bad.text(), "Good: 1\r\n");
  auto all = headers().add("A", "1");
  all.append(bad);
  ASSERT_FALSE(all.check());
  EXPECT_EQ(all.check().error().get<errors::invalid_argument>()->reason,
            "header X: a carriage return at byte 0 of the value");
}

TEST(Headers, KnowTokensInLists) {
  EXPECT_TRUE(has_token("keep-alive, Upgrade", "upgrade"));
  EXPECT_TRUE(has_token("close", "Close"));
  EXPECT_FALSE(has_token("closed", "close"));
  EXPECT_FALSE(has_token("", "close"));
  EXPECT_TRUE(iequals("Host", "hOST"));
  EXPECT_FALSE(iequals("Host", "Hosts"));
}

}  // namespace
}  // namespace fairlead::http
