// SPDX-License-Identifier: BSL-1.0
#include "timestamp.hpp"

#include <chrono>

namespace fairlead::json::detail {

namespace {

namespace cal = std::chrono;

// Takes digits and separators off the front of a text.
class scanner {
 public:
  explicit scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  int digits(std::size_t n) {
    int value = 0;
    for (std::size_t i = 0; i < n; ++i) {
      value = value * 10 + digit();
    }
    return value;
  }
  int digit() {
    const char c = peek();
    if (c < '0' || c > '9') {
      good_ = false;
      return 0;
    }
    rest_.remove_prefix(1);
    return c - '0';
  }
  void expect(std::string_view any_of) {
    good_ = good_ && !at_end() && any_of.find(peek()) != std::string_view::npos;
    skip();
  }
  void skip() {
    if (!rest_.empty()) {
      rest_.remove_prefix(1);
    }
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

char* put(char* out, std::int64_t value, int width) noexcept {
  for (int i = width - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + width;
}

}  // namespace

std::optional<std::int64_t> parse_timestamp(std::string_view text,
                                            std::uint32_t per_second) noexcept {
  scanner in(text);
  const int year = in.digits(4);
  in.expect("-");
  const int month = in.digits(2);
  in.expect("-");
  const int day = in.digits(2);
  in.expect("Tt ");
  const int hour = in.digits(2);
  in.expect(":");
  const int minute = in.digits(2);
  in.expect(":");
  const int second = in.digits(2);
  std::int64_t nanos = 0;
  if (in.good() && in.peek() == '.') {
    in.skip();
    int digits = 0;
    do {
      const int digit = in.digit();
      if (digits < 9) {
        nanos = nanos * 10 + digit;
        ++digits;
      }
    } while (in.peek() >= '0' && in.peek() <= '9');
    for (; digits < 9; ++digits) {
      nanos *= 10;
    }
  }
  int offset = 0;
  if (in.peek() == '+' || in.peek() == '-') {
    const int sign = in.peek() == '+' ? 1 : -1;
    in.skip();
    const int hours = in.digits(2);
    in.expect(":");
    const int minutes = in.digits(2);
    if (hours > 23 || minutes > 59) {
      return std::nullopt;
    }
    offset = sign * (hours * 60 + minutes);
  } else {
    in.expect("Zz");
  }
  const cal::year_month_day date(cal::year(year), cal::month(static_cast<unsigned>(month)),
                                 cal::day(static_cast<unsigned>(day)));
  if (!in.good() || !in.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  const std::int64_t days = cal::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + hour * 3600 + (minute - offset) * 60 + second;
  const std::int64_t fraction = nanos / (1'000'000'000 / per_second);
  std::int64_t ticks = 0;
  if (seconds < 0 && fraction > 0) {  // so that the last moments of the range do not overflow
    if (__builtin_mul_overflow(seconds + 1, std::int64_t{per_second}, &ticks) ||
        __builtin_add_overflow(ticks, fraction - std::int64_t{per_second}, &ticks)) {
      return std::nullopt;
    }
    return ticks;
  }
  if (__builtin_mul_overflow(seconds, std::int64_t{per_second}, &ticks) ||
      __builtin_add_overflow(ticks, fraction, &ticks)) {
    return std::nullopt;
  }
  return ticks;
}

char* format_timestamp(char* out, std::int64_t ticks, std::uint32_t per_second) noexcept {
  const std::int64_t per = per_second;
  std::int64_t seconds = ticks / per;
  std::int64_t fraction = ticks % per;
  if (fraction < 0) {
    fraction += per;
    --seconds;
  }
  std::int64_t days = seconds / 86400;
  std::int64_t rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  if (days < -719528 || days > 2932896) {  // 0000-01-01 and 9999-12-31
    return nullptr;
  }
  const cal::year_month_day date{cal::sys_days(cal::days(days))};
  out = put(out, static_cast<int>(date.year()), 4);
  *out++ = '-';
  out = put(out, static_cast<unsigned>(date.month()), 2);
  *out++ = '-';
  out = put(out, static_cast<unsigned>(date.day()), 2);
  *out++ = 'T';
  out = put(out, rest / 3600, 2);
  *out++ = ':';
  out = put(out, rest / 60 % 60, 2);
  *out++ = ':';
  out = put(out, rest % 60, 2);
  if (fraction > 0) {
    std::int64_t nanos = fraction * (1'000'000'000 / per);
    int digits = 9;
    while (nanos % 1000 == 0) {
      nanos /= 1000;
      digits -= 3;
    }
    *out++ = '.';
    out = put(out, nanos, digits);
  }
  *out++ = 'Z';
  return out;
}

}  // namespace fairlead::json::detail
