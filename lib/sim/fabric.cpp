// SPDX-License-Identifier: BSL-1.0
#include "detail/fabric.hpp"

#include "detail/connection.hpp"
#include "detail/datagrams.hpp"

#include <algorithm>
#include <stdexcept>

namespace fairlead::sim::detail {

namespace {

using family = net::endpoint::family;

bool is_wildcard(const net::endpoint& e) {
  return e.address() == "0.0.0.0" || e.address() == "::";
}

void check(const link_options& o) {
  const auto is_probability = [](double p) { return p >= 0 && p <= 1; };
  if (o.window == 0 || o.segment == 0 || o.latency < duration::zero() ||
      o.jitter < duration::zero() || !is_probability(o.datagram_loss) ||
      !is_probability(o.datagram_duplication)) {
    throw std::invalid_argument(
        "sim::link_options: window and segment must be at least 1, durations not negative, "
        "probabilities from 0 to 1");
  }
}

}  // namespace

bool is_loopback(const net::endpoint& e) {
  return e.kind() != family::unix_socket &&
         (e.address().starts_with("127.") || e.address() == "::1");
}

bool covers(const net::endpoint& at, const net::endpoint& to) {
  return at == to || (at.port() == to.port() && at.kind() != family::unix_socket &&
                      to.kind() != family::unix_socket && is_wildcard(at));
}

fabric::fabric(world& w) : world_(w), random_(w.env().random()()) {}

machine_id fabric::machine(std::string_view name) {
  for (machine_id m = 0; m < machines_.size(); ++m) {
    if (machines_[m].name == name) {
      return m;
    }
  }
  machine_state added;
  added.name = name;
  const auto n = machines_.size() + 1;
  added.addresses.push_back("10." + std::to_string(n / 65536 % 256) + "." +
                            std::to_string(n / 256 % 256) + "." + std::to_string(n % 256));
  machines_.push_back(std::move(added));
  return machines_.size() - 1;
}

net::endpoint fabric::address(machine_id m, std::uint16_t port) const {
  return net::endpoint::ip(machines_[m].addresses.front(), port).value();
}

std::uint16_t fabric::free_port(machine_id m) {
  auto& next = machines_[m].next_port;
  for (;;) {
    const auto port = next;
    next = next == 65535 ? std::uint16_t{49152} : static_cast<std::uint16_t>(next + 1);
    const auto& all = machines_[m].listeners;
    if (std::none_of(all.begin(), all.end(), [&](auto* l) { return l->at().port() == port; })) {
      return port;
    }
  }
}

std::vector<net::endpoint> fabric::resolve(std::string_view host, std::uint16_t port) {
  std::vector<net::endpoint> found;
  if (auto numeric = net::endpoint::ip(host, port)) {
    found.push_back(std::move(*numeric));
  } else if (const auto known = names_.find(host); known != names_.end()) {
    for (const auto& e : known->second) {
      found.push_back(net::endpoint::ip(e.address(), port).value());
    }
  } else if (host == "localhost") {
    found.push_back(net::endpoint::loopback(port));
  } else {
    for (machine_id m = 0; m < machines_.size(); ++m) {
      if (machines_[m].name == host) {
        found.push_back(address(m, port));
      }
    }
  }
  return found;
}

void fabric::set_name(std::string_view name, std::vector<net::endpoint> addresses) {
  names_.insert_or_assign(std::string(name), std::move(addresses));
}

bool fabric::in_use(machine_id m, const net::endpoint& at, bool share) const {
  return std::any_of(machines_[m].listeners.begin(), machines_[m].listeners.end(), [&](auto* l) {
    return (covers(l->at(), at) || covers(at, l->at())) && !(share && l->shared());
  });
}

result<void> fabric::claim(machine_id m, const net::endpoint& at, bool share) {
  const auto text = at.to_string();
  if (in_use(m, at, share)) {
    return fail(errors::invalid_argument{text, "the address is in use"});
  }
  return own(m, at);
}

// An address that nobody has is given to the machine.
result<void> fabric::own(machine_id m, const net::endpoint& at) {
  if (at.kind() == family::unix_socket || is_wildcard(at) || is_loopback(at)) {
    return {};
  }
  const auto owner = route(m, at);
  if (owner && *owner != m) {
    return fail(errors::invalid_argument{at.to_string(), "not an address of this machine"});
  }
  if (!owner) {
    machines_[m].addresses.push_back(at.address());
  }
  return {};
}

void fabric::add(machine_id m, listening& l) {
  machines_[m].listeners.push_back(&l);
}

void fabric::remove(listening& l) noexcept {
  for (auto& m : machines_) {
    std::erase(m.listeners, &l);
  }
}

std::optional<machine_id> fabric::route(machine_id from, const net::endpoint& to) const {
  if (to.kind() == family::unix_socket || is_loopback(to) || is_wildcard(to)) {
    return from;
  }
  for (machine_id m = 0; m < machines_.size(); ++m) {
    const auto& own = machines_[m].addresses;
    if (std::find(own.begin(), own.end(), to.address()) != own.end()) {
      return m;
    }
  }
  return std::nullopt;
}

listening* fabric::find(machine_id m, const net::endpoint& to) {
  std::vector<listening*> all;
  for (auto* l : machines_[m].listeners) {
    if (covers(l->at(), to)) {
      all.push_back(l);
    }
  }
  return all.empty() ? nullptr : all[random_.below(all.size())];
}

bool fabric::refuses(const net::endpoint& at) {
  const auto found = refusals_.find(at.to_string());
  if (found == refusals_.end() || found->second == 0) {
    return false;
  }
  --found->second;
  return true;
}

void fabric::refuse(const net::endpoint& at, std::uint64_t count) {
  refusals_[at.to_string()] = count;
}

const link_options& fabric::link(machine_id from, machine_id to) const {
  const auto own = links_.find({from, to});
  return own != links_.end() ? own->second : usual_link_;
}

void fabric::set_link(const link_options& options) {
  check(options);
  usual_link_ = options;
}

void fabric::set_link(machine_id from, machine_id to, const link_options& options) {
  check(options);
  links_.insert_or_assign({from, to}, options);
}

duration fabric::travel(machine_id from, machine_id to) {
  const auto& l = link(from, to);
  const auto extra = random_.below(static_cast<std::uint64_t>(l.jitter.count()) + 1);
  return l.latency + duration(static_cast<duration::rep>(extra));
}

bool fabric::is_cut(machine_id from, machine_id to) const {
  return from != to &&
         (cuts_.contains({from, to}) || isolated_.contains(from) || isolated_.contains(to));
}

void fabric::isolate(machine_id m) {
  if (isolated_.insert(m).second) {
    note("isolate " + name(m));
  }
}

void fabric::cut(machine_id from, machine_id to) {
  if (from != to && cuts_.insert({from, to}).second) {
    note("cut " + name(from) + " > " + name(to));
  }
}

void fabric::heal() {
  if (!cuts_.empty() || !isolated_.empty()) {
    note("heal");
  }
  cuts_.clear();
  isolated_.clear();
  for (const auto& c : connections()) {
    c->healed();
  }
}

void fabric::add(const std::shared_ptr<connection>& c) {
  std::erase_if(connections_, [](const auto& w) { return w.expired(); });
  connections_.push_back(c);
}

std::vector<std::shared_ptr<connection>> fabric::connections() {
  std::vector<std::shared_ptr<connection>> alive;
  for (const auto& weak : connections_) {
    if (auto c = weak.lock()) {
      alive.push_back(std::move(c));
    }
  }
  return alive;
}

void fabric::crash(machine_id m) {
  note("crash " + name(m));
  const auto gone = machines_[m].listeners;
  for (auto* l : gone) {
    l->stop();
  }
  const auto silent = machines_[m].datagrams;
  for (auto* d : silent) {
    d->close();
  }
  for (const auto& c : connections()) {
    c->crashed(m);
  }
}

}  // namespace fairlead::sim::detail
