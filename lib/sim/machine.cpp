// SPDX-License-Identifier: BSL-1.0
// How it works: a connect is a packet there and an answer back. A packet that is lost, because the
// link is cut or the listener's queue is full, is sent again after 1 s, 2 s, 4 s and so on.
#include "detail/machine.hpp"

#include "detail/connection.hpp"
#include "detail/listener.hpp"

#include <fairlead/core/sleep.hpp>

#include <stdexcept>

namespace fairlead::sim::detail {

namespace {

using namespace std::chrono_literals;

constexpr duration gives_up_after = 127s;  // Linux with its 6 repetitions

error at_connect(error e, const net::endpoint& to) {
  e.at(error_stage::connect).with_sent(error_sent::not_sent);
  return e.is<errors::cancelled>() ? e : e.with_target(to.to_string());
}

}  // namespace

// One connect, seen from the client.
struct machine::handshake {
  handshake(machine& m, const net::endpoint& e, machine_id s) : self(m), to(e), server(s) {}
  handshake(const handshake&) = delete;
  handshake& operator=(const handshake&) = delete;
  ~handshake() {
    if (made) {
      connection::client_end(std::move(made), {})->close();  // given up: the server reads the end
    }
  }

  machine& self;
  const net::endpoint& to;
  machine_id server;
  std::shared_ptr<connection> made;

  // The client's packet has arrived.
  answer arrive() {
    auto& f = *self.fabric_;
    if (f.is_cut(self.id_, server)) {
      return answer::none;
    }
    if (made) {
      return answer::accepted;  // only our answer was lost
    }
    auto* l = f.find(server, to);
    if (f.refuses(to) || l == nullptr) {
      f.note("refused " + f.name(self.id_) + " > " + to.to_string());
      return answer::refused;
    }
    made = std::make_shared<connection>(self.fabric_, self.id_, server);
    const auto from = f.address(self.id_, f.free_port(self.id_));
    auto end = connection::server_end(made, from.to_string());
    if (!l->offer(end)) {
      made.reset();
      return answer::none;
    }
    f.add(made);
    made->note(f.name(self.id_) + " > " + to.to_string() + " connected");
    return answer::accepted;
  }
};

task<result<std::vector<net::endpoint>>> machine::resolve(context& cx, std::string_view host,
                                                          std::uint16_t port) {
  if (fabric_->resolve_latency > duration::zero()) {
    auto slept = co_await sleep_for(cx, fabric_->resolve_latency);
    if (!slept) {
      slept.error().at(error_stage::resolve);
      co_return fail(std::move(slept).error());
    }
  }
  auto allowed = cx.check();
  if (!allowed) {
    allowed.error().at(error_stage::resolve);
    co_return fail(std::move(allowed).error());
  }
  auto found = fabric_->resolve(host, port);
  if (found.empty()) {
    error e = errors::dns_failure{host, "no such name in the simulated network"};
    co_return fail(e.at(error_stage::resolve));
  }
  co_return found;
}

task<result<std::unique_ptr<net::stream>>> machine::connect(context& cx, const net::endpoint& to) {
  auto allowed = cx.check();
  if (!allowed) {
    co_return fail(at_connect(std::move(allowed).error(), to));
  }
  const auto server = fabric_->route(id_, to);
  if (!server) {
    auto slept = co_await sleep_for(cx, fabric_->travel(id_, id_));
    co_return fail(at_connect(slept ? error(errors::unreachable{}) : std::move(slept).error(), to));
  }
  handshake shake(*this, to, *server);
  const auto begun = cx.now();
  for (auto pause = duration(1s);; pause *= 2) {
    const auto sent = cx.now();
    auto slept = co_await sleep_for(cx, fabric_->travel(id_, *server));
    auto answered = answer::none;
    if (slept) {
      answered = shake.arrive();
      const bool lost = answered == answer::none || fabric_->is_cut(*server, id_);
      if (lost) {
        answered = answer::none;
      }
      const auto next =
          lost ? saturating_add(sent, pause) : cx.now() + fabric_->travel(*server, id_);
      slept = co_await sleep_until(cx, next);
    }
    if (!slept) {
      co_return fail(at_connect(std::move(slept).error(), to));
    }
    if (answered == answer::accepted) {
      co_return connection::client_end(std::move(shake.made), to.to_string());
    }
    if (answered == answer::refused) {
      co_return fail(at_connect(errors::connection_refused{}, to));
    }
    if (cx.now() - begun >= gives_up_after) {
      co_return fail(at_connect(errors::timeout{{}, cx.now() - begun, timeout_scope::connect}, to));
    }
  }
}

result<std::unique_ptr<net::listener>> machine::listen(environment& env, const net::endpoint& at,
                                                       const net::listen_options& options) {
  if (&env != &fabric_->env()) {
    throw std::logic_error("sim::network: listen was given the environment of another world");
  }
  auto local = at;
  if (at.kind() != net::endpoint::family::unix_socket && at.port() == 0) {
    local = net::endpoint::ip(at.address(), fabric_->free_port(id_)).value();
  }
  auto claimed = fabric_->claim(id_, local, options.share_port);
  if (!claimed) {
    return fail(std::move(claimed).error());
  }
  fabric_->note("listen " + fabric_->name(id_) + " " + local.to_string());
  return std::make_unique<sim_listener>(fabric_, id_, std::move(local), options);
}

}  // namespace fairlead::sim::detail
