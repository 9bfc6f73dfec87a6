// SPDX-License-Identifier: BSL-1.0
// A network inside a simulated world: machines, names, latency, and everything that goes wrong.
#pragma once

#include <fairlead/net/network.hpp>
#include <fairlead/sim/world.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace fairlead::sim {

/// What lies between two machines, in one direction.
struct link_options {
  /// How long a packet travels; default 500 us. A connection takes two of them to establish.
  duration latency = std::chrono::microseconds(500);
  /// Up to so much is added to each packet, as the seed decides; default 100 us. Order is kept.
  duration jitter = std::chrono::microseconds(100);
  /// How fast bytes leave; default 0: no limit. This is how a peer is made slow.
  std::uint64_t bytes_per_second = 0;
  /// Bytes under way or unread before the writer must wait; default 64 KiB, at least 1.
  std::size_t window = 65536;
  /// The largest packet; default 1460. The seed also cuts packets shorter, at any byte. At least 1.
  std::size_t segment = 1460;

  /// What becomes of datagrams, each as the seed decides; connections do not notice. From 0 to 1;
  /// default 0. The jitter alone lets them overtake each other.
  double datagram_loss = 0;
  double datagram_duplication = 0;
};

/// Machines that are connected by links. `host("a")` is the network as machine "a" sees it: give it
/// to the code that is to run there. The object itself is the network of a machine named "local",
/// so simple tests need no other.
///
/// Every machine has an address of its own (10.0.0.1 and up, in order of first mention), resolves
/// by its name, and has its own loopback addresses, Unix paths and ports. Listening on an address
/// that nobody has gives it to the machine that listens. Streams behave as TCP: bytes arrive in
/// order, cut into pieces at random; a writer waits when the window is full; data for a closed end
/// is answered with a reset.
///
/// Datagrams travel alone: each takes the latency and a jitter of its own, so that they overtake
/// each other, and what cannot be delivered (a cut, nobody there) is lost without a word.
///
/// What happens is written to the trace of the world.
///
/// *Thread safety*: none. The world must outlive it and everything made by it.
///
/// *Example*:
/// ```cpp
/// sim::world world(seed);
/// sim::network net(world);
/// auto l = net.host("server").listen(world.env(), *net::endpoint::parse("0.0.0.0:80"), {});
/// ...
/// auto made = co_await net::connect_to(cx, net.host("client"), "server", 80);
/// net.partition("client", "server");
/// ```
class network final : public net::network {
 public:
  explicit network(world& w);
  ~network() override;

  /// The machine `name`, made when it is first mentioned. The reference lives as long as this.
  [[nodiscard]] net::network& host(std::string_view name);
  /// Its own address.
  [[nodiscard]] net::endpoint address(std::string_view name, std::uint16_t port = 0);

  /// `name` resolves to `addresses` (their ports do not matter), in this order; none make it
  /// unknown again.
  void set_name(std::string_view name, std::vector<net::endpoint> addresses);
  /// How long it takes to resolve a name; default 0.
  void set_resolve_latency(duration latency);

  /// The link between machines that have none of their own. Throws `std::invalid_argument` for a
  /// window or segment of 0, or a negative duration.
  void set_link(const link_options& options);
  /// The link from one machine to another; packets on their way are not affected.
  void set_link(std::string_view from, std::string_view to, const link_options& options);

  /// Packets from one machine to the other are held until `heal`, and connects are sent again after
  /// 1 s, 2 s, 4 s, as TCP does; after 127 s they fail with `timeout`.
  void cut(std::string_view from, std::string_view to);
  /// Both directions.
  void partition(std::string_view a, std::string_view b);
  /// From and to every other machine, also those that are not made yet.
  void isolate(std::string_view name);
  /// Undoes `cut`, `partition` and `isolate` everywhere; what was held arrives one latency later.
  void heal();

  /// Breaks every connection between two machines, on both sides at once.
  void reset(std::string_view a, std::string_view b);
  /// The process on the machine ends: its listeners are gone, its connections are reset. Ending the
  /// tasks that ran there is up to the caller.
  void crash(std::string_view name);
  /// The next `count` connects to that address are refused, whoever listens.
  void refuse(const net::endpoint& at, std::uint64_t count);

  /// Connections of which a stream exists at one end at least, or is still to be accepted.
  [[nodiscard]] std::size_t connections() const;

  [[nodiscard]] task<result<std::vector<net::endpoint>>> resolve(context& cx, std::string_view host,
                                                                 std::uint16_t port) override;
  [[nodiscard]] task<result<std::unique_ptr<net::stream>>> connect(
      context& cx, const net::endpoint& to) override;
  [[nodiscard]] result<std::unique_ptr<net::listener>> listen(
      environment& env, const net::endpoint& at, const net::listen_options& options) override;
  [[nodiscard]] result<std::unique_ptr<net::datagram_socket>> open_datagrams(
      environment& env, const net::endpoint& at, const net::datagram_options& options) override;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::sim
