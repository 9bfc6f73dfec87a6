// SPDX-License-Identifier: BSL-1.0
#include "expect.hpp"

#include <boost/describe.hpp>

#include <map>

namespace shop {

namespace json = fairlead::json;

struct create_user {
  std::string name;
  std::string email;
  std::optional<std::string> site;
  int age = 18;
  double score{};
  std::vector<std::string> roles;
  std::map<std::string, int> quotas;
  std::string plan = "free";
  std::uint64_t big{};
  std::vector<std::vector<int>> grid;
};
BOOST_DESCRIBE_STRUCT(create_user, (),
                      (name, email, site, age, score, roles, quotas, plan, big, grid))

constexpr auto describe_constraints(json::of<create_user>) {
  return json::constraints(
      json::field<&create_user::name>(json::non_empty, json::length(2, 5)),
      json::field<&create_user::email>(json::email), json::field<&create_user::site>(json::url),
      json::field<&create_user::age>(json::range(18, 120), json::has_default),
      json::field<&create_user::score>(json::greater(0.5), json::less(10), json::has_default),
      json::field<&create_user::roles>(json::items(1, 2),
                                       json::each(json::one_of("admin", "user"))),
      json::field<&create_user::quotas>(json::max_items(1), json::each(json::positive),
                                        json::has_default),
      json::field<&create_user::plan>(json::pattern<"^(free|pro-\\d{2})$">, json::has_default),
      json::field<&create_user::big>(json::max(18446744073709551614U), json::has_default),
      json::field<&create_user::grid>(json::each(json::non_empty),
                                      json::each(json::each(json::one_of(1, 2, 3))),
                                      json::has_default));
}

struct scalars {
  int exact{};
  double whole{};
  double at_least{};
  int at_most{};
  std::string code;
  std::vector<int> few;
  std::string free;
};
BOOST_DESCRIBE_STRUCT(scalars, (), (exact, whole, at_least, at_most, code, few, free))
constexpr auto describe_constraints(json::of<scalars>) {
  return json::constraints(json::field<&scalars::exact>(json::one_of(1, 5), json::has_default),
                           json::field<&scalars::whole>(json::integer, json::has_default),
                           json::field<&scalars::at_least>(json::non_negative, json::has_default),
                           json::field<&scalars::at_most>(json::max(-1), json::has_default),
                           json::field<&scalars::code>(json::length(3, 3), json::has_default),
                           json::field<&scalars::few>(json::min_items(2), json::has_default),
                           json::field<&scalars::free>(json::min_length(1)),
                           json::field<&scalars::free>(json::max_length(3), json::has_default));
}

}  // namespace shop

