// SPDX-License-Identifier: BSL-1.0
// A network in memory for tests of HTTP: listeners by port, and a hook on every connection.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/waiter.hpp>
#include <fairlead/net/memory.hpp>
#include <fairlead/net/network.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::testing {

/// Connections are `memory_pair`s. There is one Unix socket, whatever its path. Every port that
/// nobody listens on refuses; the host "nowhere" cannot be resolved.
class memory_network final : public net::network {
 public:
  /// How the ends of the connections from now on behave.
  net::memory_side client_side;
  net::memory_side server_side;
  /// How long resolving and connecting take.
  duration resolve_takes{};
  duration connect_takes{};
  /// What resolving and connecting fail with, when set.
  std::optional<error> resolve_fails;
  std::optional<error> connect_fails;
  /// How often a connection was asked for.
  int connects = 0;
  int resolves = 0;

  task<result<std::vector<net::endpoint>>> resolve(context& cx, std::string_view host,
                                                   std::uint16_t port) override {
    ++resolves;
    std::string name(host);
    auto slept = co_await sleep_for(cx, resolve_takes);
    if (!slept) {
      error e = slept.error();
      co_return tl::unexpected<error>(e.at(error_stage::resolve));
    }
    if (resolve_fails) {
      co_return tl::unexpected<error>(*resolve_fails);
    }
    if (name == "nowhere") {
      error e = errors::dns_failure{name, "no such host"};
      co_return tl::unexpected<error>(e.at(error_stage::resolve));
    }
    std::vector<net::endpoint> out;
    out.push_back(*net::endpoint::ip("10.0.0.1", port));
    co_return out;
  }

  task<result<std::unique_ptr<net::stream>>> connect(context& cx,
                                                     const net::endpoint& to) override {
    ++connects;
    const auto port = to.port();
    auto slept = co_await sleep_for(cx, connect_takes);
    if (!slept) {
      error e = slept.error();
      co_return tl::unexpected<error>(e.at(error_stage::connect));
    }
    if (connect_fails) {
      co_return tl::unexpected<error>(*connect_fails);
    }
    const auto found = listening_.find(port);
    if (found == listening_.end()) {
      error e = errors::connection_refused{"10.0.0.1"};
      co_return tl::unexpected<error>(e.at(error_stage::connect));
    }
    auto ends = net::memory_pair(cx.env(), client_side, server_side);
    found->second->offer(std::move(ends.second));
    co_return std::move(ends.first);
  }

  result<std::unique_ptr<net::listener>> listen(environment& /*env*/, const net::endpoint& at,
                                                const net::listen_options& /*options*/) override {
    const bool numbered = at.port() != 0 || at.kind() == net::endpoint::family::unix_socket;
    const auto port = numbered ? at.port() : next_port_++;
    return std::make_unique<socket>(*this, port);
  }

 private:
  class socket final : public net::listener {
   public:
    socket(memory_network& n, std::uint16_t port)
        : network_(n), at_(*net::endpoint::ip("10.0.0.1", port)) {
      network_.listening_[port] = this;
    }
    ~socket() override { close(); }

    task<result<std::unique_ptr<net::stream>>> accept(context& cx) override {
      while (waiting_.empty()) {
        if (closed_) {
          co_return fail(errors::unavailable{"listener", "closed", std::nullopt});
        }
        waiter w(cx);
        acceptor_ = &w;
        const auto woken = co_await w.wait();
        acceptor_ = nullptr;
        if (woken == wake::cancelled) {
          co_return fail(errors::cancelled{});
        }
        if (woken == wake::deadline) {
          co_return fail(errors::deadline{});
        }
      }
      auto s = std::move(waiting_.front());
      waiting_.pop_front();
      co_return s;
    }
    const net::endpoint& local() const noexcept override { return at_; }
    void close() noexcept override {
      if (!std::exchange(closed_, true)) {
        network_.listening_.erase(at_.port());
        waiting_.clear();
        wake_acceptor();
      }
    }
    void offer(std::unique_ptr<net::stream> s) {
      waiting_.push_back(std::move(s));
      wake_acceptor();
    }

   private:
    void wake_acceptor() noexcept {
      if (acceptor_ != nullptr) {
        acceptor_->notify();
      }
    }

    memory_network& network_;
    net::endpoint at_;
    std::deque<std::unique_ptr<net::stream>> waiting_;
    waiter* acceptor_ = nullptr;
    bool closed_ = false;
  };

  std::map<std::uint16_t, socket*> listening_;
  std::uint16_t next_port_ = 40000;
};

}  // namespace fairlead::testing
