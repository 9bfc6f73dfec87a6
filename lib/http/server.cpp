// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/server.hpp>

#include "detail/peer_network.hpp"
#include "detail/server_state.hpp"
#include "detail/session_task.hpp"

#include <fairlead/net/accept_loop.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace fairlead::http {

struct server::impl : detail::server_state {
  impl(std::shared_ptr<const router> r, server_options o)
      : server_state(std::move(r), std::move(o)),
        connections("http::server", options.max_connections()) {}

  // The place of a connection among those of its address.
  class place {
   public:
    place(impl& i, std::string_view peer) : of_(i), host_(detail::peer_network(peer)) {
      ++of_.by_peer[host_];
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() {
      const auto at = of_.by_peer.find(host_);
      if (--at->second == 0) {
        of_.by_peer.erase(at);
      }
    }
    [[nodiscard]] std::size_t taken() const { return of_.by_peer.at(host_); }

   private:
    impl& of_;
    std::string host_;
  };

  task<void> serve_counted(context& cx, const net::session_surroundings& around,
                           std::unique_ptr<net::stream> s) {
    const place here(*this, s->peer());
    if (here.taken() > *options.max_connections_per_peer()) {
      ++stats.refused;
      co_return;
    }
    co_await detail::serve_connection(cx, *this, around.until_drain, around.beside, std::move(s));
  }

  std::unordered_map<std::string, std::size_t> by_peer;
  net::accept_loop connections;
};

namespace {

void check(const std::shared_ptr<const router>& routes, const server_options& options) {
  auto problems = options.problems();
  if (!routes) {
    problems.emplace_back("the router is null");
  }
  std::string text;
  for (const auto& p : problems) {
    text += text.empty() ? "http::server: " : "; ";
    text += p;
  }
  if (!text.empty()) {
    throw std::invalid_argument(text);
  }
}

}  // namespace

server::server(router routes, server_options options)
    : server(std::make_shared<const router>(std::move(routes)), std::move(options)) {}

server::server(std::shared_ptr<const router> routes, server_options options) {
  check(routes, options);
  impl_ = std::make_unique<impl>(std::move(routes), std::move(options));
}

server::~server() = default;

task<result<void>> server::serve(context& cx, std::unique_ptr<net::listener> from) {
  auto& self = *impl_;
  return self.connections.serve(cx, std::move(from),
                                [&self](context& own, const net::session_surroundings& around,
                                        std::unique_ptr<net::stream> s) {
                                  if (self.options.max_connections_per_peer()) {
                                    return self.serve_counted(own, around, std::move(s));
                                  }
                                  return detail::serve_connection(own, self, around.until_drain,
                                                                  around.beside, std::move(s));
                                });
}

task<result<void>> server::drain(context& cx, duration grace) {
  impl_->draining = impl_->draining || !impl_->connections.runs(cx);
  return impl_->connections.drain(cx, grace);
}

void server::withdraw() noexcept {
  impl_->withdrawn = true;
}

bool server::draining() const noexcept {
  return impl_->draining;
}

server_stats server::stats() const noexcept {
  auto out = impl_->stats;
  const auto all = impl_->connections.stats();
  out.connections = all.connections;
  out.accepted = all.accepted;
  out.dropped = all.dropped;
  out.body_memory = impl_->bodies.used();
  return out;
}

}  // namespace fairlead::http
