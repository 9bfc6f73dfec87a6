// SPDX-License-Identifier: BSL-1.0
// Cross-origin requests, by the Fetch standard.
#include "support/server_answers.hpp"

#include <fairlead/http/cors.hpp>

#include <stdexcept>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

const std::string app = "https://app.example";

router routes(cors_options options) {
  router r;
  r.use(cors(std::move(options)));
  r.get("/x", [](context&) -> result<std::string> { return "x"; });
  r.put("/x", [](context&) -> result<std::string> { return "put"; });
  r.get("/gone", [](context&) -> result<std::string> {
    return fail(errors::application{"gone", "it was here"});
  });
  return r;
}

cors_options usual() {
  return cors_options()
      .origin(app)
      .origin("http://localhost:3000")
      .allow(method::put)
      .header("Authorization")
      .expose("X-Total");
}

std::string get(cors_options options, const std::string& headers,
                const std::string& target = "/x") {
  return answer_to(routes(std::move(options)), ask("GET", target, headers));
}

std::string preflight(cors_options options, const std::string& origin, const std::string& wanted,
                      const std::string& headers = {}) {
  auto text = "Origin: " + origin + "\r\nAccess-Control-Request-Method: " + wanted + "\r\n";
  if (!headers.empty()) {
    text += "Access-Control-Request-Headers: " + headers + "\r\n";
  }
  return answer_to(routes(std::move(options)), ask("OPTIONS", "/x", text));
}

TEST(Cors, SaysWhoMayRead) {
  const auto got = get(usual(), "Origin: " + app + "\r\n");
  EXPECT_EQ(header_of(got, "Access-Control-Allow-Origin"), app);
  EXPECT_EQ(header_of(got, "Access-Control-Expose-Headers"), "X-Total");
  EXPECT_EQ(header_of(got, "Access-Control-Allow-Credentials"), "-");
  EXPECT_EQ(header_of(got, "Vary"), "Origin");
  EXPECT_EQ(body_of(got), "x");
}

TEST(Cors, OthersAreAnsweredWithoutIt) {
  for (const auto* origin :
       {"https://evil.example", "https://app.example.evil.example", "https://APP.example",
        "http://app.example", "null", "https://app.example:8443", ""}) {
    const auto got = get(usual(), std::string("Origin: ") + origin + "\r\n");
    EXPECT_EQ(header_of(got, "Access-Control-Allow-Origin"), "-") << origin;
    EXPECT_EQ(header_of(got, "Access-Control-Expose-Headers"), "-") << origin;
    EXPECT_EQ(header_of(got, "Vary"), "Origin") << origin;
    EXPECT_EQ(body_of(got), "x");
  }
  const auto got = get(usual(), "");
  EXPECT_EQ(header_of(got, "Access-Control-Allow-Origin"), "-");
  EXPECT_EQ(header_of(got, "Vary"), "Origin") << "a cache must not give this to another origin";
}

TEST(Cors, CredentialsGoToNamedOriginsOnly) {
  const auto got = get(usual().credentials(), "Origin: " + app + "\r\n");
  EXPECT_EQ(header_of(got, "Access-Control-Allow-Origin"), app);
  EXPECT_EQ(header_of(got, "Access-Control-Allow-Credentials"), "true");
  const auto other = get(usual().credentials(), "Origin: https://evil.example\r\n");
  EXPECT_EQ(header_of(other, "Access-Control-Allow-Credentials"), "-");
  EXPECT_THROW(static_cast<void>(cors(cors_options().any_origin().credentials())),
               std::invalid_argument);
}

TEST(Cors, AnyOriginIsAStarThatVariesByNothing) {
  const auto got = get(cors_options().any_origin(), "Origin: https://whoever.example\r\n");
  EXPECT_EQ(header_of(got, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(header_of(got, "Vary"), "-");
}

TEST(Cors, ErrorsCanBeReadToo) {
  const auto got = get(usual(), "Origin: " + app + "\r\n", "/gone");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 410 ")) << got;
  EXPECT_EQ(header_of(got, "Access-Control-Allow-Origin"), app);
  const auto nowhere = get(usual(), "Origin: " + app + "\r\n", "/nowhere");
  EXPECT_TRUE(nowhere.starts_with("HTTP/1.1 404 ")) << nowhere;
  EXPECT_EQ(header_of(nowhere, "Access-Control-Allow-Origin"), app);
}

TEST(Cors, AnswersPreflights) {
  const auto got = preflight(usual().max_age(10min), app, "PUT", "content-type,  AUTHORIZATION ,");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 204 ")) << got;
  EXPECT_EQ(header_of(got, "Access-Control-Allow-Origin"), app);
  EXPECT_EQ(header_of(got, "Access-Control-Allow-Methods"), "GET, HEAD, POST, PUT");
  EXPECT_EQ(header_of(got, "Access-Control-Allow-Headers"), "Content-Type, Authorization");
  EXPECT_EQ(header_of(got, "Access-Control-Max-Age"), "600");
  EXPECT_EQ(header_of(got, "Allow"), "-") << "it is not the automatic answer";
  for (const auto* name :
       {"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}) {
    EXPECT_NE(got.find(std::string("Vary: ") + name + "\r\n"), std::string::npos) << name;
  }
}

TEST(Cors, RefusesWhatIsNotAllowed) {
  for (const auto& got :
       {preflight(usual(), "https://evil.example", "GET"), preflight(usual(), app, "DELETE"),
        preflight(usual(), app, "put"), preflight(usual(), app, "GET", "X-Other")}) {
    EXPECT_TRUE(got.starts_with("HTTP/1.1 403 ")) << got;
    EXPECT_NE(got.find("cors_refused"), std::string::npos);
    EXPECT_EQ(header_of(got, "Access-Control-Allow-Origin"), "-");
    EXPECT_EQ(header_of(got, "Access-Control-Allow-Methods"), "-");
  }
}

TEST(Cors, APlainOptionsIsNoPreflight) {
  const auto got = answer_to(routes(usual()), ask("OPTIONS", "/x", "Origin: " + app + "\r\n"));
  EXPECT_TRUE(got.starts_with("HTTP/1.1 204 ")) << got;
  EXPECT_EQ(header_of(got, "Allow"), "GET, HEAD, PUT, OPTIONS");
  EXPECT_EQ(header_of(got, "Access-Control-Allow-Origin"), app);
}

TEST(Cors, SaysEverythingThatIsWrongAtOnce) {
  auto options = cors_options()
                     .origin("https://app.example/")
                     .origin("app.example")
                     .origin("https://App.example")
                     .origin("*")
                     .origin("https://*.example")
                     .header("a b")
                     .expose("x\r\ny")
                     .max_age(-1s);
  EXPECT_EQ(options.problems().size(), 8u);
  EXPECT_EQ(cors_options().problems().size(), 1u);
  EXPECT_EQ(cors_options().any_origin().origin(app).problems().size(), 1u);
  EXPECT_TRUE(cors_options().origin("null").origin("http://[::1]:80").problems().empty());
}

}  // namespace
}  // namespace fairlead::http
