// SPDX-License-Identifier: BSL-1.0
// Pages of metrics, as programs of any kind write them.
#include "metrics_text.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace fairlead::cli {
namespace {

TEST(MetricsText, ReadsNamesLabelsAndNumbers) {
  const auto read = read_metrics(
      "# HELP up Whether.\n"
      "# TYPE up gauge\n"
      "up 1\n"
      "\n"
      "a_total{x=\"1\",y=\"two words\"} 2.5e3 1700000000000\r\n"
      "h_bucket{le=\"+Inf\"} 7 # {trace_id=\"abc\"} 0.5\n"
      "odd{path=\"a\\\"b\\\\c\\nd\",} -Inf\n"
      "none{} NaN\n"
      "# EOF\n");
  ASSERT_TRUE(read) << read.error();
  ASSERT_EQ(read->size(), 5U);
  EXPECT_EQ((*read)[0].name, "up");
  EXPECT_EQ((*read)[0].value, 1);
  EXPECT_EQ((*read)[1].labels.at("y"), "two words");
  EXPECT_EQ((*read)[1].value, 2500);
  EXPECT_EQ((*read)[2].labels.at("le"), "+Inf");
  EXPECT_EQ((*read)[2].value, 7);
  EXPECT_EQ((*read)[3].labels.at("path"), "a\"b\\c\nd");
  EXPECT_TRUE(std::isinf((*read)[3].value));
  EXPECT_TRUE((*read)[4].labels.empty());
  EXPECT_TRUE(std::isnan((*read)[4].value));
  EXPECT_TRUE(read_metrics("")->empty());
}

TEST(MetricsText, SaysWhichLineIsNone) {
  EXPECT_EQ(read_metrics("up 1\n<html>\n").error(), "line 2 is no metric: \"<html>\"");
  for (const auto* text : {"up", "up one", "up{x} 1", "up{x=1} 1", "up{x=\"1} 1", "up{x=\"1\"",
                           "up{x=\"1\"y=\"2\"} 1", "up{=\"1\"} 1", "{} 1"}) {
    EXPECT_FALSE(read_metrics(text)) << text;
  }
}

}  // namespace
}  // namespace fairlead::cli
