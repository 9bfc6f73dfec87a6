// SPDX-License-Identifier: BSL-1.0
// Where a home-made datagram socket keeps what is on its way to it and what has arrived.
#pragma once

#include <fairlead/core/environment.hpp>
#include <fairlead/net/datagram.hpp>
#include <fairlead/net/wait_slot.hpp>

#include <cstddef>
#include <deque>
#include <map>
#include <span>
#include <string>

namespace fairlead::net {

/// For those who implement `datagram_socket` without a descriptor: holds datagrams until their time
/// has come, then until they are taken.
///
/// *Thread safety*: none.
class datagram_inbox : timer_node {
 public:
  /// Holds at most so many datagrams and bytes that have arrived; more are lost on arrival.
  datagram_inbox(environment& env, std::size_t most_datagrams, std::size_t most_bytes);
  datagram_inbox(const datagram_inbox&) = delete;
  datagram_inbox& operator=(const datagram_inbox&) = delete;
  ~datagram_inbox();

  /// One arrives at `when`; at once when that has passed. Those with the same instant arrive in the
  /// order in which they were expected.
  void expect(time_point when, std::span<const std::byte> bytes, const endpoint& from);
  [[nodiscard]] bool empty() const noexcept { return arrived_.empty(); }
  /// The oldest that has arrived. Not when empty.
  [[nodiscard]] datagram take(std::span<std::byte> into);
  /// Drops everything.
  void clear() noexcept;

  /// Notified when one arrives.
  wait_slot reader;

 private:
  struct parcel {
    std::string bytes;
    endpoint from;
  };

  void arrive(parcel p);
  void land();
  void arm();
  static void on_expire(timer_node& n) noexcept { static_cast<datagram_inbox&>(n).land(); }

  environment& env_;
  std::size_t most_datagrams_;
  std::size_t most_bytes_;
  std::multimap<time_point, parcel> under_way_;
  std::deque<parcel> arrived_;
  std::size_t held_ = 0;  // bytes of those
};

}  // namespace fairlead::net
