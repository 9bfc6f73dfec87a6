// SPDX-License-Identifier: BSL-1.0
// Errors that travel come back as themselves.
#include <fairlead/port/wire_error.hpp>

#include <gtest/gtest.h>

#include "every_error.hpp"

namespace fairlead {
namespace {

TEST(WireError, EveryKindComesBackWithItsData) {
  ASSERT_EQ(testing::every_error().size(), error_kind_count);
  for (const auto& e : testing::every_error()) {
    const auto back = from_wire(to_wire(e));
    ASSERT_TRUE(back) << to_wire(e);
    EXPECT_EQ(back->kind(), e.kind());
    EXPECT_EQ(back->message(), e.message());
    EXPECT_EQ(back->retry_after(), e.retry_after());
    EXPECT_EQ(back->status(), e.status());
    EXPECT_EQ(back->sent(), error_sent::answered);
  }
}

TEST(WireError, ReadsAsJson) {
  EXPECT_EQ(to_wire(errors::application{"unknown_user", "there is no user 9"}),
            R"({"error":{"kind":"application","code":"unknown_user",)"
            R"("message":"application: unknown_user: there is no user 9",)"
            R"("reason":"there is no user 9"}})");
}

TEST(WireError, OtherTextsAreNotErrors) {
  for (const auto* text :
       {"", "null", "{}", R"({"error":"text"})", R"({"error":{"code":"not_found"}})",
        R"({"error":{"kind":"of_its_own","code":"x","message":"y"}})", "<html>"}) {
    EXPECT_FALSE(from_wire(text)) << text;
  }
}

TEST(WireError, BytesThatAreNotTextStayBehind) {
  const error e = errors::http_error{"http://a/", 500, "\xff\xfe", "", std::nullopt};
  const auto back = from_wire(to_wire(e));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->kind(), error_kind::http_error);
}

}  // namespace
}  // namespace fairlead
