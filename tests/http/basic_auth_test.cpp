// SPDX-License-Identifier: BSL-1.0
// Name and password.
#include "support/server_answers.hpp"

#include <fairlead/http/basic_auth.hpp>
#include <fairlead/http/from_request.hpp>

#include <stdexcept>

namespace fairlead::http {
namespace {

using namespace fairlead::testing;

std::string with(const std::string& headers) {
  router r;
  r.use(basic_auth("the shop", [](std::string_view user, std::string_view password) {
    return user == "Aladdin" && equal_in_constant_time(password, "open:sesame");
  }));
  r.get("/x",
        [](context&, from_middleware<basic_user> who) -> result<std::string> { return who->name; });
  return answer_to(std::move(r), ask("GET", "/x", headers));
}

TEST(BasicAuth, LetsInWhoIsKnown) {
  // "Aladdin:open:sesame"
  EXPECT_EQ(body_of(with("Authorization: Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ==\r\n")), "Aladdin");
  EXPECT_EQ(body_of(with("authorization: bAsIc  QWxhZGRpbjpvcGVuOnNlc2FtZQ==\r\n")), "Aladdin");
}

TEST(BasicAuth, AsksEverybodyElse) {
  for (const auto* headers : {
           "",
           "Authorization: Basic\r\n",
           "Authorization: Basic \r\n",
           "Authorization: Basic QWxhZGRpbjpvcGVuc2VzYW1l\r\n",    // another password
           "Authorization: Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ\r\n",  // without its padding
           "Authorization: Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ==!\r\n",
           "Authorization: Basic QWxhZGRpbg==\r\n",  // without a colon
           "Authorization: Basic ====\r\n",
           "Authorization: Bearer QWxhZGRpbjpvcGVuOnNlc2FtZQ==\r\n",
           "Authorization: Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ==\r\nAuthorization: x\r\n",
       }) {
    const auto got = with(headers);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 401 ")) << headers;
    EXPECT_EQ(header_of(got, "WWW-Authenticate"), "Basic realm=\"the shop\", charset=\"UTF-8\"");
    EXPECT_EQ(got.find("Aladdin"), std::string::npos);
  }
}

TEST(BasicAuth, MistakesAreSaidAtOnce) {
  const auto anybody = [](std::string_view, std::string_view) { return true; };
  EXPECT_THROW(static_cast<void>(basic_auth("a\"b", anybody)), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(basic_auth("a\r\nb", anybody)), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(basic_auth("a", {})), std::invalid_argument);
}

TEST(EqualInConstantTime, Compares) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace fairlead::http
