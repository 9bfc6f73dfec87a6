// SPDX-License-Identifier: BSL-1.0
// The line of a transfer, and the table of a probe.
#include "progress.hpp"
#include "probe.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::cli {
namespace {

using namespace std::chrono_literals;

TEST(SizeText, HasThreeDigitsAtMost) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(999), "999 B");
  EXPECT_EQ(size_text(1000), "1.00 kB");
  EXPECT_EQ(size_text(12'345), "12.3 kB");
  EXPECT_EQ(size_text(999'400), "999 kB");
  EXPECT_EQ(size_text(999'600), "1.00 MB");
  EXPECT_EQ(size_text(1'500'000'000), "1.50 GB");
  EXPECT_EQ(size_text(UINT64_MAX), "18.4 EB");
}

TEST(ProgressLine, SaysHowFarHowFastAndHowLong) {
  progress_line line(time_point{});
  line.note(time_point{}, 0, 10'000'000);
  line.note(time_point{} + 1s, 2'500'000, 10'000'000);
  EXPECT_EQ(line.text(100),
            "[======                  ]  25 %  2.50 MB of 10.0 MB  2.50 MB/s  3 s left");
}

TEST(ProgressLine, LeavesTheBarOutWhereThereIsNoRoom) {
  progress_line line(time_point{});
  line.note(time_point{} + 1s, 0, 1000);
  line.note(time_point{} + 2s, 500, 1000);
  EXPECT_EQ(line.text(50).find('['), std::string::npos);
  EXPECT_LE(line.text(10).size(), 10U);
}

TEST(ProgressLine, CountsOnlyWhatThisTransferBrought) {
  progress_line line(time_point{});
  line.note(time_point{}, 9'000'000, 10'000'000);  // there already
  line.note(time_point{} + 1s, 9'100'000, 10'000'000);
  EXPECT_DOUBLE_EQ(line.speed(), 100'000);
}

TEST(ProgressLine, WithoutATotalTellsWhatThereIs) {
  progress_line line(time_point{});
  line.note(time_point{}, 0, 0);
  line.note(time_point{} + 2s, 4'000, 0);
  EXPECT_EQ(line.text(100), "4.00 kB  2.00 kB/s");
}

TEST(ProgressLine, SaysHundredPercentOnlyAtTheEnd) {
  progress_line line(time_point{});
  line.note(time_point{} + 1s, 999'999, 1'000'000);
  EXPECT_NE(line.text(100).find(" 99 %"), std::string::npos);
  line.note(time_point{} + 1s, 1'000'000, 1'000'000);
  EXPECT_NE(line.text(100).find("100 %"), std::string::npos);
  EXPECT_EQ(line.text(100).find("left"), std::string::npos);
}

TEST(ProgressLine, LongWaitsAreInMinutesAndHours) {
  progress_line line(time_point{});
  line.note(time_point{}, 0, 1'000'000);
  line.note(time_point{} + 1s, 5'000, 1'000'000);
  EXPECT_NE(line.text(100).find("3 min 19 s left"), std::string::npos);
  line.note(time_point{} + 1s, 5'000, 50'000'000);
  EXPECT_NE(line.text(100).find("2 h 46 min left"), std::string::npos);
}

TEST(ProgressLine, IsShownTenTimesASecond) {
  progress_line line(time_point{});
  EXPECT_TRUE(line.is_due(time_point{}));
  EXPECT_FALSE(line.is_due(time_point{} + 99ms));
  EXPECT_TRUE(line.is_due(time_point{} + 100ms));
}

probe_report report_of(std::chrono::system_clock::duration left) {
  probe_report r;
  r.url = "https://h/";
  r.host = "h";
  r.resolve = 1ms;
  r.addresses.push_back({"[::1]:443", 2ms, error(errors::connection_refused{"[::1]:443"})});
  r.addresses.push_back({"127.0.0.1:443", 3ms, std::nullopt});
  r.connected_to = "127.0.0.1:443";
  r.handshake = 4ms;
  r.at = std::chrono::system_clock::time_point(std::chrono::hours(24) * 10'000);
  net::tls_info t;
  t.version = "TLSv1.3";
  t.cipher = "X";
  t.verified = left > 0s;
  t.problem = t.verified ? "" : "expired";
  net::certificate_info leaf;
  leaf.subject = "CN=h\x1b[2J";
  leaf.issuer = "CN=ca";
  leaf.names = {"h"};
  leaf.not_before = r.at - 24h;
  leaf.not_after = r.at + left;
  t.chain.push_back(leaf);
  r.tls = t;
  r.total = 10ms;
  return r;
}

TEST(ProbeText, IsATableWithoutControlCharacters) {
  EXPECT_EQ(probe_text(report_of(25h), false),
            "resolve            1 ms  h: 2 addresses\n"
            "connect            2 ms  [::1]:443: connection_refused: nobody listens at [::1]:443\n"
            "connect            3 ms  127.0.0.1:443\n"
            "tls                4 ms  TLSv1.3, X, no ALPN\n"
            "certificate              CN=h\\u001b[2J\n"
            "                         for h\n"
            "                         until 1997-05-20T01:00:00Z, 1 day left\n"
            "                         signed by CN=ca\n"
            "verified                 yes\n"
            "total             10 ms\n");
}

TEST(ProbeText, WhatIsWrongIsRedWhereThereAreColours) {
  const auto text = probe_text(report_of(-1h), true);
  EXPECT_NE(text.find("\x1b[31mexpired 1997-05-18T23:00:00Z\x1b[0m"), std::string::npos);
  EXPECT_NE(text.find("\x1b[31mno: expired\x1b[0m"), std::string::npos);
}

TEST(ProbeObject, CountsDaysTowardsThePast) {
  const auto days = [](std::chrono::system_clock::duration left) {
    const auto o = probe_object(report_of(left));
    return o.at("tls").at("chain").at(0).at("days_left").as_int64();
  };
  EXPECT_EQ(days(25h), 1);
  EXPECT_EQ(days(23h), 0);
  EXPECT_EQ(days(-1h), -1);
}

}  // namespace
}  // namespace fairlead::cli
