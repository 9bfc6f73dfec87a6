// SPDX-License-Identifier: BSL-1.0
// The network as one simulated machine sees it.
#pragma once

#include "detail/fabric.hpp"

namespace fairlead::sim::detail {

class machine final : public net::network {
 public:
  machine(std::shared_ptr<fabric> f, machine_id id) : fabric_(std::move(f)), id_(id) {}

  [[nodiscard]] machine_id id() const noexcept { return id_; }

  task<result<std::vector<net::endpoint>>> resolve(context& cx, std::string_view host,
                                                   std::uint16_t port) override;
  task<result<std::unique_ptr<net::stream>>> connect(context& cx, const net::endpoint& to) override;
  result<std::unique_ptr<net::listener>> listen(environment& env, const net::endpoint& at,
                                                const net::listen_options& options) override;
  result<std::unique_ptr<net::datagram_socket>> open_datagrams(
      environment& env, const net::endpoint& at, const net::datagram_options& options) override;

 private:
  enum class answer : std::uint8_t { none, refused, accepted };
  struct handshake;

  std::shared_ptr<fabric> fabric_;
  machine_id id_;
};

}  // namespace fairlead::sim::detail
