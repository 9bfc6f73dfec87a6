// SPDX-License-Identifier: BSL-1.0
// Arguments from queries, forms and headers.
#include "support/server_answers.hpp"

#include <fairlead/http/from_request.hpp>
#include <fairlead/json/constraints.hpp>

#include <boost/describe.hpp>

#include <vector>

namespace query_types {

BOOST_DEFINE_ENUM_CLASS(order, up, down)

struct page {
  int from = 0;
  std::optional<double> weight;
  std::optional<bool> all;
  std::vector<std::string> tags;
  std::optional<order> sort;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(page, (), (from, weight, all, tags, sort, name))
constexpr auto describe_constraints(fairlead::json::of<page>) {
  using namespace fairlead::json;
  return constraints(field<&page::from>(range(0, 100), has_default),
                     field<&page::tags>(has_default, max_items(3)),
                     field<&page::name>(named("full-name")));
}

}  // namespace query_types

namespace fairlead::http {
namespace {

using namespace fairlead::testing;
using query_types::page;

std::string shown(const page& p) {
  std::string out = std::to_string(p.from) + "|";
  out += p.weight ? std::to_string(*p.weight) : "-";
  out += p.all ? (*p.all ? "|all" : "|some") : "|-";
  for (const auto& tag : p.tags) {
    out += "|" + tag;
  }
  if (p.sort) {
    out += *p.sort == query_types::order::up ? "|up" : "|down";
  }
  return out + "|" + p.name;
}

result<page> read(const std::string& query) {
  request q(method::get, "/x?" + query);
  auto got = from_query<page>::from_request(q);
  if (!got) {
    return tl::unexpected<error>(got.error());
  }
  return *std::move(*got);
}

std::string refusal(const std::string& query) {
  const auto got = read(query);
  if (got) {
    return "accepted";
  }
  EXPECT_EQ(got.error().kind(), error_kind::invalid_argument) << query;
  return got.error().message();
}

TEST(FromQuery, ReadsEveryKindOfMember) {
  EXPECT_EQ(shown(*read("full-name=Ann")), "0|-|-|Ann");
  EXPECT_EQ(shown(*read("from=7&weight=2.5&all=true&tags=a&tags=b%26c&sort=down&full-name=A+B")),
            "7|2.500000|all|a|b&c|down|A B");
  EXPECT_EQ(shown(*read("other=1&full-name=&other=2")), "0|-|-|") << "what is unknown is ignored";
  EXPECT_EQ(shown(*read("full-name=12&all=false")), "0|-|some|12") << "a text of digits is a text";
  EXPECT_EQ(shown(*read("&&full-name=%22%5C%0A")), "0|-|-|\"\\\n");
}

TEST(FromQuery, NamesWhatIsWrong) {
  EXPECT_NE(refusal("full-name=a&from=x").find("query parameter from"), std::string::npos);
  EXPECT_NE(refusal("full-name=a&from=101").find("[0, 100]"), std::string::npos);
  EXPECT_NE(refusal("full-name=a&from=1e").find("from"), std::string::npos);
  EXPECT_NE(refusal("full-name=a&from=01").find("from"), std::string::npos);
  EXPECT_NE(refusal("full-name=a&from=").find("from"), std::string::npos);
  EXPECT_NE(refusal("full-name=a&from=1,%22x%22:2").find("from"), std::string::npos);
  EXPECT_NE(refusal("full-name=a&all=yes").find("all"), std::string::npos);
  EXPECT_NE(refusal("full-name=a&sort=left").find("sort"), std::string::npos);
  EXPECT_NE(refusal("full-name=a&tags=1&tags=2&tags=3&tags=4").find("tags"), std::string::npos);
  EXPECT_NE(refusal("").find("full-name"), std::string::npos) << "it is missing";
  EXPECT_NE(refusal("full-name=a&from=1&from=2").find("twice"), std::string::npos);
  EXPECT_NE(refusal("full-name=%zz").find("encoded"), std::string::npos);
}

TEST(FromQuery, WhatIsNotUtf8IsRefused) {
  EXPECT_FALSE(read("full-name=%ff"));
  EXPECT_FALSE(read("full-name=a&tags=%c3%28"));
}

router routes() {
  router r;
  r.get("/users/{id}",
        [](context&, from_query<page> q, std::int64_t id,
           from_header<"X-Depth", std::optional<int>> depth) -> result<std::string> {
          return std::to_string(id) + " " + shown(*q) + " " + std::to_string((*depth).value_or(-1));
        });
  r.post("/form", [](context& cx, from_form<page> f) -> task<result<std::string>> {
    static_cast<void>(cx);
    co_return shown(*f);
  });
  r.put("/doc",
        [](context&, from_header<"If-Match"> tag, from_header<"X-Flag", bool> flag,
           std::vector<int> body) -> result<std::string> {
          return *tag + (*flag ? " yes " : " no ") + std::to_string(body.size());
        });
  return r;
}

TEST(FromRequest, ArgumentsStandInAnyOrder) {
  EXPECT_EQ(
      body_of(answer_to(routes(), ask("GET", "/users/7?full-name=Ann&from=3", "X-Depth: 12\r\n"))),
      "7 3|-|-|Ann 12");
  EXPECT_EQ(body_of(answer_to(routes(), ask("GET", "/users/7?full-name=Ann"))), "7 0|-|-|Ann -1");
  EXPECT_EQ(body_of(answer_to(routes(),
                              ask("PUT", "/doc", "If-Match: \"a\"\r\nX-Flag: true\r\n", "[1,2]"))),
            "\"a\" yes 2");
}

TEST(FromRequest, WhatIsWrongIsA400) {
  for (const auto& text : {ask("GET", "/users/7?full-name=Ann&from=x"),
                           ask("GET", "/users/7?full-name=Ann", "X-Depth: deep\r\n"),
                           ask("PUT", "/doc", "X-Flag: true\r\n", "[1]"),
                           ask("PUT", "/doc", "If-Match: a\r\nX-Flag: 1\r\n", "[1]")}) {
    const auto got = answer_to(routes(), text);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 400 ")) << got;
    EXPECT_NE(got.find("invalid_argument"), std::string::npos) << got;
  }
  const auto got = answer_to(routes(), ask("PUT", "/doc", "X-Flag: true\r\n", "[1]"));
  EXPECT_NE(got.find("header If-Match: it is missing"), std::string::npos) << got;
}

TEST(FromForm, ReadsFormsOnly) {
  const std::string type = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n";
  EXPECT_EQ(body_of(answer_to(routes(), ask("POST", "/form", type, "full-name=A+B&tags=x"))),
            "0|-|-|x|A B");
  EXPECT_TRUE(
      answer_to(routes(), ask("POST", "/form", "Content-Type: application/json\r\n", "full-name=A"))
          .starts_with("HTTP/1.1 400 "));
  const auto wrong = answer_to(routes(), ask("POST", "/form", type, "full-name=A&from=x"));
  EXPECT_TRUE(wrong.starts_with("HTTP/1.1 422 ")) << wrong;
  EXPECT_NE(wrong.find("/from"), std::string::npos) << wrong;
}

}  // namespace
}  // namespace fairlead::http
