// SPDX-License-Identifier: BSL-1.0
// What comes from outside about proxies, as any text: the URL of one, the exceptions of NO_PROXY,
// and what one answers to CONNECT. Passwords are never told, an exception is one however the list
// is cut, and a tunnel begins exactly behind the proxy's consent.
//
// How it works: the first byte says which reader. Of exceptions the first line is the list and the
// rest a URL; of answers a second byte says how many bytes come at a time.
#include "detail/connect_dialogue.hpp"

#include <fairlead/core/errors.hpp>
#include <fairlead/http/proxy.hpp>
#include <fairlead/http/proxy_rules.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace fairlead;
using http::detail::connect_dialogue;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void check_url(std::string_view text) {
  const auto p = http::proxy::parse(text);
  if (!p) {
    const auto why = p.error().get<errors::invalid_url>();
    require(why.has_value());
    require(why->url.find('@') == std::string_view::npos);  // what stands before it is a secret
    return;
  }
  require(!p->host().empty() && p->port() != 0 && is_visible(p->name()));
  require(p->name().find('@') == std::string::npos);
  require(p->authorization().empty() ||
          is_visible(std::string_view(p->authorization()).substr(sizeof "Basic")));
  const auto again = http::proxy::parse(p->name());
  require(again.has_value() && !again->has_credentials());
  require(again->speaks() == p->speaks() && again->name() == p->name());
}

http::proxy_rules all_but(std::string_view list) {
  static const auto somewhere = http::proxy::parse("proxy");
  http::proxy_rules out(*somewhere);
  out.except(list);
  return out;
}

void check_exceptions(std::string_view text) {
  const auto line = text.find('\n');
  const auto to = http::url::parse(line == text.npos ? "http://a.b:8080/" : text.substr(line + 1));
  if (!to) {
    return;
  }
  const auto list = text.substr(0, line);
  const bool excepted = all_but(list).excepted(*to);
  require((all_but(list).find(*to) == nullptr) == excepted);
  constexpr std::string_view between = ", \t\r\n";
  bool by_one = false;
  auto rest = list;
  while (!rest.empty()) {
    const auto end = std::min(rest.find_first_of(between), rest.size());
    by_one = by_one || all_but(rest.substr(0, end)).excepted(*to);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  require(by_one == excepted);
  // The host itself, as it stands in the URL, is always a word for it.
  std::string host(to->host());
  if (host.find_first_of(between) == std::string::npos && host.find_first_of("*.") != 0) {
    const bool ip6 = host.find(':') != std::string::npos;
    host = ip6 ? "[" + host + "]" : host;
    require(all_but(host).excepted(*to));
    require(all_but(host + ":" + std::to_string(to->port())).excepted(*to));
    require(!all_but(host + ":" + std::to_string(to->port() ^ 1U)).excepted(*to));
  }
}

void check_variables(std::string_view text) {
  const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
    const auto line = text.find('\n');
    if (name == "no_proxy") {
      return std::string(line == text.npos ? std::string_view() : text.substr(line + 1));
    }
    return name == "all_proxy" ? std::optional(std::string(text.substr(0, line))) : std::nullopt;
  };
  const auto rules = http::proxy_rules::from_environment(lookup);
  static const auto machine = http::url::parse("https://x.localhost");
  require(rules ? rules->find(*machine) == nullptr
                : rules.error().kind() == error_kind::invalid_argument);
}

struct outcome {
  connect_dialogue::step last = connect_dialogue::step::read;
  std::size_t taken = 0;
  bool refused = false;
  bool operator==(const outcome&) const = default;
};

outcome hear(std::string_view text, std::size_t most) {
  static const auto via = http::proxy::parse("http://user:secret@proxy:3128");
  static const auto to = http::url::parse("https://shop");
  static const http::detail::connect_terms terms{512, 10, 64, "fuzzer"};
  connect_dialogue talk(*via, *to, terms);
  outcome out;
  while (out.last == connect_dialogue::step::read || out.last == connect_dialogue::step::refused) {
    const auto room = talk.room();
    require(!room.empty() && room.size() <= 4096);
    const auto n = std::min({most, room.size(), text.size() - out.taken});
    std::memcpy(room.data(), text.data() + out.taken, n);
    out.taken += n;
    out.last = talk.received(n);
  }
  if (out.last == connect_dialogue::step::failed) {
    const auto e = talk.failure({});
    require(e.stage() == error_stage::connect && e.sent() == error_sent::not_sent);
    require(!e.is<errors::http_error>());
    require(e.cause() == nullptr || e.cause()->get<errors::http_error>()->body.size() <= 64);
    out.refused = e.is<errors::unavailable>();
    // How much it has read until it knows, and which of several faults it has met, may differ.
    out.taken = 0;
  }
  return out;
}

void check_answer(std::string_view text) {
  if (text.empty()) {
    return;
  }
  const std::size_t most = text[0] == 0 ? 100'000 : static_cast<unsigned char>(text[0]);
  text.remove_prefix(1);
  const auto whole = hear(text, 100'000);
  const auto one_by_one = hear(text, 1);
  if (whole.last == connect_dialogue::step::tunnel) {
    require(whole.taken == text.size() && one_by_one == whole && hear(text, most) == whole);
    require(text.ends_with("\n") && text.starts_with("HTTP/1."));
  } else if (one_by_one.last == connect_dialogue::step::failed) {
    // With nothing behind a consent it is the same however it is cut.
    require(one_by_one == whole && hear(text, most) == whole);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      check_url(text);
      break;
    case 1:
      check_exceptions(text);
      break;
    case 2:
      check_variables(text);
      break;
    default:
      check_answer(text);
  }
  return 0;
}
