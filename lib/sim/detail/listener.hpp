// SPDX-License-Identifier: BSL-1.0
// What accepts simulated connections.
#pragma once

#include "detail/fabric.hpp"

#include <fairlead/net/wait_slot.hpp>

#include <deque>

namespace fairlead::sim::detail {

class sim_listener final : public net::listener, public listening {
 public:
  sim_listener(std::shared_ptr<fabric> f, machine_id m, net::endpoint local,
               const net::listen_options& options);
  ~sim_listener() override { stop(); }

  task<result<std::unique_ptr<net::stream>>> accept(context& cx) override;
  const net::endpoint& local() const noexcept override { return local_; }
  void close() noexcept override { stop(); }

  const net::endpoint& at() const noexcept override { return local_; }
  bool shared() const noexcept override { return shared_; }
  bool offer(std::unique_ptr<net::stream>& s) override;
  void stop() noexcept override;

 private:
  std::shared_ptr<fabric> fabric_;
  net::endpoint local_;
  std::size_t backlog_;
  bool shared_;
  bool stopped_ = false;
  std::deque<std::unique_ptr<net::stream>> queue_;
  net::wait_slot acceptor_;
};

}  // namespace fairlead::sim::detail
