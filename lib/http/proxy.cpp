// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/proxy.hpp>

#include "detail/chars.hpp"

#include <fairlead/core/errors.hpp>
#include <fairlead/http/credentials.hpp>
#include <fairlead/http/headers.hpp>
#include <fairlead/http/percent.hpp>
#include <fairlead/http/url.hpp>

#include <algorithm>
#include <optional>

namespace fairlead::http {

namespace {

constexpr std::string_view proxy_schemes = "a proxy is http://, https://, socks5:// or socks5h://";
constexpr std::size_t longest_socks_part = 255;

// As much of a URL as may be told.
tl::unexpected<error> bad_proxy(std::string_view told, std::string_view why) {
  constexpr std::size_t most_told = 160;
  return fail(errors::invalid_url{told.substr(0, most_told), why});
}

std::string_view scheme_of(proxy::protocol p) noexcept {
  switch (p) {
    case proxy::protocol::https:
      return "https://";
    case proxy::protocol::socks5:
      return "socks5://";
    case proxy::protocol::http:
      break;
  }
  return "http://";
}

std::uint16_t usual_port(proxy::protocol p) noexcept {
  switch (p) {
    case proxy::protocol::https:
      return 443;
    case proxy::protocol::socks5:
      return 1080;
    case proxy::protocol::http:
      break;
  }
  return 80;
}

std::optional<proxy::protocol> protocol_of(std::string_view scheme) noexcept {
  if (iequals(scheme, "http")) {
    return proxy::protocol::http;
  }
  if (iequals(scheme, "https")) {
    return proxy::protocol::https;
  }
  if (iequals(scheme, "socks5") || iequals(scheme, "socks5h")) {
    return proxy::protocol::socks5;
  }
  return std::nullopt;
}

bool names_port(std::string_view address) noexcept {
  const auto bracket = address.rfind(']');
  return address.find(':', bracket == std::string_view::npos ? 0 : bracket) !=
         std::string_view::npos;
}

}  // namespace

result<proxy> proxy::parse(std::string_view text) {
  proxy out;
  auto rest = text;
  if (const auto end = text.find("://"); end != std::string_view::npos) {
    const auto known = protocol_of(text.substr(0, end));
    if (!known) {
      // What stands there may be no scheme but half of somebody's password.
      const bool secret = text.substr(0, end).find_first_of("@:/") != std::string_view::npos;
      return bad_proxy(secret ? std::string_view() : text.substr(0, end + 3), proxy_schemes);
    }
    out.speaks_ = *known;
    rest.remove_prefix(end + 3);
  }
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    auto taken = out.take_credentials(rest.substr(0, at));
    rest.remove_prefix(at + 1);
    if (!taken) {
      return bad_proxy(rest, taken.error().get<errors::invalid_argument>()->reason);
    }
  }
  if (auto taken = out.take_address(rest); !taken) {
    return tl::unexpected<error>(std::move(taken).error());
  }
  return out;
}

result<void> proxy::take_credentials(std::string_view text) {
  const auto colon = text.find(':');
  auto user = percent_decode(text.substr(0, colon));
  auto password = colon == std::string_view::npos ? std::optional<std::string>("")
                                                  : percent_decode(text.substr(colon + 1));
  if (!user || !password) {
    return fail(errors::invalid_argument{"proxy", "its credentials are not percent-encoded"});
  }
  if (speaks_ == protocol::socks5) {
    if (user->empty() || user->size() > longest_socks_part ||
        password->size() > longest_socks_part) {
      return fail(errors::invalid_argument{
          "proxy", "a SOCKS5 user has 1 to 255 bytes, and a password at most 255"});
    }
  } else {
    auto made = basic_credentials(*user, *password);
    if (!made) {
      return tl::unexpected<error>(std::move(made).error());
    }
    authorization_ = std::move(*made);
  }
  has_credentials_ = true;
  user_ = std::move(*user);
  password_ = std::move(*password);
  return {};
}

result<void> proxy::take_address(std::string_view text) {
  if (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  if (text.empty()) {
    return bad_proxy(scheme_of(speaks_), "the host is missing");
  }
  if (text.find_first_of("/?#") != std::string_view::npos) {
    return bad_proxy(text, "a proxy has no path");
  }
  const bool given = names_port(text);
  if (text.ends_with(':')) {
    return bad_proxy(text, "the port is missing");
  }
  auto parsed = url::parse("http://" + std::string(text));
  if (!parsed || parsed->port() == 0) {
    return bad_proxy(text, "this is not a host and a port from 1 to 65535");
  }
  host_ = parsed->host();
  port_ = given ? parsed->port() : usual_port(speaks_);
  const bool bare_ip6 = host_.find(':') != std::string::npos;
  name_ = scheme_of(speaks_);
  name_.append(bare_ip6 ? "[" : "").append(host_).append(bare_ip6 ? "]:" : ":");
  name_ += std::to_string(port_);
  return {};
}

}  // namespace fairlead::http
