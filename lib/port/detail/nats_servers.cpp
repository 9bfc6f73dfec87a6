// SPDX-License-Identifier: BSL-1.0
#include "detail/nats_servers.hpp"

#include <fairlead/http/percent.hpp>
#include <fairlead/net/endpoint.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace fairlead::detail::nats {

namespace {

constexpr std::size_t most_servers = 64;

bool host_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

bool is_address(std::string_view host) {
  return net::endpoint::ip(host, 0).has_value();
}

// What may be shown of a URL: not who.
std::string_view shown(std::string_view url) noexcept {
  const auto at = url.rfind('@');
  return (at == std::string_view::npos ? url : url.substr(at + 1)).substr(0, 160);
}

// user:password or token, percent-encoded.
bool parse_identity(std::string_view text, identity& out) {
  const auto colon = text.find(':');
  const auto first = http::percent_decode(text.substr(0, colon));
  if (!first || first->empty()) {
    return false;
  }
  if (colon == std::string_view::npos) {
    out.token = *first;
    return true;
  }
  const auto second = http::percent_decode(text.substr(colon + 1));
  out.user = *first;
  out.password = second.value_or("");
  return second.has_value();
}

// host, host:port, [::1]:port.
std::string_view parse_address(std::string_view text, server& out) {
  auto host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || !is_address(text.substr(1, close - 1))) {
      return "the address in brackets is none";
    }
    host = text.substr(1, close - 1);
    has_port = close + 1 < text.size();
    if (has_port && text[close + 1] != ':') {
      return "something stands behind the brackets";
    }
    port = has_port ? text.substr(close + 2) : port;
  } else {
    const auto colon = text.find(':');
    has_port = colon != std::string_view::npos;
    host = text.substr(0, colon);
    port = has_port ? text.substr(colon + 1) : port;
    if (host.empty() || host.size() > 253 || !std::all_of(host.begin(), host.end(), host_char)) {
      return "the host is missing or no name";
    }
  }
  if (has_port) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (port.empty() || error != std::errc() || end != port.data() + port.size() || out.port == 0) {
      return "the port must be 1 to 65535";
    }
  }
  out.host = host;
  out.certified = host;
  return {};
}

}  // namespace

std::string server::name() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<server> parse_server(std::string_view url) {
  const auto bad = [&](std::string_view why) { return fail(errors::invalid_url{shown(url), why}); };
  server out;
  auto rest = url;
  const auto scheme = rest.find("://");
  if (scheme != std::string_view::npos) {
    const auto name = rest.substr(0, scheme);
    if (name != "nats" && name != "tls") {
      return bad("the scheme must be nats or tls");
    }
    out.tls = name == "tls";
    rest.remove_prefix(scheme + 3);
  }
  const auto at = rest.rfind('@');
  if (at != std::string_view::npos) {
    if (!parse_identity(rest.substr(0, at), out.who)) {
      return bad("the user is empty, or wrongly encoded");
    }
    rest.remove_prefix(at + 1);
  }
  if (rest.ends_with('/')) {
    rest.remove_suffix(1);
  }
  const auto why = parse_address(rest, out);
  if (!why.empty()) {
    return bad(why);
  }
  return out;
}

result<std::vector<server>> parse_servers(std::string_view list) {
  std::vector<server> out;
  for (;;) {
    const auto comma = list.find(',');
    auto parsed = parse_server(list.substr(0, comma));
    if (!parsed) {
      return fail(std::move(parsed).error());
    }
    out.push_back(std::move(*parsed));
    if (comma == std::string_view::npos) {
      return out;
    }
    list.remove_prefix(comma + 1);
  }
}

void server_pool::shuffle(random_source& random) noexcept {
  for (std::size_t i = all_.size(); i > 1; --i) {
    std::swap(all_[i - 1], all_[static_cast<std::size_t>(random.below(i))]);
  }
}

time_point server_pool::not_before() const noexcept {
  return all_failed() ? pace_.not_before() : time_point::min();
}

void server_pool::failed(time_point now, random_source& random) noexcept {
  ++failures_;
  if (all_failed()) {
    pace_.failed(now, random);
  }
  advance();
}

void server_pool::succeeded() noexcept {
  failures_ = 0;
  pace_.succeeded();
}

void server_pool::left() noexcept {
  advance();
}

void server_pool::announced(const std::vector<std::string>& urls) {
  const server here = current();
  std::vector<server> known;
  for (const auto& url : urls) {
    auto parsed = parse_server(url);
    if (parsed && parsed->who.user.empty() && parsed->who.token.empty()) {
      parsed->discovered = true;
      parsed->tls = here.tls;
      // An address says nothing about who it is: the certificate is held against the name that led
      // there.
      if (is_address(parsed->host)) {
        parsed->certified = here.certified;
      }
      known.push_back(std::move(*parsed));
    }
  }
  const auto same = [](const server& s, const std::string& name) { return s.name() == name; };
  const auto in_known = [&](const server& s) {
    return std::any_of(known.begin(), known.end(),
                       [&](const server& k) { return same(k, s.name()); });
  };
  std::erase_if(all_, [&](const server& s) {
    return s.discovered && s.name() != here.name() && !in_known(s);
  });
  for (auto& one : known) {
    const auto name = one.name();
    const bool is_there =
        std::any_of(all_.begin(), all_.end(), [&](const server& s) { return same(s, name); });
    if (!is_there && all_.size() < most_servers) {
      all_.push_back(std::move(one));
    }
  }
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const server& s) { return same(s, here.name()); });
  at_ = static_cast<std::size_t>(found - all_.begin());
}

}  // namespace fairlead::detail::nats
