// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/client_options.hpp>

#include <fairlead/http/proxy_rules.hpp>
#include <fairlead/net/endpoint.hpp>

namespace fairlead::http {

namespace {

// Few entries: a list is as fast as a map, and <map> is not for everybody to compile.
template <class Key, class Value, class Wanted>
const Value* find(const std::vector<std::pair<Key, Value>>& in, const Wanted& key) noexcept {
  for (const auto& [k, value] : in) {
    if (k == key) {
      return &value;
    }
  }
  return nullptr;
}

template <class Key, class Value>
Value& slot_of(std::vector<std::pair<Key, Value>>& in, Key key) {
  for (auto& [k, value] : in) {
    if (k == key) {
      return value;
    }
  }
  return in.emplace_back(std::move(key), Value()).second;
}

void add_check(std::vector<std::string>& out, const result<void>& checked) {
  if (!checked) {
    out.emplace_back(checked.error().get<errors::invalid_argument>()->reason);
  }
}

}  // namespace

// Here, so that no user compiles what they do to every member.
client_options::client_options() = default;
client_options::client_options(const client_options& other) = default;
client_options::client_options(client_options&& other) noexcept = default;
client_options& client_options::operator=(const client_options& other) = default;
client_options& client_options::operator=(client_options&& other) noexcept = default;
client_options::~client_options() = default;

client_options::client_options(std::string_view base) : base_url_(base) {}

client_options& client_options::base_url(std::string_view text) {
  base_url_ = text;
  return *this;
}

client_options& client_options::header(std::string_view name, std::string_view value) {
  headers_.set(name, value);
  return *this;
}

client_options& client_options::user_agent(std::string_view text) {
  user_agent_ = text;
  return *this;
}

client_options& client_options::connector(std::string_view scheme,
                                          std::shared_ptr<http::connector> opens) {
  slot_of(connectors_, std::string(scheme)) = std::move(opens);
  return *this;
}

http::connector* client_options::connector(std::string_view scheme) const noexcept {
  const auto* found = find(connectors_, scheme);
  return found == nullptr ? nullptr : found->get();
}

client_options& client_options::on_status(status code, response_hook hook) {
  slot_of(on_status_, code) = std::move(hook);
  return *this;
}

const response_hook* client_options::on_status(status code) const noexcept {
  return find(on_status_, code);
}

client_options& client_options::tls(net::tls_client trust) {
  tls_ = std::move(trust);
  return *this;
}

client_options& client_options::proxy(const http::proxy& via) {
  return proxies(proxy_rules(via));
}

client_options& client_options::proxies(const proxy_rules& rules) {
  proxies_ = std::make_shared<const proxy_rules>(rules);
  proxy_problem_.clear();
  return *this;
}

client_options& client_options::proxy_from_environment() {
  return proxy_from_environment(process_variable);
}

client_options& client_options::proxy_from_environment(const variable_lookup& lookup) {
  const auto read = proxy_rules::from_environment(lookup);
  if (read) {
    return proxies(*read);
  }
  proxies(proxy_rules());
  proxy_problem_ = read.error().get<errors::invalid_argument>()->reason;
  return *this;
}

const proxy_rules& client_options::proxies() const noexcept {
  static const proxy_rules none;
  return proxies_ ? *proxies_ : none;
}

std::vector<std::string> client_options::problems() const {
  std::vector<std::string> out;
  if (!base_url_.empty()) {
    const auto parsed = url::parse(base_url_);
    if (!parsed) {
      out.push_back("base_url " + parsed.error().message());
    }
  }
  if (timeout_ <= duration::zero()) {
    out.emplace_back("timeout must be positive");
  }
  if (read_timeout_ <= duration::zero()) {
    out.emplace_back("read_timeout must be positive");
  }
  if (expect_continue_wait_ <= duration::zero()) {
    out.emplace_back("the wait of expect_continue must be positive");
  }
  if (max_head_ < 256) {
    out.emplace_back("max_head must be at least 256 bytes");
  }
  if (max_fields_ == 0) {
    out.emplace_back("max_head must allow at least one field");
  }
  if (pool_.per_origin == 0) {
    out.emplace_back("pool.per_origin must be at least 1");
  }
  if (pool_.total == 0) {
    out.emplace_back("pool.total must be at least 1");
  }
  if (pool_.idle_timeout < duration::zero()) {
    out.emplace_back("pool.idle_timeout must not be negative");
  }
  if (!unix_socket_.empty()) {
    add_check(out, net::endpoint::unix_path(unix_socket_).map([](const auto&) {}));
  }
  if (!proxy_problem_.empty()) {
    out.push_back(proxy_problem_);
  }
  if (!proxies().empty() && !unix_socket_.empty()) {
    out.emplace_back("unix_socket and a proxy exclude each other");
  }
  if (!proxies().empty() && headers_.contains("Proxy-Authorization")) {
    out.emplace_back("Proxy-Authorization comes from the URL of the proxy, not from a header");
  }
  if (pool_.life <= duration::zero()) {
    out.emplace_back("pool.life must be positive");
  }
  add_check(out, headers_.check());
  add_check(out, http::headers().add("User-Agent", user_agent_).check());
  for (const auto& [scheme, opens] : connectors_) {
    if (!opens) {
      out.push_back("the connector for " + scheme + " is null");
    }
  }
  return out;
}

}  // namespace fairlead::http
