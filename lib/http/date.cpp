// SPDX-License-Identifier: BSL-1.0
// How it works: a cursor that eats the fixed pieces of each form in turn; the calendar of <chrono>
// does the arithmetic.
#include "detail/chars.hpp"

#include <fairlead/http/date.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace fairlead::http {

namespace {

namespace chr = std::chrono;
using wall_time = chr::system_clock::time_point;

constexpr std::array<std::string_view, 7> day_names = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_day_names = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr auto longest_wait = chr::hours(24 * 3650);

// Eats pieces from the front; once something did not fit, `ok` stays false.
class cursor {
 public:
  explicit cursor(std::string_view text) noexcept : rest_(text) {}

  void literal(std::string_view text) noexcept {
    if (rest_.starts_with(text)) {
      rest_.remove_prefix(text.size());
    } else {
      ok_ = false;
    }
  }
  template <std::size_t N>
  unsigned name(const std::array<std::string_view, N>& names) noexcept {
    for (std::size_t i = 0; i < N; ++i) {
      if (rest_.starts_with(names[i])) {
        rest_.remove_prefix(names[i].size());
        return static_cast<unsigned>(i);
      }
    }
    ok_ = false;
    return 0;
  }
  int number(std::size_t digits) noexcept {
    int n = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i >= rest_.size() || !detail::is_digit(rest_[i])) {
        ok_ = false;
        return 0;
      }
      n = n * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return n;
  }
  chr::seconds time_of_day() noexcept {
    const int h = number(2);
    literal(":");
    const int m = number(2);
    literal(":");
    const int s = number(2);
    ok_ = ok_ && h < 24 && m < 60 && s <= 60;  // 60 is a leap second
    return chr::hours(h) + chr::minutes(m) + chr::seconds(s);
  }
  [[nodiscard]] bool next_is(char c) const noexcept { return rest_.starts_with(c); }
  [[nodiscard]] bool done() const noexcept { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<wall_time> make(const cursor& c, int year, unsigned month, int day,
                              chr::seconds time) noexcept {
  const chr::year_month_day date{chr::year(year), chr::month(month + 1),
                                 chr::day(static_cast<unsigned>(day))};
  // Beyond these years the nanoseconds of system_clock overflow.
  if (!c.done() || !date.ok() || year < 1700 || year > 2250) {
    return std::nullopt;
  }
  return wall_time(chr::sys_days(date)) + time;
}

std::optional<wall_time> parse_fixed(std::string_view text) noexcept {
  cursor c(text);
  c.name(day_names);
  c.literal(", ");
  const int day = c.number(2);
  c.literal(" ");
  const auto month = c.name(month_names);
  c.literal(" ");
  const int year = c.number(4);
  c.literal(" ");
  const auto time = c.time_of_day();
  c.literal(" GMT");
  return make(c, year, month, day, time);
}

std::optional<wall_time> parse_rfc850(std::string_view text) noexcept {
  cursor c(text);
  c.name(long_day_names);
  c.literal(", ");
  const int day = c.number(2);
  c.literal("-");
  const auto month = c.name(month_names);
  c.literal("-");
  const int two_digits = c.number(2);
  c.literal(" ");
  const auto time = c.time_of_day();
  c.literal(" GMT");
  return make(c, two_digits < 70 ? 2000 + two_digits : 1900 + two_digits, month, day, time);
}

std::optional<wall_time> parse_asctime(std::string_view text) noexcept {
  cursor c(text);
  c.name(day_names);
  c.literal(" ");
  const auto month = c.name(month_names);
  c.literal(" ");
  int day = 0;
  if (c.next_is(' ')) {
    c.literal(" ");
    day = c.number(1);
  } else {
    day = c.number(2);
  }
  c.literal(" ");
  const auto time = c.time_of_day();
  c.literal(" ");
  const int year = c.number(4);
  return make(c, year, month, day, time);
}

void append_two(std::string& out, long n) {
  out += static_cast<char>('0' + n / 10);
  out += static_cast<char>('0' + n % 10);
}

}  // namespace

std::string format_date(wall_time at) {
  const auto day = chr::floor<chr::days>(at);
  const chr::year_month_day date(day);
  const chr::hh_mm_ss time(chr::floor<chr::seconds>(at - day));
  std::string out;
  out.reserve(29);
  out += day_names[chr::weekday(day).c_encoding()];
  out += ", ";
  append_two(out, static_cast<unsigned>(date.day()));
  out += ' ';
  out += month_names[static_cast<unsigned>(date.month()) - 1];
  out += ' ';
  append_two(out, static_cast<int>(date.year()) / 100);
  append_two(out, static_cast<int>(date.year()) % 100);
  out += ' ';
  append_two(out, time.hours().count());
  out += ':';
  append_two(out, time.minutes().count());
  out += ':';
  append_two(out, time.seconds().count());
  out += " GMT";
  return out;
}

std::optional<wall_time> parse_date(std::string_view text) noexcept {
  text = detail::trim(text);
  if (const auto fixed = parse_fixed(text)) {
    return fixed;
  }
  if (const auto old = parse_rfc850(text)) {
    return old;
  }
  return parse_asctime(text);
}

std::optional<duration> parse_retry_after(std::string_view text, wall_time now) noexcept {
  text = detail::trim(text);
  if (!text.empty() && std::all_of(text.begin(), text.end(), detail::is_digit)) {
    std::int64_t n = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), n);
    const auto most = chr::seconds(longest_wait).count();
    return duration(chr::seconds(parsed.ec == std::errc{} ? std::min(n, most) : most));
  }
  const auto at = parse_date(text);
  if (!at) {
    return std::nullopt;
  }
  const auto wait = chr::duration_cast<duration>(*at - now);
  return std::clamp<duration>(wait, duration::zero(), longest_wait);
}

}  // namespace fairlead::http
