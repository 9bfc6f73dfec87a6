// SPDX-License-Identifier: BSL-1.0
// Two datagram sockets in memory, with faults on demand.
#pragma once

#include <fairlead/net/datagram.hpp>

#include <map>
#include <memory>
#include <set>

namespace fairlead::net {

/// What becomes of the datagrams that one end sends. They are counted from 1.
///
/// *Example*: `net::datagram_faults().lose(1).duplicate(2).delay(3, 1s)`
class datagram_faults {
 public:
  datagram_faults() = default;
  /// The `nth` never arrives.
  datagram_faults& lose(std::uint64_t nth);
  /// The `nth` arrives twice.
  datagram_faults& duplicate(std::uint64_t nth);
  /// The `nth` takes so much longer; those behind it overtake it.
  datagram_faults& delay(std::uint64_t nth, duration by);
  /// How long all of them travel. Default 0: they are there at once.
  datagram_faults& latency(duration travel);
  /// How many the other end holds before it has taken them; more are lost. Default 1000.
  datagram_faults& capacity(std::size_t datagrams);

 private:
  friend class memory_datagram_socket;
  std::set<std::uint64_t> lost_;
  std::set<std::uint64_t> doubled_;
  std::map<std::uint64_t, duration> delayed_;
  duration latency_{};
  std::size_t capacity_ = 1000;
};

/// The two ends; destroying one closes it.
struct datagram_ends {
  std::unique_ptr<datagram_socket> first;
  std::unique_ptr<datagram_socket> second;
};

/// Two sockets, on 127.0.0.1:1 and 127.0.0.1:2; what is sent to another address finds nobody.
/// Datagrams of more than 65507 bytes are `too_large`. `env` must outlive both; they belong to its
/// executor.
[[nodiscard]] datagram_ends memory_datagrams(environment& env, datagram_faults first = {},
                                             datagram_faults second = {});

}  // namespace fairlead::net
