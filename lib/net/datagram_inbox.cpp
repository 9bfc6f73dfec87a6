// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/datagram_inbox.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace fairlead::net {

datagram_inbox::datagram_inbox(environment& env, std::size_t most_datagrams, std::size_t most_bytes)
    : timer_node(&on_expire), env_(env), most_datagrams_(most_datagrams), most_bytes_(most_bytes) {}

datagram_inbox::~datagram_inbox() {
  env_.timers().disarm(*this);
}

void datagram_inbox::expect(time_point when, std::span<const std::byte> bytes,
                            const endpoint& from) {
  parcel p{std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), from};
  if (when <= env_.now()) {
    arrive(std::move(p));
    return;
  }
  under_way_.emplace(when, std::move(p));
  arm();
}

void datagram_inbox::arrive(parcel p) {
  if (arrived_.size() < most_datagrams_ && held_ + p.bytes.size() <= most_bytes_) {
    held_ += p.bytes.size();
    arrived_.push_back(std::move(p));
    reader.notify();
  }
}

void datagram_inbox::arm() {
  env_.timers().disarm(*this);
  if (!under_way_.empty()) {
    env_.timers().arm(*this, under_way_.begin()->first);
  }
}

void datagram_inbox::land() {
  const auto now = env_.now();
  while (!under_way_.empty() && under_way_.begin()->first <= now) {
    arrive(std::move(under_way_.begin()->second));
    under_way_.erase(under_way_.begin());
  }
  arm();
}

datagram datagram_inbox::take(std::span<std::byte> into) {
  const parcel p = std::move(arrived_.front());
  arrived_.pop_front();
  held_ -= p.bytes.size();
  const auto n = std::min(into.size(), p.bytes.size());
  std::memcpy(into.data(), p.bytes.data(), n);
  return datagram(n, p.bytes.size(), p.from);
}

void datagram_inbox::clear() noexcept {
  env_.timers().disarm(*this);
  under_way_.clear();
  arrived_.clear();
  held_ = 0;
}

}  // namespace fairlead::net
