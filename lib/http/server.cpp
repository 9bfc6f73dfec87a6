// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/server.hpp>

#include "detail/server_state.hpp"
#include "detail/session_task.hpp"

#include <fairlead/net/accept_loop.hpp>

#include <stdexcept>
#include <utility>

namespace fairlead::http {

struct server::impl : detail::server_state {
  impl(std::shared_ptr<const router> r, server_options o)
      : server_state(std::move(r), std::move(o)),
        connections("http::server", options.max_connections()) {}

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
