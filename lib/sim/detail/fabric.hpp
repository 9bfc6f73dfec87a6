// SPDX-License-Identifier: BSL-1.0
// What all machines of a simulated network share: addresses, links and their faults.
#pragma once

#include <fairlead/core/random.hpp>
#include <fairlead/sim/network.hpp>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::sim::detail {

class connection;

using machine_id = std::size_t;

[[nodiscard]] bool is_loopback(const net::endpoint& e);
/// What is bound to `at` takes what is sent to `to`, an address of its machine.
[[nodiscard]] bool covers(const net::endpoint& at, const net::endpoint& to);

/// What listens, seen from the fabric.
class listening {
 public:
  listening() = default;
  listening(const listening&) = delete;
  listening& operator=(const listening&) = delete;
  virtual ~listening() = default;
  [[nodiscard]] virtual const net::endpoint& at() const noexcept = 0;
  [[nodiscard]] virtual bool shared() const noexcept = 0;
  /// False when the queue is full.
  virtual bool offer(std::unique_ptr<net::stream>& s) = 0;
  virtual void stop() noexcept = 0;
};

class sim_datagrams;

/// Kept alive by everything that is connected to it.
class fabric {
 public:
  explicit fabric(world& w);
  fabric(const fabric&) = delete;
  fabric& operator=(const fabric&) = delete;
  ~fabric() = default;

  [[nodiscard]] environment& env() noexcept { return world_.env(); }
  [[nodiscard]] random_source& random() noexcept { return random_; }
  void note(std::string_view event) { world_.note(event); }

  // Machines, names and addresses.
  [[nodiscard]] machine_id machine(std::string_view name);
  [[nodiscard]] const std::string& name(machine_id m) const { return machines_[m].name; }
  [[nodiscard]] net::endpoint address(machine_id m, std::uint16_t port) const;
  [[nodiscard]] std::uint16_t free_port(machine_id m);
  [[nodiscard]] std::vector<net::endpoint> resolve(std::string_view host, std::uint16_t port);
  void set_name(std::string_view name, std::vector<net::endpoint> addresses);

  // Who listens where.
  [[nodiscard]] result<void> claim(machine_id m, const net::endpoint& at, bool share);
  void add(machine_id m, listening& l);
  void remove(listening& l) noexcept;
  /// The machine that `to` leads to from `from`; nothing when there is none.
  [[nodiscard]] std::optional<machine_id> route(machine_id from, const net::endpoint& to) const;
  [[nodiscard]] listening* find(machine_id m, const net::endpoint& to);
  /// True when a connect to `at` must be refused; uses up one refusal.
  [[nodiscard]] bool refuses(const net::endpoint& at);
  void refuse(const net::endpoint& at, std::uint64_t count);

  // Sockets for datagrams.
  [[nodiscard]] result<void> claim_datagrams(machine_id m, const net::endpoint& at, bool share);
  void add(machine_id m, sim_datagrams& s);
  void remove(sim_datagrams& s) noexcept;
  /// Sends one on its way, or loses it.
  void send_datagram(const sim_datagrams& from, std::span<const std::byte> bytes,
                     const net::endpoint& to);

  // Links.
  [[nodiscard]] const link_options& link(machine_id from, machine_id to) const;
  void set_link(const link_options& options);
  void set_link(machine_id from, machine_id to, const link_options& options);
  /// Latency with jitter.
  [[nodiscard]] duration travel(machine_id from, machine_id to);
  [[nodiscard]] bool is_cut(machine_id from, machine_id to) const;
  void cut(machine_id from, machine_id to);
  void isolate(machine_id m);
  void heal();

  // Connections.
  [[nodiscard]] std::uint64_t next_connection() noexcept { return ++connection_count_; }
  void add(const std::shared_ptr<connection>& c);
  [[nodiscard]] std::vector<std::shared_ptr<connection>> connections();
  void crash(machine_id m);

  duration resolve_latency{};

 private:
  struct machine_state {
    std::string name;
    std::vector<std::string> addresses;
    std::uint16_t next_port = 49152;  // RFC 6335: the dynamic ports
    std::vector<listening*> listeners;
    std::vector<sim_datagrams*> datagrams;
  };

  [[nodiscard]] bool happens(double probability);
  [[nodiscard]] result<void> own(machine_id m, const net::endpoint& at);
  [[nodiscard]] bool in_use(machine_id m, const net::endpoint& at, bool share) const;

  world& world_;
  random_source random_;
  std::deque<machine_state> machines_;
  std::map<std::string, std::vector<net::endpoint>, std::less<>> names_;
  std::map<std::string, std::uint64_t, std::less<>> refusals_;
  link_options usual_link_;
  std::map<std::pair<machine_id, machine_id>, link_options> links_;
  std::set<std::pair<machine_id, machine_id>> cuts_;
  std::set<machine_id> isolated_;
  std::vector<std::weak_ptr<connection>> connections_;
  std::uint64_t connection_count_ = 0;
};

}  // namespace fairlead::sim::detail
