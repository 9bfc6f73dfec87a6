// SPDX-License-Identifier: BSL-1.0
#include "detail/datagrams.hpp"

#include "detail/machine.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

namespace fairlead::sim::detail {

namespace {

using family = net::endpoint::family;

constexpr std::uint64_t most_bytes = 65507;    // of a datagram over IPv4
constexpr std::size_t usual_buffer = 212'992;  // Linux's net.core.rmem_default

}  // namespace

sim_datagrams::sim_datagrams(std::shared_ptr<fabric> f, machine_id m, net::endpoint local,
                             const net::datagram_options& options)
    : fabric_(std::move(f)),
      machine_(m),
      local_(std::move(local)),
      shared_(options.share_port),
      inbox_(fabric_->env(), std::numeric_limits<std::size_t>::max(),
             options.receive_buffer.value_or(usual_buffer)) {
  fabric_->add(machine_, *this);
}

std::optional<result<void>> sim_datagrams::try_send_to(std::span<const std::byte> bytes,
                                                       const net::endpoint& to) {
  if (closed_) {
    return fail(closed());
  }
  if (bytes.size() > most_bytes) {
    return fail(errors::too_large{"datagram", most_bytes, bytes.size()});
  }
  if (to.kind() == family::unix_socket) {
    return fail(errors::invalid_argument{to.to_string(), "no datagrams over Unix sockets"});
  }
  fabric_->send_datagram(*this, bytes, to);
  return result<void>{};
}

std::optional<result<net::datagram>> sim_datagrams::try_receive(std::span<std::byte> into) {
  if (closed_) {
    return fail(closed());
  }
  if (inbox_.empty()) {
    return std::nullopt;
  }
  return inbox_.take(into);
}

task<result<void>> sim_datagrams::wait(context& cx, net::direction towards) {
  const bool ready = towards == net::direction::write || closed_ || !inbox_.empty();
  if (ready && !cx.cancelled()) {
    co_return result<void>{};
  }
  auto woken = co_await inbox_.reader.wait(cx);
  co_return woken;
}

void sim_datagrams::close() noexcept {
  if (!closed_) {
    closed_ = true;
    fabric_->remove(*this);
    inbox_.clear();
    inbox_.reader.notify();
  }
}

error sim_datagrams::closed() const {
  const auto name = local_.to_string();
  return errors::unavailable{name, "the socket is closed", std::nullopt};
}

// ---- what the fabric does with them

result<void> fabric::claim_datagrams(machine_id m, const net::endpoint& at, bool share) {
  const auto& all = machines_[m].datagrams;
  const bool taken = std::any_of(all.begin(), all.end(), [&](auto* s) {
    return (covers(s->local(), at) || covers(at, s->local())) && !(share && s->shared());
  });
  if (taken) {
    return fail(errors::invalid_argument{at.to_string(), "the address is in use"});
  }
  return own(m, at);
}

void fabric::add(machine_id m, sim_datagrams& s) {
  machines_[m].datagrams.push_back(&s);
}

void fabric::remove(sim_datagrams& s) noexcept {
  std::erase(machines_[s.machine()].datagrams, &s);
}

// Draws nothing when the answer is known, so that seeds mean the same with and without faults.
bool fabric::happens(double probability) {
  return probability > 0 && random_.uniform() < probability;
}

void fabric::send_datagram(const sim_datagrams& from, std::span<const std::byte> bytes,
                           const net::endpoint& to) {
  const auto target = route(from.machine(), to);
  const auto lost = [&](std::string_view why) {
    note("datagram to " + to.to_string() + " lost: " + std::string(why));
  };
  if (!target || is_cut(from.machine(), *target)) {
    lost(target ? "cut" : "no such address");
    return;
  }
  std::vector<sim_datagrams*> takers;
  for (auto* s : machines_[*target].datagrams) {
    if (covers(s->local(), to)) {
      takers.push_back(s);
    }
  }
  const auto& way = link(from.machine(), *target);
  if (takers.empty() || happens(way.datagram_loss)) {
    lost(takers.empty() ? "nobody there" : "on the way");
    return;
  }
  auto* const taker = takers.size() == 1 ? takers.front() : takers[random_.below(takers.size())];
  const auto sender = is_loopback(to) ? net::endpoint::loopback(from.local().port())
                                      : address(from.machine(), from.local().port());
  const bool fixed = from.local().address() != "0.0.0.0" && from.local().address() != "::";
  for (int copies = happens(way.datagram_duplication) ? 2 : 1; copies > 0; --copies) {
    note("datagram to " + to.to_string() + " " + std::to_string(bytes.size()) + " bytes");
    taker->inbox().expect(env().now() + travel(from.machine(), *target), bytes,
                          fixed ? from.local() : sender);
  }
}

result<std::unique_ptr<net::datagram_socket>> machine::open_datagrams(
    environment& env, const net::endpoint& at, const net::datagram_options& options) {
  if (&env != &fabric_->env()) {
    throw std::logic_error(
        "sim::network: open_datagrams was given the environment of another world");
  }
  if (at.kind() == family::unix_socket) {
    return fail(errors::invalid_argument{at.to_string(), "no datagrams over Unix sockets"});
  }
  auto local = at;
  auto claimed = fabric_->claim_datagrams(id_, local, options.share_port);
  while (at.port() == 0) {
    local = net::endpoint::ip(at.address(), fabric_->free_port(id_)).value();
    claimed = fabric_->claim_datagrams(id_, local, options.share_port);
    if (claimed ||
        claimed.error().get<errors::invalid_argument>()->reason != "the address is in use") {
      break;
    }
  }
  if (!claimed) {
    return fail(std::move(claimed).error());
  }
  fabric_->note("datagrams " + fabric_->name(id_) + " " + local.to_string());
  return std::make_unique<sim_datagrams>(fabric_, id_, std::move(local), options);
}

}  // namespace fairlead::sim::detail
