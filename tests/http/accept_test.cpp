// SPDX-License-Identifier: BSL-1.0
// How welcome a media type is to a client.
#include "detail/accept.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace fairlead::http::detail {

static bool operator==(const welcome& a, const welcome& b) {
  return a.by == b.by && a.weight == b.weight;
}
static std::ostream& operator<<(std::ostream& out, const welcome& w) {
  return out << static_cast<int>(w.by) << " at " << w.weight;
}

namespace {

using range = welcome::range;

welcome of(std::string_view accept) {
  headers h;
  h.add("Accept", accept);
  return welcome_of(h, "text/plain", "0.0.4");
}

TEST(Accept, TakesThePrecisestRange) {
  EXPECT_EQ(of("text/plain"), (welcome{range::name, 1000}));
  EXPECT_EQ(of("TEXT/Plain;q=0.3"), (welcome{range::name, 300}));
  EXPECT_EQ(of("text/*;q=0.5"), (welcome{range::type, 500}));
  EXPECT_EQ(of("*/*"), (welcome{range::anything, 1000}));
  EXPECT_EQ(of("*/*, text/*;q=0.5, text/plain;q=0.1"), (welcome{range::name, 100}));
  EXPECT_EQ(of("text/plain;q=0, */*"), (welcome{range::name, 0}));
  EXPECT_EQ(of("text/plain;q=0.2,text/plain;version=0.0.4;q=0.1"), (welcome{range::version, 100}));
  EXPECT_EQ(of("text/plain;q=0.2,text/plain;q=0.7"), (welcome{range::name, 700}));
}

TEST(Accept, FitsNoOther) {
  for (const auto* other : {"text/html", "application/*", "text/plain;version=1.0.0", "text", "*",
                            "text/plainer", "tex/*", "te*/*", "text*", ""}) {
    EXPECT_EQ(of(other), (welcome{range::none, 0})) << other;
  }
}

TEST(Accept, LooksAtTheVersionAlone) {
  EXPECT_EQ(of("text/plain; version=0.0.4; charset=utf-8; q=0.4"), (welcome{range::version, 400}));
  EXPECT_EQ(of("text/plain;version=\"0.0.4\""), (welcome{range::version, 1000}));
  EXPECT_EQ(of("text/plain;escaping=allow-utf-8;q=0.6"), (welcome{range::name, 600}));
  EXPECT_EQ(of("a/b;x=\"1,text/plain\";q=0.9,text/plain;q=0.1"), (welcome{range::name, 100}));
  EXPECT_EQ(of("a/b;x=\"\\\",\",text/plain;q=0.1"), (welcome{range::name, 100}));
}

TEST(Accept, LeavesOutWhatIsMalformed) {
  for (const auto* bad : {"text/plain;q=2", "text/plain;q=x", "text/plain;q=", "text/plain;",
                          "text/plain;q=0.1234", "text/plain q=1", "text/plain;x=\"1"}) {
    EXPECT_EQ(of(bad), (welcome{range::none, 0})) << bad;
    EXPECT_EQ(of("*/*;q=0.1," + std::string(bad)), (welcome{range::anything, 100})) << bad;
  }
  EXPECT_EQ(of(" , ,text/plain, ,"), (welcome{range::name, 1000}));
}

TEST(Accept, JoinsLinesAndDoesWithoutAny) {
  headers h;
  EXPECT_EQ(welcome_of(h, "text/plain", ""), (welcome{range::anything, 1000}));
  h.add("Accept", "text/html").add("X-Other", "text/plain").add("accept", "text/plain;q=0.5");
  EXPECT_EQ(welcome_of(h, "text/plain", ""), (welcome{range::name, 500}));
  EXPECT_EQ(welcome_of(h, "text/html", ""), (welcome{range::name, 1000}));
}

}  // namespace
}  // namespace fairlead::http::detail
