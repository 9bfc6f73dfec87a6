// SPDX-License-Identifier: BSL-1.0
#include "expect.hpp"

#include <chrono>

namespace fairlead::json {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_seconds;
using millis = std::chrono::sys_time<std::chrono::milliseconds>;
using nanos = std::chrono::sys_time<std::chrono::nanoseconds>;

sys_seconds at(std::int64_t seconds) {
  return sys_seconds(std::chrono::seconds(seconds));
}

TEST(JsonTimestamp, IsWrittenInUtcWithTheDigitsItNeeds) {
  EXPECT_EQ(encoded(at(0)), "\"1970-01-01T00:00:00Z\"");
  EXPECT_EQ(encoded(at(1709209800)), "\"2024-02-29T12:30:00Z\"");
  EXPECT_EQ(encoded(at(-1)), "\"1969-12-31T23:59:59Z\"");
  EXPECT_EQ(encoded(millis(1ms)), "\"1970-01-01T00:00:00.001Z\"");
  EXPECT_EQ(encoded(millis(-1ms)), "\"1969-12-31T23:59:59.999Z\"");
  EXPECT_EQ(encoded(nanos(1ns)), "\"1970-01-01T00:00:00.000000001Z\"");
  EXPECT_EQ(encoded(nanos(5us)), "\"1970-01-01T00:00:00.000005Z\"");
  EXPECT_EQ(encoded(nanos(250ms)), "\"1970-01-01T00:00:00.250Z\"");
}

TEST(JsonTimestamp, IsReadInEveryFormOfRfc3339) {
  EXPECT_EQ(decoded<sys_seconds>("\"2024-02-29T12:30:00Z\""), at(1709209800));
  EXPECT_EQ(decoded<sys_seconds>("\"2024-02-29t12:30:00z\""), at(1709209800));
  EXPECT_EQ(decoded<sys_seconds>("\"2024-02-29 12:30:00Z\""), at(1709209800));
  EXPECT_EQ(decoded<sys_seconds>("\"2024-02-29T13:30:00+01:00\""), at(1709209800));
  EXPECT_EQ(decoded<sys_seconds>("\"2024-02-29T07:00:00-05:30\""), at(1709209800));
  EXPECT_EQ(decoded<millis>("\"1970-01-01T00:00:00.5Z\""), millis(500ms));
  EXPECT_EQ(decoded<millis>("\"1970-01-01T00:00:00.0019999999999999Z\""), millis(1ms));
  EXPECT_EQ(decoded<nanos>("\"1970-01-01T00:00:00.123456789123Z\""), nanos(123456789ns));
  EXPECT_EQ(decoded<sys_seconds>("\"1990-12-31T23:59:60Z\""), at(662688000));
}

TEST(JsonTimestamp, RefusesWhatIsNone) {
  for (const std::string bad :
       {"", "2024", "2024-02-29", "2024-02-29T12:30:00", "2024-02-30T12:30:00Z",
        "2023-02-29T12:30:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z",
        "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z",
        "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+0100",
        "2024-01-01T00:00:00Zx", "02024-01-01T00:00:00Z", "2024-1-01T00:00:00Z",
        "+024-01-01T00:00:00Z"}) {
    EXPECT_EQ(refusal<sys_seconds>('"' + bad + '"'),
              "|wrong format|RFC 3339 timestamp|\"" + bad + "\"");
  }
  EXPECT_EQ(refusal<sys_seconds>("0"), "|wrong type|RFC 3339 timestamp|0");
}

TEST(JsonTimestamp, DoesNotWrapAround) {
  EXPECT_EQ(refusal<nanos>("\"9999-12-31T23:59:59Z\""),
            "|wrong format|RFC 3339 timestamp|\"9999-12-31T23:59:59Z\"");
  EXPECT_EQ(decoded<nanos>(encoded(nanos::max())), nanos::max());
  EXPECT_EQ(decoded<nanos>(encoded(nanos::min())), nanos::min());
  EXPECT_EQ(encoded(nanos::max()), "\"2262-04-11T23:47:16.854775807Z\"");
  EXPECT_EQ(encoded(at(253402300799)), "\"9999-12-31T23:59:59Z\"");
  EXPECT_EQ(facts(encode(at(253402300800))),
            "|out of range|time in the years 0 to 9999|253402300800 ticks");
  EXPECT_EQ(encoded(at(-62167219200)), "\"0000-01-01T00:00:00Z\"");
  EXPECT_FALSE(encode(at(-62167219201)));
}

TEST(JsonTimestamp, ReadsBackWhatItWrote) {
  for (std::int64_t t = -90'000'000'000; t < 4'000'000'000; t += 86'399'777) {
    if (t >= -62167219200) {
      EXPECT_EQ(decoded<sys_seconds>(encoded(at(t))), at(t));
    }
  }
}

}  // namespace
}  // namespace fairlead::json
