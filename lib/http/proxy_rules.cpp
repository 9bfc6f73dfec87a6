// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/proxy_rules.hpp>

#include "detail/chars.hpp"
#include "detail/option_problems.hpp"

#include <fairlead/core/errors.hpp>

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>

namespace fairlead::http {

namespace {

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number n = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, n);
  if (text.empty() || code != std::errc() || stop != end) {
    return std::nullopt;
  }
  return n;
}

std::string_view without_last_dot(std::string_view name) noexcept {
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  return name;
}

bool is_below(std::string_view name, std::string_view domain) noexcept {
  return name.size() > domain.size() && name.ends_with(domain) &&
         name[name.size() - domain.size() - 1] == '.';
}

// What the first of these variables that is not empty says.
struct variable {
  std::string name;
  std::string value;
};
std::optional<variable> first_of(const variable_lookup& lookup,
                                 std::initializer_list<const char*> names) {
  for (const char* name : names) {
    auto value = lookup(name);
    if (value && !value->empty()) {
      return variable{name, std::move(*value)};
    }
  }
  return std::nullopt;
}

std::optional<proxy> proxy_in(const std::optional<variable>& from,
                              std::vector<std::string>& problems) {
  if (!from) {
    return std::nullopt;
  }
  auto parsed = proxy::parse(from->value);
  if (!parsed) {
    const auto why = parsed.error().get<errors::invalid_url>();
    auto text = from->name + ": " + std::string(why->url) + ": " + std::string(why->reason);
    if (std::find(problems.begin(), problems.end(), text) == problems.end()) {
      problems.push_back(std::move(text));
    }
    return std::nullopt;
  }
  return *parsed;
}

}  // namespace

std::optional<std::string> process_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

proxy_rules::proxy_rules(const proxy& for_all)
    : http_(for_all), https_(for_all), loopback_(loopback::proxied) {}

result<proxy_rules> proxy_rules::from_environment(const variable_lookup& lookup) {
  std::vector<std::string> problems;
  proxy_rules out;
  out.http_ = proxy_in(first_of(lookup, {"http_proxy", "all_proxy", "ALL_PROXY"}), problems);
  out.https_ = proxy_in(first_of(lookup, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}),
                        problems);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"proxy variables", detail::in_one_line(problems)});
  }
  if (const auto list = first_of(lookup, {"no_proxy", "NO_PROXY"})) {
    out.except(list->value);
  }
  return out;
}

std::optional<proxy_rules::address> proxy_rules::parse_address(std::string_view text) {
  boost::system::error_code ec;
  const auto parsed = boost::asio::ip::make_address(std::string(text), ec);
  if (ec || text.find('%') != std::string_view::npos) {
    return std::nullopt;
  }
  address out;
  if (parsed.is_v6() && !parsed.to_v6().is_v4_mapped()) {
    const auto bytes = parsed.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    return out;
  }
  out.ip4 = true;
  const auto bytes = (parsed.is_v4() ? parsed.to_v4()
                                     : boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped,
                                                                        parsed.to_v6()))
                         .to_bytes();
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

std::optional<proxy_rules::exception> proxy_rules::parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto base = parse_address(text.substr(0, slash));
  auto bits = whole_number<unsigned>(text.substr(slash + 1));
  if (!base || !bits) {
    return std::nullopt;
  }
  const bool mapped = base->ip4 && text.find(':') != std::string_view::npos;
  constexpr unsigned mapped_bits = 96;  // of "::ffff:10.0.0.0/104" the part before the address
  if (mapped) {
    if (*bits < mapped_bits) {
      return std::nullopt;
    }
    *bits -= mapped_bits;
  }
  if (*bits > (base->ip4 ? 32U : 128U)) {
    return std::nullopt;
  }
  exception out;
  out.network = *base;
  out.bits = *bits;
  return out;
}

std::optional<proxy_rules::exception> proxy_rules::parse_exception(std::string_view word) {
  if (word.find('/') != std::string_view::npos) {
    return parse_network(word);
  }
  exception out;
  const bool bracketed = word.starts_with('[');
  const auto bracket = bracketed ? word.find(']') : 0;
  if (bracket == std::string_view::npos) {
    return std::nullopt;
  }
  const auto colon = word.find(':', bracket);
  const bool bare_ip6 =
      !bracketed && colon != std::string_view::npos && word.find(':', colon + 1) != word.npos;
  if (colon != std::string_view::npos && !bare_ip6) {
    out.port = whole_number<std::uint16_t>(word.substr(colon + 1));
    if (!out.port) {
      return std::nullopt;
    }
    word = word.substr(0, colon);
  }
  if (bracketed) {
    if (!word.ends_with(']')) {
      return std::nullopt;
    }
    word = word.substr(1, word.size() - 2);
  }
  if (const auto numeric = parse_address(word)) {
    out.network = *numeric;
    out.bits = numeric->ip4 ? 32 : 128;
    return out;
  }
  if (bracketed || bare_ip6) {
    return std::nullopt;
  }
  word = word.starts_with("*.") ? word.substr(1) : word;
  out.below_only = word.starts_with('.');
  word = without_last_dot(word.substr(out.below_only ? 1 : 0));
  if (word.empty()) {
    return std::nullopt;
  }
  out.domain = word;
  std::transform(out.domain.begin(), out.domain.end(), out.domain.begin(), detail::to_lower);
  return out;
}

proxy_rules& proxy_rules::except(std::string_view list) {
  constexpr std::string_view between = ", \t\r\n";
  for (;;) {
    const auto begin = list.find_first_not_of(between);
    if (begin == std::string_view::npos) {
      return *this;
    }
    const auto word = list.substr(begin, list.find_first_of(between, begin) - begin);
    list.remove_prefix(begin + word.size());
    if (word == "*") {
      except_all_ = true;
    } else if (auto one = parse_exception(word)) {
      exceptions_.push_back(std::move(*one));
    }
  }
}

bool proxy_rules::within(const address& a, const exception& e) noexcept {
  if (a.ip4 != e.network.ip4) {
    return false;
  }
  for (unsigned i = 0; i < e.bits; ++i) {
    const unsigned differ = unsigned{a.bytes[i / 8]} ^ unsigned { e.network.bytes[i / 8] };
    if ((differ & (0x80U >> (i % 8))) != 0) {
      return false;
    }
  }
  return true;
}

bool proxy_rules::is_loopback(std::string_view name, const std::optional<address>& a) noexcept {
  if (!a) {
    return name == "localhost" || is_below(name, "localhost");
  }
  if (a->ip4) {
    return a->bytes[0] == 127;
  }
  address one;
  one.bytes.back() = 1;
  return a->bytes == one.bytes;
}

bool proxy_rules::excepted(const url& to) const {
  if (except_all_) {
    return true;
  }
  const auto name = without_last_dot(to.host());
  const auto numeric = parse_address(name);
  if (loopback_ == loopback::direct && is_loopback(name, numeric)) {
    return true;
  }
  return std::any_of(exceptions_.begin(), exceptions_.end(), [&](const exception& e) {
    if (e.port && *e.port != to.port()) {
      return false;
    }
    if (e.domain.empty()) {
      return numeric && within(*numeric, e);
    }
    return !numeric && ((!e.below_only && name == e.domain) || is_below(name, e.domain));
  });
}

const proxy* proxy_rules::find(const url& to) const {
  const auto& found = to.scheme() == "https" ? https_ : http_;
  return found && !excepted(to) ? &*found : nullptr;
}

}  // namespace fairlead::http
