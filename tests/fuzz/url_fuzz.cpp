// SPDX-License-Identifier: BSL-1.0
// Any text as a URL: what is accepted is in normal form, carries nothing that could break a request
// line, and means the same when it is parsed again.
#include <fairlead/http/percent.hpp>
#include <fairlead/http/url.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fairlead;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void check(const http::url& u) {
  const auto again = http::url::parse(u.to_string());
  require(again.has_value());
  require(again->to_string() == u.to_string());
  require(again->host() == u.host() && again->port() == u.port());
  require(again->path() == u.path() && again->query() == u.query());
  require(u.target().starts_with('/'));
  require(http::check_target(u.target()).has_value());
  require(!u.host().empty() && u.host().find_first_of("/?#@[]") == std::string_view::npos);
  for (const char c : u.to_string()) {
    require(c > 0x20 && c < 0x7f);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto u = http::url::parse(text)) {
    check(*u);
  } else {
    require(u.error().kind() == error_kind::invalid_url);
  }
  static const auto base = http::url::parse("http://base:8080/a/b;c?d");
  if (const auto u = base->resolve(text)) {
    check(*u);
  }
  if (const auto u = base->join(text)) {
    check(*u);
  }
  const auto encoded = http::encode_segment(text);
  require(http::percent_decode(encoded) == text);
  require(http::form_decode(encoded) == text);
  static_cast<void>(http::percent_decode(text));
  return 0;
}
