// SPDX-License-Identifier: BSL-1.0
#include <fairlead/sim/network.hpp>

#include "detail/connection.hpp"
#include "detail/fabric.hpp"
#include "detail/machine.hpp"

#include <algorithm>

namespace fairlead::sim {

struct network::impl {
  explicit impl(world& w) : shared(std::make_shared<detail::fabric>(w)) {}

  detail::machine& at(std::string_view name) {
    const auto id = shared->machine(name);
    while (machines.size() <= id) {
      machines.push_back(std::make_unique<detail::machine>(shared, machines.size()));
    }
    return *machines[id];
  }

  std::shared_ptr<detail::fabric> shared;
  std::vector<std::unique_ptr<detail::machine>> machines;  // by their number
};

network::network(world& w) : impl_(std::make_unique<impl>(w)) {
  impl_->at("local");
}

network::~network() = default;

net::network& network::host(std::string_view name) {
  return impl_->at(name);
}

net::endpoint network::address(std::string_view name, std::uint16_t port) {
  return impl_->shared->address(impl_->at(name).id(), port);
}

void network::set_name(std::string_view name, std::vector<net::endpoint> addresses) {
  impl_->shared->set_name(name, std::move(addresses));
}

void network::set_resolve_latency(duration latency) {
  impl_->shared->resolve_latency = latency;
}

void network::set_link(const link_options& options) {
  impl_->shared->set_link(options);
}

void network::set_link(std::string_view from, std::string_view to, const link_options& options) {
  const auto a = impl_->at(from).id();
  impl_->shared->set_link(a, impl_->at(to).id(), options);
}

void network::cut(std::string_view from, std::string_view to) {
  const auto a = impl_->at(from).id();
  impl_->shared->cut(a, impl_->at(to).id());
}

void network::partition(std::string_view a, std::string_view b) {
  cut(a, b);
  cut(b, a);
}

void network::isolate(std::string_view name) {
  impl_->shared->isolate(impl_->at(name).id());
}

void network::heal() {
  impl_->shared->heal();
}

void network::reset(std::string_view a, std::string_view b) {
  const auto x = impl_->at(a).id();
  const auto y = impl_->at(b).id();
  for (const auto& c : impl_->shared->connections()) {
    if (c->between(x, y)) {
      c->reset();
    }
  }
}

void network::crash(std::string_view name) {
  impl_->shared->crash(impl_->at(name).id());
}

void network::refuse(const net::endpoint& at, std::uint64_t count) {
  impl_->shared->refuse(at, count);
}

std::size_t network::connections() const {
  return impl_->shared->connections().size();
}

task<result<std::vector<net::endpoint>>> network::resolve(context& cx, std::string_view host,
                                                          std::uint16_t port) {
  return impl_->at("local").resolve(cx, host, port);
}

task<result<std::unique_ptr<net::stream>>> network::connect(context& cx, const net::endpoint& to) {
  return impl_->at("local").connect(cx, to);
}

result<std::unique_ptr<net::listener>> network::listen(environment& env, const net::endpoint& at,
                                                       const net::listen_options& options) {
  return impl_->at("local").listen(env, at, options);
}

result<std::unique_ptr<net::datagram_socket>> network::open_datagrams(
    environment& env, const net::endpoint& at, const net::datagram_options& options) {
  return impl_->at("local").open_datagrams(env, at, options);
}

}  // namespace fairlead::sim
