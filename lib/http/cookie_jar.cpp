// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/cookie_jar.hpp>

#include "detail/set_cookie.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <mutex>
#include <utility>

namespace fairlead::http {

namespace {

struct kept_cookie {
  cookie what;
  std::uint64_t made = 0;  // a serial number
  std::uint64_t used = 0;  // the same
};

using by_domain = std::map<std::string, std::vector<kept_cookie>, std::less<>>;

bool is_over(const cookie& c, cookie_jar::time_point now) noexcept {
  return c.expires && *c.expires <= now;
}

std::string_view parent_of(std::string_view domain) noexcept {
  const auto dot = domain.find('.');
  return dot == std::string_view::npos ? std::string_view() : domain.substr(dot + 1);
}

std::int64_t to_seconds(cookie_jar::time_point at) noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

std::string_view next_line(std::string_view& rest) noexcept {
  const auto end = rest.find('\n');
  auto line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

// A line of a cookie file: domain, "TRUE" for subdomains, path, "TRUE" for secure, expiry, name,
// value.
std::optional<cookie> read_line(std::string_view line) {
  cookie c;
  constexpr std::string_view http_only = "#HttpOnly_";
  if (line.starts_with(http_only)) {
    c.http_only = true;
    line.remove_prefix(http_only.size());
  }
  std::array<std::string_view, 7> fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto tab = line.find('\t');
    if ((tab == std::string_view::npos) != (i + 1 == fields.size())) {
      return std::nullopt;
    }
    fields[i] = line.substr(0, tab);
    line = tab == std::string_view::npos ? std::string_view() : line.substr(tab + 1);
  }
  auto domain = fields[0];
  if (domain.starts_with('.')) {
    domain.remove_prefix(1);
  }
  std::int64_t seconds = 0;
  const auto* end = fields[4].data() + fields[4].size();
  const auto [at, wrong] = std::from_chars(fields[4].data(), end, seconds);
  constexpr std::int64_t last = 9'000'000'000;  // in 2255; the clock of C++ ends in 2262
  const bool known = (fields[1] == "TRUE" || fields[1] == "FALSE") &&
                     (fields[3] == "TRUE" || fields[3] == "FALSE");
  const auto host = url::parse("http://" +
                               std::string(domain.find(':') == std::string_view::npos
                                               ? std::string(domain)
                                               : "[" + std::string(domain) + "]") +
                               "/");
  if (!known || !host || host->host() != domain || !fields[2].starts_with('/') ||
      wrong != std::errc() || at != end || seconds < 0 || fields[5].empty() ||
      !detail::is_plain(fields[2]) || !detail::is_plain(fields[5]) ||
      !detail::is_plain(fields[6]) || fields[5].find('=') != std::string_view::npos) {
    return std::nullopt;
  }
  c.domain = domain;
  c.host_only = fields[1] == "FALSE";
  if (!c.host_only && (detail::is_address(domain) || domain.find('.') == std::string_view::npos)) {
    return std::nullopt;
  }
  c.path = fields[2];
  c.secure = fields[3] == "TRUE";
  if (seconds > 0) {
    c.expires = cookie_jar::time_point(std::chrono::seconds(std::min(seconds, last)));
  }
  c.name = fields[5];
  c.value = fields[6];
  return c;
}

void append_line(std::string& out, const cookie& c) {
  out += c.http_only ? "#HttpOnly_" : "";
  out += c.host_only ? "" : ".";
  out += c.domain;
  out += c.host_only ? "\tFALSE\t" : "\tTRUE\t";
  out += c.path;
  out += c.secure ? "\tTRUE\t" : "\tFALSE\t";
  out += std::to_string(c.expires ? std::max<std::int64_t>(to_seconds(*c.expires), 1) : 0);
  out += '\t';
  out += c.name;
  out += '\t';
  out += c.value;
  out += '\n';
}

std::vector<kept_cookie>::iterator find_same(std::vector<kept_cookie>& in, const cookie& c) {
  return std::find_if(in.begin(), in.end(), [&](const kept_cookie& k) {
    return k.what.name == c.name && k.what.path == c.path && k.what.host_only == c.host_only;
  });
}

}  // namespace

struct cookie_jar::impl {
  explicit impl(const cookie_limits& l) : limits(l) {}

  void keep(cookie c, time_point now);
  void forget(by_domain::iterator at, const cookie& c);
  void make_room(time_point now);
  void drop_oldest(std::vector<kept_cookie>& of);
  void drop_oldest_of_all();
  [[nodiscard]] bool hides_secure_one(const cookie& c) const;

