// SPDX-License-Identifier: BSL-1.0
// The router alone: precedence, parameters, and what it refuses to register.
#include "detail/message_access.hpp"

#include <fairlead/http/router.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace fairlead::http {
namespace {

// A handler that does nothing.
task<result<response>> nothing(context& /*cx*/, const request& /*r*/) {
  co_return response();
}

router table(std::initializer_list<const char*> patterns) {
  router r;
  for (const auto* p : patterns) {
    r.get(p, &nothing);
  }
  return r;
}

// "pattern" and the parameters, "a=1;b=2", or why there is none.
std::string matched(const router& r, const std::string& target, method m = method::get) {
  request q(m, target);
  const auto found = r.match(q);
  switch (found.what) {
    case router::outcome::found:
      break;
    case router::outcome::not_found:
      return "404";
    case router::outcome::method_not_allowed:
      return "405 " + std::string(found.allow);
    case router::outcome::options:
      return "options " + std::string(found.allow);
    case router::outcome::bad_path:
      return "400";
  }
  std::string out(found.pattern);
  for (std::size_t i = 0; i < q.param_count(); ++i) {
    out += " " + std::string(q.param(i));
  }
  return out;
}

TEST(Router, MatchesTextAndParameters) {
  const auto r = table({"/", "/users", "/users/{id}", "/users/{id}/orders/{order}"});
  EXPECT_EQ(matched(r, "/"), "/");
  EXPECT_EQ(matched(r, "/users"), "/users");
  EXPECT_EQ(matched(r, "/users?x=/a/b"), "/users");
  EXPECT_EQ(matched(r, "/users/7"), "/users/{id} 7");
  EXPECT_EQ(matched(r, "/users/7/orders/a%2Fb"), "/users/{id}/orders/{order} 7 a/b");
  EXPECT_EQ(matched(r, "/users/"), "404");
  EXPECT_EQ(matched(r, "//users"), "404");
  EXPECT_EQ(matched(r, "/Users"), "404");
  EXPECT_EQ(matched(r, "/users/7/orders"), "404");
}

TEST(Router, NamesParameters) {
  const auto r = table({"/a/{first}/b/{second}"});
  request q(method::get, "/a/1/b/2");
  ASSERT_EQ(r.match(q).what, router::outcome::found);
  EXPECT_EQ(q.param_name(0), "first");
  EXPECT_EQ(q.param("first"), "1");
  EXPECT_EQ(q.param("second"), "2");
  EXPECT_FALSE(q.param("third"));
}

TEST(Router, PrefersTextThenIntegersThenAnythingThenTheRest) {
  const std::initializer_list<const char*> all = {"/x/{rest...}", "/x/{any}", "/x/{n:int}",
                                                  "/x/text"};
  const auto r = table(all);
  EXPECT_EQ(matched(r, "/x/text"), "/x/text");
  EXPECT_EQ(matched(r, "/x/42"), "/x/{n:int} 42");
  EXPECT_EQ(matched(r, "/x/-42"), "/x/{n:int} -42");
  EXPECT_EQ(matched(r, "/x/4x"), "/x/{any} 4x");
  EXPECT_EQ(matched(r, "/x/99999999999999999999"), "/x/{any} 99999999999999999999");
  EXPECT_EQ(matched(r, "/x/a/b"), "/x/{rest...} a/b");
  EXPECT_EQ(matched(r, "/x/"), "/x/{rest...} ");
}

TEST(Router, ComesBackFromABranchThatLeadsNowhere) {
  const auto r = table({"/a/b/c", "/a/{x}/d", "/{y...}"});
  EXPECT_EQ(matched(r, "/a/b/c"), "/a/b/c");
  EXPECT_EQ(matched(r, "/a/b/d"), "/a/{x}/d b");
  EXPECT_EQ(matched(r, "/a/b/e"), "/{y...} a/b/e");
}

TEST(Router, TheRestMayBeEmpty) {
  const auto r = table({"/files/{path...}"});
  EXPECT_EQ(matched(r, "/files/"), "/files/{path...} ");
  EXPECT_EQ(matched(r, "/files"), "404");
  EXPECT_EQ(matched(r, "/files/a//b%20c/"), "/files/{path...} a//b c/");
}

TEST(Router, KnowsMethods) {
  router r;
  r.get("/x", &nothing).post("/x", &nothing).del("/y", &nothing);
  EXPECT_EQ(matched(r, "/x", method::post), "/x");
  EXPECT_EQ(matched(r, "/x", method::head), "/x");
  EXPECT_EQ(matched(r, "/x", method::put), "405 GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(matched(r, "/x", method::options), "options GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(matched(r, "/y", method::head), "405 DELETE, OPTIONS");
  EXPECT_EQ(matched(r, "/z", method::options), "404");
}

TEST(Router, AnotherPatternMayHaveTheMethod) {
  router r;
  r.get("/x/text", &nothing).put("/x/{any}", &nothing);
  EXPECT_EQ(matched(r, "/x/text", method::put), "/x/{any} text");
  EXPECT_EQ(matched(r, "/x/text", method::post), "405 GET, HEAD, OPTIONS");
}

TEST(Router, RefusesBadPaths) {
  const auto r = table({"/{x...}"});
  for (const auto* path :
       {"/.", "/..", "/a/../b", "/%2e%2e/b", "/.%2E", "/%", "/%4", "/%4x", "/%00", "", "x", "*"}) {
    EXPECT_EQ(matched(r, path), "400") << path;
  }
  EXPECT_EQ(matched(r, "/..."), "/{x...} ...");
  EXPECT_EQ(matched(r, "/a.."), "/{x...} a..");
}

TEST(Router, DecodesOnce) {
  const auto r = table({"/{x}"});
  EXPECT_EQ(matched(r, "/%2541"), "/{x} %41");
}

std::string refusal(const char* pattern) {
  try {
    router().get(pattern, &nothing);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Router, RefusesMalformedPatterns) {
  EXPECT_EQ(refusal("users"), "http::router: \"users\": a pattern starts with \"/\"");
  EXPECT_EQ(refusal("/a{id}"),
            "http::router: \"/a{id}\": a parameter must be a whole segment, e.g. \"/{id}\"");
  EXPECT_EQ(refusal("/{}"),
            "http::router: \"/{}\": a parameter needs a name of letters, digits, \"_\" and \"-\"");
  EXPECT_EQ(refusal("/{id:uuid}"),
            "http::router: \"/{id:uuid}\": the only type of a parameter is \":int\"");
  EXPECT_EQ(refusal("/{a}/{a}"), "http::router: \"/{a}/{a}\": two parameters are called a");
  EXPECT_EQ(refusal("/{a...}/b"),
            "http::router: \"/{a...}/b\": \"{name...}\" takes the rest of the path, so it must be "
            "last");
  EXPECT_NE(refusal("/a?b").find("without query"), std::string::npos);
}

TEST(Router, RefusesConflicts) {
  router r;
  r.get("/users/{id}", &nothing);
  r.post("/users/{name}", &nothing);
  try {
    r.get("/users/{other}", &nothing);
    FAIL() << "no exception";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "http::router: \"/users/{other}\": GET is taken by \"/users/{id}\"");
  }
  EXPECT_EQ(r.routes().size(), 2u);
  EXPECT_EQ(matched(r, "/users/1", method::post), "/users/{name} 1");
}

TEST(Router, RefusesHandlersThatTakeMoreThanThePatternHas) {
  router r;
  EXPECT_THROW(r.get("/users/{id}", [](context&, int, int) { return result<void>(); }),
               std::invalid_argument);
  r.get("/users/{id}", [](context&) { return result<void>(); });
  EXPECT_EQ(r.routes().front(), "GET /users/{id}");
}

TEST(Router, PathsOfManySegmentsTakeNoMoreMemoryThanPatternsNeed) {
  const auto r = table({"/", "/files/{rest...}", "/a/{b}/c"});
  std::string slashes(16'000, '/');
  EXPECT_EQ(matched(r, slashes), "404");
  EXPECT_EQ(matched(r, "/a/b/c/d"), "404");
  EXPECT_EQ(matched(r, "/a/b/c" + slashes), "404");
  EXPECT_EQ(matched(r, slashes + ".."), "400") << "a segment beyond all patterns is checked, too";
  const std::string rest = "x" + slashes + "y";
  EXPECT_EQ(matched(r, "/files/" + rest), "/files/{rest...} " + rest);
  request q(method::get, "/files" + slashes);
  EXPECT_EQ(r.match(q).what, router::outcome::found);
  EXPECT_LE(request_access{q}.pieces().capacity(), 8u);
}

}  // namespace
}  // namespace fairlead::http