namespace fairlead::json {
namespace {

const std::string start = R"({"name":"Ann","email":"a@b.de","roles":["user"])";

std::string with(const std::string& more) {
  return refusal<shop::create_user>(start + "," + more + "}");
}
std::string scalar(const std::string& members) {
  return refusal<shop::scalars>("{" + members + "}");
}

TEST(JsonConstraint, AreMetByGoodValues) {
  const auto u = decoded<shop::create_user>(start + "}");
  EXPECT_EQ(u.age, 18);
  EXPECT_EQ(u.plan, "free");
  EXPECT_EQ(
      with(R"("age":18,"score":0.6,"plan":"pro-12","site":"https://a.de/x?y#z","grid":[[1]])"),
      "no error");
  EXPECT_EQ(with(R"("site":null)"), "no error");
}

TEST(JsonConstraint, Range) {
  EXPECT_EQ(with(R"("age":17)"), "/age|constraint not met|integer in [18, 120]|17");
  EXPECT_EQ(with(R"("age":121)"), "/age|constraint not met|integer in [18, 120]|121");
  EXPECT_EQ(with(R"("age":120)"), "no error");
  EXPECT_EQ(with(R"("age":3000000000)"), "/age|out of range|integer in [18, 120]|3000000000");
  EXPECT_EQ(with(R"("age":"x")"), "/age|wrong type|integer in [18, 120]|\"x\"");
  EXPECT_EQ(with(R"("score":0.5)"), "/score|constraint not met|number > 0.5|0.5");
  EXPECT_EQ(with(R"("score":10)"), "/score|constraint not met|number < 10|10");
  EXPECT_EQ(scalar(R"("at_least":-0.5)"), "/at_least|constraint not met|number >= 0|-0.5");
  EXPECT_EQ(scalar(R"("at_most":0)"), "/at_most|constraint not met|integer <= -1|0");
}

TEST(JsonConstraint, RangesAreExactForTheLargestIntegers) {
  EXPECT_EQ(with(R"("big":18446744073709551614)"), "no error");
  EXPECT_EQ(with(R"("big":18446744073709551615)"),
            "/big|constraint not met|integer <= 18446744073709551614|18446744073709551615");
}

TEST(JsonConstraint, LengthCountsCodePoints) {
  const auto name = [](const std::string& n) {
    return refusal<shop::create_user>(R"({"email":"a@b.de","roles":["user"],"name":")" + n + "\"}");
  };
  EXPECT_EQ(name("\xc3\xa9\xe2\x82\xac"), "no error");
  EXPECT_EQ(name("\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
                 "\xf0\x9f\x98\x80"),
            "no error");
  EXPECT_EQ(name("\xc3\xa9"),
            "/name|constraint not met|string of 2 to 5 characters|string of 1 character");
  EXPECT_EQ(name("abcdef"),
            "/name|constraint not met|string of 2 to 5 characters|string of 6 characters");
  EXPECT_EQ(name(""), "/name|constraint not met|non-empty string|\"\"");
  EXPECT_EQ(scalar(R"("code":"ab")"),
            "/code|constraint not met|string of 3 characters|string of 2 characters");
  EXPECT_EQ(scalar(R"("code":"")"), "/code|constraint not met|string of 3 characters|\"\"");
}

TEST(JsonConstraint, SeveralFieldsForOneMemberAddUp) {
  EXPECT_EQ(scalar(R"("free":"")"), "/free|constraint not met|string of at least 1 character|\"\"");
  EXPECT_EQ(scalar(R"("free":"abcd")"),
            "/free|constraint not met|string of at most 3 characters|string of 4 characters");
  EXPECT_EQ(scalar(""), "no error");
}

TEST(JsonConstraint, Items) {
  const auto roles = [](const std::string& r) {
    return refusal<shop::create_user>(R"({"name":"Ann","email":"a@b.de","roles":)" + r + "}");
  };
  EXPECT_EQ(roles("[]"), "/roles|constraint not met|array of 1 to 2 items|empty array");
  EXPECT_EQ(roles(R"(["user","user","user"])"),
            "/roles|constraint not met|array of 1 to 2 items|array of 3 items");
  EXPECT_EQ(roles(R"(["user","root"])"),
            R"(/roles/1|constraint not met|one of "admin", "user"|"root")");
  EXPECT_EQ(roles("[1]"), R"(/roles/0|wrong type|one of "admin", "user"|1)");
  EXPECT_EQ(with(R"("quotas":{"a":1,"b":1})"),
            "/quotas|constraint not met|object of at most 1 member|object of 2 members");
  EXPECT_EQ(with(R"("quotas":{"a/b":0})"), "/quotas/a~1b|constraint not met|integer > 0|0");
  EXPECT_EQ(scalar(R"("few":[1])"),
            "/few|constraint not met|array of at least 2 items|array of 1 item");
}

TEST(JsonConstraint, ElementsOfElements) {
  EXPECT_EQ(with(R"("grid":[[1,2],[]])"), "/grid/1|constraint not met|non-empty array|empty array");
  EXPECT_EQ(with(R"("grid":[[1,2],[3,4]])"), "/grid/1/1|constraint not met|one of 1, 2, 3|4");
}

TEST(JsonConstraint, OneOfNumbersAndWholeNumbers) {
  EXPECT_EQ(scalar(R"("exact":5)"), "no error");
  EXPECT_EQ(scalar(R"("exact":2)"), "/exact|constraint not met|one of 1, 5|2");
  EXPECT_EQ(scalar(R"("whole":-3.0)"), "no error");
  EXPECT_EQ(scalar(R"("whole":1e300)"), "no error");
  EXPECT_EQ(scalar(R"("whole":0.5)"), "/whole|constraint not met|number without fraction|0.5");
}

TEST(JsonConstraint, Pattern) {
  EXPECT_EQ(with(R"("plan":"pro-1")"),
            R"(/plan|constraint not met|string matching ^(free|pro-\d{2})$|"pro-1")");
}

TEST(JsonConstraint, Email) {
  const auto email = [](const std::string& e) {
    return refusal<shop::create_user>(R"({"name":"Ann","roles":["user"],"email":")" + e + "\"}") ==
           "no error";
  };
  for (const auto* good : {"a@b", "first.last+tag@sub.example.org", "x!#$%&'*/=?^_`{|}~-@a-b.c0"}) {
    EXPECT_TRUE(email(good)) << good;
  }
  for (const std::string bad : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@-b", "a@b-", "a@b..c",
                                "a@.b", "a@b.", "a@b_c", "\xc3\xa9@b"}) {
    EXPECT_FALSE(email(bad)) << bad;
  }
  EXPECT_TRUE(email(std::string(64, 'a') + "@" + std::string(63, 'b') + ".c"));
  EXPECT_FALSE(email(std::string(65, 'a') + "@b"));
  EXPECT_FALSE(email("a@" + std::string(64, 'b')));
  EXPECT_EQ(refusal<shop::create_user>(R"({"email":"x"})"),
            "/email|constraint not met|email address|\"x\"");
}

