// SPDX-License-Identifier: BSL-1.0
#include "civil_time.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace fairlead::observe::detail {

std::string timestamp(std::chrono::system_clock::time_point at) {
  using namespace std::chrono;
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(floor<microseconds>(at - day));
  char text[64];
  const int n = std::snprintf(
      text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {text, static_cast<std::size_t>(n)};
}

std::string time_of_day(std::chrono::system_clock::time_point at) {
  auto whole = timestamp(at);
  const auto t = whole.find('T');
  return whole.substr(t + 1, 12);
}

std::string short_duration(std::chrono::nanoseconds d) {
  constexpr std::array<std::string_view, 4> units{" ns", " us", " ms", " s"};
  auto value = static_cast<double>(d.count());
  std::size_t unit = 0;
  while (std::abs(value) >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  const int digits = unit == 0 || std::abs(value) >= 99.95 ? 0 : std::abs(value) >= 9.995 ? 1 : 2;
  const int n = std::snprintf(text, sizeof(text), "%.*f", digits, value);
  std::string out(text, static_cast<std::size_t>(n));
  out += units[unit];
  return out;
}

}  // namespace fairlead::observe::detail
