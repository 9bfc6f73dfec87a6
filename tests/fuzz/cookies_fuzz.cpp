// SPDX-License-Identifier: BSL-1.0
// Any Set-Cookie lines from any URLs: what a jar sends back could stand in a header, its bounds
// hold, and what it saves it loads again.
//
// How it works: lines of text, in turn a URL that a cookie comes from, the cookie, and a URL to ask
// for. What cannot be loaded as a file is tried, too.
#include <fairlead/http/cookie_jar.hpp>
#include <fairlead/http/headers.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace fairlead::http;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

std::string_view line_of(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto now = cookie_jar::time_point(std::chrono::hours(24 * 365 * 56));
  cookie_jar jar({.per_domain = 3, .total = 5, .bytes = 64});
  auto rest = text;
  while (!rest.empty()) {
    const auto from = url::parse(line_of(rest));
    const auto cookie = line_of(rest);
    const auto to = url::parse(line_of(rest));
    if (from) {
      jar.store(*from, cookie, now);
      require(jar.size() <= 5);
    }
    if (to) {
      const auto sent = jar.header_for(*to, now);
      require(sent.empty() || headers().add("Cookie", sent).check().has_value());
    }
  }
  const auto saved = jar.save(now);
  cookie_jar again({.per_domain = 3, .total = 5, .bytes = 64});
  require(again.load(saved, now).has_value());
  require(again.save(now) == saved);
  cookie_jar other;
  static_cast<void>(other.load(text, now));
  return 0;
}