  cookie_limits limits;
  mutable std::mutex guard;
  by_domain domains;
  std::size_t count = 0;
  std::uint64_t serial = 0;
};

// A cookie that came in the clear must not take the place of one that did not.
bool cookie_jar::impl::hides_secure_one(const cookie& c) const {
  for (const auto& [domain, cookies] : domains) {
    if (!detail::domain_matches(c.domain, domain) && !detail::domain_matches(domain, c.domain)) {
      continue;
    }
    const auto found = std::any_of(cookies.begin(), cookies.end(), [&](const kept_cookie& k) {
      return k.what.secure && k.what.name == c.name && detail::path_matches(c.path, k.what.path);
    });
    if (found) {
      return true;
    }
  }
  return false;
}

void cookie_jar::impl::keep(cookie c, time_point now) {
  const auto place = domains.find(c.domain);
  if (is_over(c, now)) {
    if (place != domains.end()) {
      forget(place, c);
    }
    return;
  }
  auto& cookies = place != domains.end() ? place->second : domains[c.domain];
  const auto same = find_same(cookies, c);
  if (same != cookies.end()) {
    same->what = std::move(c);
    same->used = ++serial;
    return;
  }
  ++serial;
  cookies.push_back({std::move(c), serial, serial});
  ++count;
  if (cookies.size() > limits.per_domain || count > limits.total) {
    make_room(now);
  }
}

// With its domain, if it was the last there: servers with many names could make it grow by what is
// not kept.
void cookie_jar::impl::forget(by_domain::iterator at, const cookie& c) {
  auto& cookies = at->second;
  const auto same = find_same(cookies, c);
  if (same != cookies.end()) {
    cookies.erase(same);
    --count;
  }
  if (cookies.empty()) {
    domains.erase(at);
  }
}

void cookie_jar::impl::make_room(time_point now) {
  for (auto& [domain, cookies] : domains) {
    count -= std::erase_if(cookies, [&](const kept_cookie& k) { return is_over(k.what, now); });
    while (cookies.size() > limits.per_domain) {
      drop_oldest(cookies);
    }
  }
  while (count > limits.total) {
    drop_oldest_of_all();
  }
  std::erase_if(domains, [](const auto& entry) { return entry.second.empty(); });
}

void cookie_jar::impl::drop_oldest(std::vector<kept_cookie>& of) {
  of.erase(std::min_element(of.begin(), of.end(), [](const kept_cookie& a, const kept_cookie& b) {
    return a.used < b.used;
  }));
  --count;
}

void cookie_jar::impl::drop_oldest_of_all() {
  std::vector<kept_cookie>* where = nullptr;
  std::uint64_t oldest = ~std::uint64_t{0};
  for (auto& [domain, cookies] : domains) {
    for (const auto& k : cookies) {
      if (k.used < oldest) {
        oldest = k.used;
        where = &cookies;
      }
    }
  }
  if (where != nullptr) {
    drop_oldest(*where);
  }
}

cookie_jar::cookie_jar(const cookie_limits& limits) : impl_(std::make_unique<impl>(limits)) {}
cookie_jar::~cookie_jar() = default;

void cookie_jar::store(const url& from, std::string_view set_cookie, time_point now) {
  auto c = detail::parse_set_cookie(set_cookie, from, now);
  if (!c || c->name.size() + c->value.size() > impl_->limits.bytes) {
    return;
  }
  const std::lock_guard lock(impl_->guard);
  if (from.scheme() != "https" && impl_->hides_secure_one(*c)) {
    return;
  }
  impl_->keep(std::move(*c), now);
}

std::string cookie_jar::header_for(const url& to, time_point now) {
  const std::lock_guard lock(impl_->guard);
  std::vector<kept_cookie*> chosen;
  const auto host = to.host();
  for (auto domain = host; !domain.empty(); domain = parent_of(domain)) {
    const auto found = impl_->domains.find(domain);
    if (found != impl_->domains.end()) {
      for (auto& k : found->second) {
        if ((!k.what.host_only || domain == host) && !is_over(k.what, now) &&
            (!k.what.secure || to.scheme() == "https") &&
            detail::path_matches(to.path(), k.what.path)) {
          chosen.push_back(&k);
        }
      }
    }
    if (detail::is_address(host)) {
      break;
    }
  }
  std::sort(chosen.begin(), chosen.end(), [](const kept_cookie* a, const kept_cookie* b) {
    const auto x = a->what.path.size();
    const auto y = b->what.path.size();
    return x != y ? x > y : a->made < b->made;
  });
  std::string out;
  for (auto* k : chosen) {
    k->used = ++impl_->serial;
    out += out.empty() ? "" : "; ";
    out += k->what.name;
    out += '=';
    out += k->what.value;
  }
  return out;
}

std::vector<cookie> cookie_jar::all(time_point now) const {
  const std::lock_guard lock(impl_->guard);
  std::vector<cookie> out;
  for (const auto& [domain, cookies] : impl_->domains) {
    for (const auto& k : cookies) {
      if (!is_over(k.what, now)) {
        out.push_back(k.what);
      }
    }
  }
  return out;
}

std::size_t cookie_jar::size() const {
  const std::lock_guard lock(impl_->guard);
  return impl_->count;
}

void cookie_jar::clear() {
  const std::lock_guard lock(impl_->guard);
  impl_->domains.clear();
  impl_->count = 0;
}

std::string cookie_jar::save(time_point now) const {
  std::string out = "# Netscape HTTP Cookie File\n";
  for (const auto& c : all(now)) {
    append_line(out, c);
  }
  return out;
}

result<void> cookie_jar::load(std::string_view text, time_point now) {
  std::vector<cookie> read;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto line = next_line(text);
    if (line.empty() || (line.starts_with('#') && !line.starts_with("#HttpOnly_"))) {
      continue;
    }
    auto c = read_line(line);
    if (!c || c->name.size() + c->value.size() > impl_->limits.bytes) {
      return fail(errors::invalid_argument{"cookie_jar",
                                           "line " + std::to_string(number) + " is not a cookie"});
    }
    read.push_back(std::move(*c));
  }
  const std::lock_guard lock(impl_->guard);
  for (auto& c : read) {
    impl_->keep(std::move(c), now);
  }
  return {};
}

}  // namespace fairlead::http
