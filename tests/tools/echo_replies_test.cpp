// SPDX-License-Identifier: BSL-1.0
// What `fairlead echo` answers, and what of a reply `fairlead send` takes for an error.
#include "echo_replies.hpp"
#include "send_lines.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include <string>

namespace fairlead::cli {
namespace {

TEST(JsonlReply, GivesIdAndPayloadBack) {
  EXPECT_EQ(jsonl_reply(R"({"_id":"a-1","_payload":{"x":[1,2.5,null]}})"),
            R"({"_id":"a-1","_status":"ok","_payload":{"x":[1,2.5,null]}})");
  EXPECT_EQ(jsonl_reply(R"({"_payload":null,"_id":7})"),
            R"({"_id":7,"_status":"ok","_payload":null})");
  EXPECT_EQ(jsonl_reply(R"({"_payload":1})"), R"({"_status":"ok","_payload":1})");
}

TEST(JsonlReply, TakesAnObjectWithoutPayloadAsThePayload) {
  EXPECT_EQ(jsonl_reply(R"({"x":1})"), R"({"_status":"ok","_payload":{"x":1}})");
  EXPECT_EQ(jsonl_reply("{}"), R"({"_status":"ok","_payload":{}})");
}

TEST(JsonlReply, TellsWhatIsWrongWithARequest) {
  EXPECT_EQ(jsonl_reply("[1]"), R"({"_status":"error","_error_type":"error",)"
                                R"("_message":"a request is a JSON object"})");
  EXPECT_TRUE(jsonl_reply("{x").starts_with(
      R"({"_status":"error","_error_type":"parse_error","_message":"invalid JSON at line 1)"));
  EXPECT_EQ(jsonl_error(R"({"_id":5})", "service_error", "no"),
            R"({"_id":5,"_status":"error","_error_type":"service_error","_message":"no"})");
  EXPECT_EQ(jsonl_error("x", "timeout", "no"),
            R"({"_status":"error","_error_type":"timeout","_message":"no"})");
}

TEST(JsonlReply, ErrorsAreToldAsErrors) {
  EXPECT_FALSE(told_error(R"({"_status":"ok"})"));
  EXPECT_FALSE(told_error("text"));
  EXPECT_FALSE(told_error("[]"));
  EXPECT_FALSE(told_error(R"({"_status":5})"));
  const auto e = told_error(jsonl_error("", "service_error", "no"));
  ASSERT_TRUE(e);
  EXPECT_EQ(e->get<errors::application>()->code, "service_error");
  EXPECT_EQ(e->get<errors::application>()->message, "no");
  EXPECT_EQ(e->sent(), error_sent::answered);
}

boost::json::value http_echo(const http::request& r) {
  return boost::json::parse(http_reply(r).body());
}

TEST(HttpReply, HasAllOfARequest) {
  const auto seen = http_echo(http::request(http::method::put, "/a%20b?x=1&y=%C3%A9+z&x=2&flag")
                                  .header("Content-Type", "application/json; charset=utf-8")
                                  .header("X-A", "1")
                                  .body(R"({"k":[1]})"));
  EXPECT_EQ(seen, boost::json::parse(R"({"method":"PUT","path":"/a%20b",
      "query":{"x":["1","2"],"y":"é z","flag":""},
      "headers":{"Content-Type":"application/json; charset=utf-8","X-A":"1"},
      "body":{"k":[1]}})"));
}

TEST(HttpReply, BodiesAreJsonTextOrBase64) {
  const auto body_of = [](const char* type, std::string body) {
    auto r = http::request(http::method::post, "/").body(std::move(body));
    r.header("Content-Type", type);
    return http_echo(r).at("body");
  };
  EXPECT_EQ(body_of("text/plain", "[1]"), "[1]");
  EXPECT_EQ(body_of("application/problem+json", "[1]"), boost::json::parse("[1]"));
  EXPECT_EQ(body_of("application/json", "{bad"), "{bad");
  EXPECT_EQ(body_of("application/json", ""), nullptr);
  const auto seen = http_echo(http::request(http::method::post, "/").body("\xff\x00x"));
  EXPECT_EQ(seen.at("body"), nullptr);
  EXPECT_EQ(seen.at("body_base64"), "/w==");
}

TEST(HttpReply, HeadersOfOneNameStandTogether) {
  auto r = http::request(http::method::get, "/");
  r.headers().add("Accept", "a").add("accept", "b").add("Accept", "c");
  const auto seen = http_echo(r).at("headers").as_object();
  EXPECT_EQ(seen.at("Accept"), "a, c");
}

TEST(TextsToSend, AreThoseOfTheQueryThenTheLinesOfTheBody) {
  using texts = std::vector<std::string>;
  EXPECT_EQ(texts_to_send(http::request(http::method::get, "/?data=a&x=y&data=b+c&data=")),
            (texts{"a", "b c", ""}));
  EXPECT_EQ(texts_to_send(http::request(http::method::post, "/?data=a").body("b\r\n\nc")),
            (texts{"a", "b", "", "c"}));
  EXPECT_TRUE(texts_to_send(http::request(http::method::get, "/")).empty());
}

TEST(Base64, IsThatOfTheStandard) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace fairlead::cli
