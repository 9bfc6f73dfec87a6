// SPDX-License-Identifier: BSL-1.0
#include "conditions.hpp"

#include "chars.hpp"

#include <fairlead/http/date.hpp>

#include <charconv>

namespace fairlead::http::detail {

namespace {

using clock_time = std::chrono::system_clock::time_point;

std::chrono::seconds whole_seconds(clock_time t) noexcept {
  return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch());
}

std::string_view without_weakness(std::string_view tag) noexcept {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

// Takes one entity-tag from the front; empty when there is none.
std::string_view take_tag(std::string_view& list) noexcept {
  const std::size_t quote = list.starts_with("W/") ? 2 : 0;
  if (list.size() <= quote || list[quote] != '"') {
    return {};
  }
  const auto end = list.find('"', quote + 1);
  if (end == std::string_view::npos) {
    return {};
  }
  const auto tag = list.substr(0, end + 1);
  list.remove_prefix(end + 1);
  return tag;
}

// All fields of a name; several are one list.
template <class F>
bool any_field(const request& r, std::string_view name, F f) {
  for (const auto field : r.headers()) {
    if (iequals(field.name, name) && f(field.value)) {
      return true;
    }
  }
  return false;
}

std::optional<clock_time> date_of(const request& r, std::string_view name) {
  const auto value = r.headers().get(name);
  return value && r.headers().count(name) == 1 ? parse_date(*value) : std::nullopt;
}

std::optional<std::uint64_t> number(std::string_view text) noexcept {
  std::uint64_t n = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, n);
  return parsed.ec == std::errc{} && parsed.ptr == end && !text.empty() ? std::optional(n)
                                                                        : std::nullopt;
}

// Whether a range may be sent for what the client has a part of already.
bool range_holds(const request& r, const representation& of) {
  const auto value = r.headers().get("If-Range");
  if (!value) {
    return true;
  }
  if (r.headers().count("If-Range") != 1) {
    return false;
  }
  if (value->starts_with('"') || value->starts_with("W/")) {
    return has_tag(*value, of.tag, comparison::strong);
  }
  // A date is as good as a strong tag only if it is exactly that of the last change.
  const auto date = parse_date(*value);
  return date && whole_seconds(*date) == whole_seconds(of.modified);
}

enum class spec : std::uint8_t { good, outside, malformed };

spec parse_range(std::string_view text, std::uint64_t size, byte_range& out) noexcept {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) {
    return spec::malformed;
  }
  const auto first = number(text.substr(0, dash));
  const auto last = number(text.substr(dash + 1));
  if (dash == 0) {
    if (!last) {
      return spec::malformed;
    }
    const auto n = std::min(*last, size);
    out = {size - n, n};
    return n == 0 ? spec::outside : spec::good;
  }
  if (!first || (!last && dash + 1 != text.size()) || (last && *last < *first)) {
    return spec::malformed;
  }
  if (*first >= size) {
    return spec::outside;
  }
  const auto end = last ? std::min(*last, size - 1) : size - 1;
  out = {*first, end - *first + 1};
  return spec::good;
}

}  // namespace

bool has_tag(std::string_view list, std::string_view tag, comparison how) noexcept {
  list = trim(list);
  if (list == "*") {
    return true;
  }
  bool found = false;
  while (!list.empty()) {
    if (list.front() == ',' || list.front() == ' ' || list.front() == '\t') {
      list.remove_prefix(1);
      continue;
    }
    const auto one = take_tag(list);
    if (one.empty()) {
      return false;
    }
    const bool same = how == comparison::weak ? without_weakness(one) == without_weakness(tag)
                                              : one == tag && !tag.starts_with("W/");
    found = found || same;
  }
  return found;
}

condition check_conditions(const request& r, const representation& of) {
  const auto& h = r.headers();
  if (h.contains("If-Match")) {
    const bool has = any_field(r, "If-Match", [&](std::string_view list) {
      return has_tag(list, of.tag, comparison::strong);
    });
    if (!has) {
      return condition::failed;
    }
  } else if (const auto date = date_of(r, "If-Unmodified-Since")) {
    if (whole_seconds(of.modified) > whole_seconds(*date)) {
      return condition::failed;
    }
  }
  const bool reads = r.method() == method::get || r.method() == method::head;
  if (h.contains("If-None-Match")) {
    const bool has = any_field(r, "If-None-Match", [&](std::string_view list) {
      return has_tag(list, of.tag, comparison::weak);
    });
    if (has) {
      return reads ? condition::not_modified : condition::failed;
    }
  } else if (reads) {
    const auto date = date_of(r, "If-Modified-Since");
    if (date && whole_seconds(of.modified) <= whole_seconds(*date)) {
      return condition::not_modified;
    }
  }
  return condition::proceed;
}

std::optional<std::vector<byte_range>> wanted_ranges(const request& r, const representation& of,
                                                     std::size_t most) {
  const auto value = r.headers().get("Range");
  constexpr std::string_view unit = "bytes=";
  if (!value || r.method() != method::get || r.headers().count("Range") != 1 ||
      !iequals(value->substr(0, unit.size()), unit) || !range_holds(r, of)) {
    return std::nullopt;
  }
  std::vector<byte_range> out;
  std::uint64_t total = 0;
  std::size_t count = 0;
  auto list = value->substr(unit.size());
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto text = trim(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (text.empty()) {
      continue;
    }
    byte_range one{};
    const auto what = parse_range(text, of.size, one);
    if (what == spec::malformed || ++count > most) {
      return std::nullopt;
    }
    if (what == spec::good) {
      total += one.size;
      out.push_back(one);
    }
  }
  // More than the whole is asked for by mistake or with bad intent.
  if (count == 0 || (out.size() > 1 && total > of.size)) {
    return std::nullopt;
  }
  return out;
}

}  // namespace fairlead::http::detail