TEST(JsonConstraint, Url) {
  const auto url = [](const std::string& u) {
    return with(R"("site":")" + u + "\"") == "no error";
  };
  for (const auto* good :
       {"http://a", "https://user@host:8080/p/a?q=1#f", "ws+x://h", "http://[::1]/", "a://b/%20"}) {
    EXPECT_TRUE(url(good)) << good;
  }
  for (const auto* bad : {"", "a", "/path", "//host", "://h", "http://", "http:///p", "http:// h",
                          "1a://h", "http://:80", "http://h/%2", "http://h/%zz",
                          "http://h/\xc3\xa9", "mailto:a@b", "http://h/<", "http://u@"}) {
    EXPECT_FALSE(url(bad)) << bad;
  }
  EXPECT_EQ(with(R"("site":"x")"), "/site|constraint not met|absolute URL|\"x\"");
  EXPECT_EQ(with(R"("site":1)"), "/site|wrong type|absolute URL or null|1");
}

TEST(JsonConstraint, MissingMembersSayWhatTheyWant) {
  EXPECT_EQ(refusal<shop::create_user>("{}"), "/name|missing member|non-empty string|missing");
  EXPECT_EQ(refusal<shop::create_user>(R"({"name":"Ann","email":"a@b"})"),
            "/roles|missing member|array of 1 to 2 items|missing");
}

TEST(JsonConstraint, AreCheckedBeforeAnythingIsSent) {
  auto u = decoded<shop::create_user>(start + "}");
  std::string out = "kept";
  u.age = 5;
  EXPECT_EQ(facts(encode_to(out, u)), "/age|constraint not met|integer in [18, 120]|5");
  EXPECT_EQ(out, "kept");
  u.age = 18;
  u.score = 1;
  EXPECT_TRUE(encode_to(out, u));
  EXPECT_EQ(out, R"(kept{"name":"Ann","email":"a@b.de","age":18,"score":1,"roles":["user"],)"
                 R"("quotas":{},"plan":"free","big":0,"grid":[]})");
  u.grid = {{1}, {2, 9}};
  EXPECT_EQ(facts(encode(u)), "/grid/1/1|constraint not met|one of 1, 2, 3|9");
  u.grid.clear();
  u.site = "nowhere";
  EXPECT_EQ(facts(validate(u)), "/site|constraint not met|absolute URL|\"nowhere\"");
}

}  // namespace
}  // namespace fairlead::json
