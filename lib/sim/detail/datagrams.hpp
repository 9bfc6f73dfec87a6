// SPDX-License-Identifier: BSL-1.0
// A simulated socket for datagrams.
#pragma once

#include "detail/fabric.hpp"

#include <fairlead/net/datagram_inbox.hpp>

#include <memory>

namespace fairlead::sim::detail {

class sim_datagrams final : public net::datagram_socket {
 public:
  sim_datagrams(std::shared_ptr<fabric> f, machine_id m, net::endpoint local,
                const net::datagram_options& options);
  ~sim_datagrams() override { close(); }

  std::optional<result<void>> try_send_to(std::span<const std::byte> bytes,
                                          const net::endpoint& to) override;
  std::optional<result<net::datagram>> try_receive(std::span<std::byte> into) override;
  task<result<void>> wait(context& cx, net::direction towards) override;
  const net::endpoint& local() const noexcept override { return local_; }
  void close() noexcept override;

  [[nodiscard]] machine_id machine() const noexcept { return machine_; }
  [[nodiscard]] bool shared() const noexcept { return shared_; }
  [[nodiscard]] net::datagram_inbox& inbox() noexcept { return inbox_; }

 private:
  error closed() const;

  std::shared_ptr<fabric> fabric_;
  machine_id machine_;
  net::endpoint local_;
  bool shared_;
  bool closed_ = false;
  net::datagram_inbox inbox_;
};

}  // namespace fairlead::sim::detail
