// SPDX-License-Identifier: BSL-1.0
// Subjects and their patterns: what is valid, what matches, and that the index finds the same.
#include <fairlead/port/subject.hpp>

#include "detail/subject_index.hpp"

#include <fairlead/core/random.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead {
namespace {

TEST(Subject, TakesTokensWithDotsBetween) {
  for (const std::string good : {"a", "a.b", "orders.eu.created", "_INBOX.x.1", "a-b.c_d.$SYS",
                                 "half*star", "a.b>c", "x.**", "~!@#%^&()[]{}|;:'\"<,?/`"}) {
    EXPECT_TRUE(check_subject(good)) << good;
    EXPECT_TRUE(check_subject_pattern(good)) << good;
  }
}

TEST(Subject, RefusesWhatBrokersAndLogsReadDifferently) {
  std::vector<std::string> bad = {"",
                                  ".",
                                  "a.",
                                  ".a",
                                  "a..b",
                                  "a b",
                                  "a\tb",
                                  "a\r\nb",
                                  "caf\xc3\xa9",
                                  "a\x7f",
                                  std::string("a\0b", 3),
                                  std::string(1025, 'x')};
  for (const auto& text : bad) {
    const auto made = check_subject(text);
    ASSERT_FALSE(made) << text;
    EXPECT_EQ(made.error().kind(), error_kind::invalid_argument);
    EXPECT_EQ(made.error().sent(), error_sent::not_sent);
    EXPECT_FALSE(check_subject_pattern(text)) << text;
  }
  EXPECT_TRUE(check_subject(std::string(1024, 'x')));
}

TEST(Subject, SaysWhatIsWrong) {
  const auto text_of = [](const result<void>& r) { return r ? "" : r.error().message(); };
  EXPECT_NE(text_of(check_subject("a..b")).find("empty token"), std::string::npos);
  EXPECT_NE(text_of(check_subject("a.*")).find("is a pattern"), std::string::npos);
  EXPECT_NE(text_of(check_subject_pattern("a.>.b")).find("not its last"), std::string::npos);
  EXPECT_NE(text_of(check_subject("a\nb")).find("white space"), std::string::npos);
  EXPECT_EQ(text_of(check_subject("a\nb")).find('\n'), std::string::npos) << "one line";
  EXPECT_LT(text_of(check_subject(std::string(100'000, 'x'))).size(), 300U);
}

TEST(Subject, AWildcardIsAWholeToken) {
  for (const std::string pattern : {"*", ">", "a.*", "*.b", "a.*.c", "a.>", "*.>", "*.*"}) {
    EXPECT_FALSE(check_subject(pattern)) << pattern;
    EXPECT_TRUE(check_subject_pattern(pattern)) << pattern;
  }
  for (const std::string pattern : {">.a", "a.>.b", "*.", ">."}) {
    EXPECT_FALSE(check_subject_pattern(pattern)) << pattern;
  }
}

TEST(Subject, ThePatternDecidesWhoGetsIt) {
  struct row {
    std::string pattern;
    std::string subject;
    bool matches;
  };
  for (const auto& [pattern, subject, matches] : std::vector<row>{
           {"a", "a", true},           {"a", "b", false},         {"a", "A", false},
           {"a", "a.b", false},        {"a.b", "a", false},       {"*", "a", true},
           {"*", "a.b", false},        {"*.b", "a.b", true},      {"*.b", "a.c", false},
           {"a.*", "a.b", true},       {"a.*", "a", false},       {"a.*", "a.b.c", false},
           {"a.*.c", "a.b.c", true},   {"a.*.c", "a.b.d", false}, {">", "a", true},
           {">", "a.b.c", true},       {"a.>", "a.b", true},      {"a.>", "a.b.c", true},
           {"a.>", "a", false},        {"a.>", "b.c", false},     {"*.>", "a.b", true},
           {"*.>", "a", false},        {"half*", "half*", true},  {"half*", "halfway", false},
           {"a.b*.c", "a.bb.c", false}}) {
    EXPECT_EQ(subject_matches(pattern, subject), matches) << pattern << " " << subject;
  }
}

TEST(QueueGroup, IsOneWord) {
  EXPECT_TRUE(check_queue_group("workers"));
  EXPECT_TRUE(check_queue_group("v1.workers-*"));
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a\n"),
                                 std::string(257, 'x'), std::string("\xff")}) {
    EXPECT_FALSE(check_queue_group(bad)) << bad;
  }
}

TEST(SubjectIndex, FindsInTheOrderOfAdding) {
  detail::subject_index<int> index;
  index.add("a.>", 1);
  index.add("a.b", 2);
  index.add("*.b", 3);
  index.add("a.b", 4);
  index.add(">", 5);
  index.add("b", 6);
  EXPECT_EQ(index.find("a.b"), (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(index.find("b"), (std::vector<int>{5, 6}));
  EXPECT_EQ(index.size(), 6U);
  EXPECT_TRUE(index.remove("a.b", 2));
  EXPECT_FALSE(index.remove("a.b", 2)) << "it is gone";
  EXPECT_FALSE(index.remove("a.*", 4)) << "another pattern";
  EXPECT_FALSE(index.remove("no.such", 4));
  EXPECT_EQ(index.find("a.b"), (std::vector<int>{1, 3, 4, 5}));
}

TEST(SubjectIndex, KeepsNothingOfWhatWasRemoved) {
  detail::subject_index<int> index;
  for (const std::string pattern : {"a.b.c", "a.b", "a.>", "*", "a.*.d"}) {
    index.add(pattern, 7);
  }
  for (const std::string pattern : {"a.b", "a.b.c", "*", "a.*.d", "a.>"}) {
    EXPECT_FALSE(index.empty());
    EXPECT_TRUE(index.remove(pattern, 7)) << pattern;
  }
  EXPECT_TRUE(index.empty());
  EXPECT_EQ(index.size(), 0U);
  EXPECT_TRUE(index.find("a.b").empty());
}

// All patterns of up to four tokens out of few, against every subject, one at a time and together.
TEST(SubjectIndex, AgreesWithTheMatcher) {
  random_source random(7);
  const std::vector<std::string> words = {"a", "b", "cc"};
  const auto any = [&](bool pattern) {
    std::string out;
    const auto length = 1 + random.below(4);
    for (std::uint64_t i = 0; i < length; ++i) {
      out += i == 0 ? "" : ".";
      const auto pick = random.below(pattern ? 5 : 3);
      if (pick == 4 && i + 1 == length) {
        out += ">";
      } else {
        out += pick >= 3 ? "*" : words[pick];
      }
    }
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    detail::subject_index<int> index;
    std::vector<std::string> patterns;
    for (int i = 0; i < 25; ++i) {
      patterns.push_back(any(true));
      ASSERT_TRUE(check_subject_pattern(patterns.back()));
      index.add(patterns.back(), i);
    }
    for (int i = 0; i < 8; ++i) {
      const auto gone = random.below(patterns.size());
      EXPECT_EQ(index.remove(patterns[gone], static_cast<int>(gone)), !patterns[gone].empty());
      patterns[gone].clear();
    }
    for (int i = 0; i < 20; ++i) {
      const auto subject = any(false);
      std::vector<int> expected;
      for (std::size_t p = 0; p < patterns.size(); ++p) {
        if (!patterns[p].empty() && subject_matches(patterns[p], subject)) {
          expected.push_back(static_cast<int>(p));
        }
      }
      ASSERT_EQ(index.find(subject), expected) << subject;
    }
  }
}

}  // namespace
}  // namespace fairlead
