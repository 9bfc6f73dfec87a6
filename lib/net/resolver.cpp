// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/resolver.hpp>

#include "detail/resolver_cache.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace fairlead::net {

namespace {

class network_resolver final : public resolver {
 public:
  explicit network_resolver(network& net) : net_(net) {}
  task<result<resolved>> resolve(context& cx, std::string_view host) override {
    auto found = co_await net_.resolve(cx, host, 0);
    if (!found) {
      co_return fail(std::move(found).error());
    }
    co_return resolved(std::move(*found));
  }

 private:
  network& net_;
};

class renamed_network final : public network {
 public:
  renamed_network(network& net, resolver& names) : net_(net), names_(names) {}

  task<result<std::vector<endpoint>>> resolve(context& cx, std::string_view host,
                                              std::uint16_t port) override {
    auto found = co_await names_.resolve(cx, host);
    if (!found) {
      co_return fail(std::move(found).error());
    }
    if (found->addresses.empty()) {
      error e = errors::dns_failure{host, "no address"};
      co_return fail(e.at(error_stage::resolve));
    }
    co_return with_port(std::move(found->addresses), port);
  }
  task<result<std::unique_ptr<stream>>> connect(context& cx, const endpoint& to) override {
    return net_.connect(cx, to);
  }
  result<std::unique_ptr<listener>> listen(environment& env, const endpoint& at,
                                           const listen_options& options) override {
    return net_.listen(env, at, options);
  }
  result<std::unique_ptr<datagram_socket>> open_datagrams(
      environment& env, const endpoint& at, const datagram_options& options) override {
    return net_.open_datagrams(env, at, options);
  }

 private:
  static std::vector<endpoint> with_port(std::vector<endpoint> all, std::uint16_t port) {
    for (auto& e : all) {
      if (auto with = endpoint::ip(e.address(), port)) {
        e = std::move(*with);
      }
    }
    return all;
  }

  network& net_;
  resolver& names_;
};

constexpr std::string_view blanks = " \t\r";

// The text up to the first of `ends`, which is taken off the front with it.
std::string_view cut(std::string_view& text, std::string_view ends) {
  const auto begin = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(begin);
  const auto end = std::min(text.find_first_of(ends), text.size());
  auto word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  const auto last = word.find_last_not_of(blanks);
  return word.substr(0, last == word.npos ? 0 : last + 1);
}

struct table_entry {
  std::vector<std::string> names;
  std::vector<endpoint> addresses;
};

error bad_entry(std::string_view entry, std::string_view reason) {
  return errors::invalid_argument{entry, reason};
}

result<table_entry> parse(std::string_view entry) {
  table_entry out;
  auto text = entry.substr(0, entry.find('#'));
  const bool assigned = text.find('=') != text.npos;
  if (assigned) {
    out.names.push_back(detail::canonical_name(cut(text, "=")));
  }
  std::string_view addresses = assigned ? text : cut(text, blanks);
  if (addresses.empty() && !assigned) {
    return out;
  }
  const auto last = addresses.find_last_not_of(blanks);
  if (last != addresses.npos && addresses[last] == ',') {
    return fail(bad_entry(entry, "ends in a comma"));
  }
  do {
    auto e = endpoint::ip(cut(addresses, ","), 0);
    if (!e) {
      return fail(bad_entry(entry, "holds what is not a numeric address"));
    }
    out.addresses.push_back(std::move(*e));
  } while (!addresses.empty());
  while (!assigned && text.find_first_not_of(blanks) != text.npos) {
    out.names.push_back(detail::canonical_name(cut(text, blanks)));
  }
  const auto nameless = [](const std::string& n) { return n.empty(); };
  if (out.names.empty() || std::any_of(out.names.begin(), out.names.end(), nameless)) {
    return fail(bad_entry(entry, "has no name"));
  }
  return out;
}

}  // namespace

std::unique_ptr<resolver> resolver_of(network& net) {
  return std::make_unique<network_resolver>(net);
}

std::unique_ptr<network> with_resolver(network& net, resolver& names) {
  return std::make_unique<renamed_network>(net, names);
}

struct static_resolver::impl {
  explicit impl(resolver& n) : next(n) {}
  resolver& next;
  std::unordered_map<std::string, std::vector<endpoint>> table;
};

static_resolver::static_resolver(resolver& next) : impl_(std::make_unique<impl>(next)) {}
static_resolver::~static_resolver() = default;

result<void> static_resolver::add(std::string_view entry) {
  auto parsed = parse(entry);
  if (!parsed) {
    return fail(std::move(parsed).error());
  }
  for (const auto& name : parsed->names) {
    auto& all = impl_->table[name];
    for (const auto& a : parsed->addresses) {
      if (std::find(all.begin(), all.end(), a) == all.end()) {
        all.push_back(a);
      }
    }
  }
  return {};
}

result<void> static_resolver::add_lines(std::string_view text) {
  const auto before = impl_->table;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto added = add(text.substr(0, end));
    if (!added) {
      impl_->table = before;
      const auto line = "line " + std::to_string(number);
      error e = errors::invalid_argument{line, "is no entry of a table of names"};
      return fail(e.with_cause(added.error()));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

task<result<resolved>> static_resolver::resolve(context& cx, std::string_view host) {
  const auto known = impl_->table.find(detail::canonical_name(host));
  if (known == impl_->table.end()) {
    auto answer = co_await impl_->next.resolve(cx, host);
    co_return answer;
  }
  co_return resolved(known->second);
}

}  // namespace fairlead::net
