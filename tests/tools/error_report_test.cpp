// SPDX-License-Identifier: BSL-1.0
// The line of JSON that scripts read when a call failed.
#include "error_report.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include <string>

namespace fairlead::cli {
namespace {

using namespace std::chrono_literals;

const std::string url = "http://h/x";

boost::json::object object_of(const error& e) {
  return boost::json::parse(error_line(e, url)).get_object();
}

// The keys beside those that always stand.
std::string others(const error& e) {
  std::string out;
  for (const auto& [key, value] : object_of(e)) {
    const std::string_view k = key;
    if (k != "kind" && k != "stage" && k != "sent" && k != "message" && k != "attempts") {
      out += out.empty() ? "" : " ";
      out += k;
    }
  }
  return out;
}

TEST(ErrorLine, HasTheFiveKeysThatAlwaysStand) {
  const std::vector<error> all{errors::cancelled{}, errors::circuit_open{"b", {}},
                               errors::dns_failure{"h", "no"},
                               errors::http_error{url, 404, "", "", {}}};
  for (const auto& e : all) {
    const auto o = object_of(e);
    for (const auto* key : {"kind", "stage", "sent", "message", "attempts"}) {
      EXPECT_TRUE(o.contains(key)) << key;
    }
    EXPECT_EQ(o.at("kind").as_string(), to_string(e.kind()));
  }
}

TEST(ErrorLine, IsOneLineInAFixedOrder) {
  error e(errors::http_error{url, 503, "a\nb", "", 2s});
  e.at(error_stage::body).with_attempts(3);
  EXPECT_EQ(error_line(e, url),
            R"s({"kind":"http_error","stage":"body","sent":"answered","url":"http://h/x",)s"
            R"s("message":"http_error: status 503 from http://h/x, retry after 2 s, body: a?b )s"
            R"s([body] (after 3 attempts)","status":503,"body":"a\nb","retry_after_ms":2000,)s"
            R"s("attempts":3})s");
}

TEST(ErrorLine, HasWhatTheKindCarries) {
  EXPECT_EQ(others(errors::timeout{url, 50ms}), "url limit_ms");
  EXPECT_EQ(others(errors::deadline{url, 50ms}), "url limit_ms");
  EXPECT_EQ(others(errors::deadline{url}), "url");
  EXPECT_EQ(others(errors::dns_failure{"nosuch", "no"}), "url host");
  EXPECT_EQ(others(errors::connection_refused{url}), "url");
  EXPECT_EQ(others(errors::tls_failure{url, "expired"}), "url");
  EXPECT_EQ(others(errors::serialization_error{"m", "/a", "string", "5"}),
            "url pointer expected actual");
  EXPECT_EQ(others(errors::serialization_error{"m", "", "", ""}), "url pointer");
  EXPECT_EQ(others(errors::rate_limited{"r", 1s}), "url retry_after_ms");
  EXPECT_EQ(others(errors::cancelled{}), "url");
}

TEST(ErrorLine, NamesTheUrlThatWasCalledWhenTheErrorNamesSomethingElse) {
  EXPECT_EQ(object_of(errors::connection_refused{"127.0.0.1:80"}).at("url").as_string(), url);
  EXPECT_EQ(object_of(errors::connection_refused{"http://other/"}).at("url"), "http://other/");
  EXPECT_EQ(boost::json::parse(error_line(errors::connection_refused{"h:80"}, "")).at("url"),
            "h:80");
}

TEST(ErrorLine, LimitsAreInMilliseconds) {
  EXPECT_EQ(object_of(errors::timeout{url, 50ms}).at("limit_ms"), 50);
  EXPECT_EQ(object_of(errors::timeout{url, 1500us}).at("limit_ms"), 1.5);
}

TEST(ErrorLine, ACauseIsAnErrorOfItsOwn) {
  error e(errors::unavailable{"db", "in a pause", {}});
  e.with_cause(error(errors::connection_refused{"h:1"}).at(error_stage::connect));
  const auto o = object_of(e);
  EXPECT_EQ(o.at("cause").at("kind"), "connection_refused");
  EXPECT_EQ(o.at("cause").at("stage"), "connect");
}

TEST(ErrorLine, WhatCameFromAPeerIsMadeUtf8) {
  const auto o = object_of(errors::http_error{url, 500, "\xff\xfe", "", {}});
  EXPECT_EQ(o.at("body"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(ErrorText, IsOneLineWithoutControlCharacters) {
  const error e(errors::tls_failure{url, "bad\x1b[2J name"});
  EXPECT_EQ(error_text("get", e, false), "fairlead get: " + e.message());
  EXPECT_EQ(error_text("get", e, false).find('\x1b'), std::string::npos);
}

TEST(ErrorText, NamesTheOptionsOfTheCommandAndNotTheLibrarys) {
  const errors::tls_failure e{url, "trust it (ca_file, extra_ca_file)"};
  EXPECT_EQ(error_text("get", e, false),
            "fairlead get: tls_failure: http://h/x: trust it (--cacert)");
  EXPECT_EQ(object_of(e).at("message"), "tls_failure: http://h/x: trust it (--cacert)");
}

TEST(ErrorText, IsRedUpToTheKindWhereThereAreColours) {
  EXPECT_EQ(error_text("get", errors::connection_refused{url}, true),
            "fairlead get: \x1b[31mconnection_refused\x1b[0m: nobody listens at http://h/x");
}

TEST(ExitStatus, SaysWhoseFaultItWas) {
  EXPECT_EQ(exit_status_of(errors::cancelled{}), 130);
  EXPECT_EQ(exit_status_of(errors::invalid_url{"x", "y"}), 2);
  EXPECT_EQ(exit_status_of(errors::invalid_argument{"x", "y"}), 2);
  EXPECT_EQ(exit_status_of(error(errors::invalid_url{"x", "y"}).with_sent(error_sent::answered)),
            1);  // where a redirect led
  EXPECT_EQ(exit_status_of(errors::connection_refused{url}), 1);
  EXPECT_EQ(exit_status_of(errors::http_error{url, 404, "", "", {}}), 1);
}

}  // namespace
}  // namespace fairlead::cli
