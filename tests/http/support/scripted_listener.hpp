// SPDX-License-Identifier: BSL-1.0
// A listener that does what a test says.
#pragma once

#include <fairlead/net/listener.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace fairlead::testing {

class scripted_listener final : public net::listener {
 public:
  using accepted = result<std::unique_ptr<net::stream>>;
  explicit scripted_listener(std::function<task<accepted>(context&)> f) : next_(std::move(f)) {}
  task<accepted> accept(context& cx) override { return next_(cx); }
  const net::endpoint& local() const noexcept override { return at_; }
  void close() noexcept override {}

 private:
  std::function<task<accepted>(context&)> next_;
  net::endpoint at_ = net::endpoint::loopback(80);
};

}  // namespace fairlead::testing
