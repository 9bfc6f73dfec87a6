// SPDX-License-Identifier: BSL-1.0
// How it works: `serve` owns everything it starts: sessions are tasks in its scope, so that it ends
// only after the last of them. `drain` works on the list of `serve` calls in progress.
#include <fairlead/http/server.hpp>

#include "detail/server_state.hpp"
#include "detail/session_task.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/waiter.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>

namespace fairlead::http {

namespace {

using namespace std::chrono_literals;

constexpr duration pause_when_short = 100ms;  // of file descriptors or memory

}  // namespace

struct server::impl : detail::server_state {
  using server_state::server_state;

  // One call of `serve`, in its frame.
  struct running {
    running(impl& i, context& cx) : owner(i), root(cx), accepting(root), idle(root) {
      next = owner.first;
      owner.first = this;
    }
    running(const running&) = delete;
    running& operator=(const running&) = delete;
    ~running() {
      auto** at = &owner.first;
      while (*at != this) {
        at = &(*at)->next;
      }
      *at = next;
      if (owner.first == nullptr && owner.drainer != nullptr) {
        owner.drainer->notify();
      }
    }
    impl& owner;
    cancel_scope root;
    cancel_scope accepting;
    cancel_scope idle;
    running* next = nullptr;
  };

  task<void> one_connection(context& cx, running& r, task_scope& scope,
                            std::unique_ptr<net::stream> s) {
    // Leaves the count also when the loop goes away under it.
    struct counted {
      explicit counted(impl& i) : self(i) { ++self.stats.connections; }
      counted(const counted&) = delete;
      counted& operator=(const counted&) = delete;
      ~counted() {
        --self.stats.connections;
        if (self.acceptor != nullptr) {
          self.acceptor->notify();
        }
      }
      impl& self;
    };
    const counted here(*this);
    // Whatever leaves a session (no memory, say) is the end of its own connection and no other.
    try {
      co_await detail::serve_connection(cx, *this, r.idle, scope, std::move(s));
    } catch (...) {
      co_return;
    }
  }

  running* first = nullptr;
  waiter* drainer = nullptr;   // waits until `first` is nullptr
  waiter* acceptor = nullptr;  // waits for a connection to end
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

server::~server() {
  if (impl_->first != nullptr && !impl_->first->root.env().closing()) {
    std::fputs("fairlead: an http::server was destroyed while it served; co_await drain first\n",
               stderr);
    std::terminate();
  }
}

task<result<void>> server::serve(context& cx, std::unique_ptr<net::listener> from) {
  auto& self = *impl_;
  if (self.draining) {
    co_return fail(errors::unavailable{"http::server", "it was drained", std::nullopt});
  }
  impl::running now(self, cx);
  task_scope sessions(now.root, on_failure::keep_going);
  result<void> outcome;
  while (!self.draining) {
    if (self.stats.connections >= self.options.max_connections()) {
      waiter w(now.accepting);
      self.acceptor = &w;
      const auto woken = co_await w.wait();
      self.acceptor = nullptr;
      if (woken == wake::notified) {
        continue;
      }
    }
    auto accepted = co_await from->accept(now.accepting);
    if (accepted) {
      ++self.stats.accepted;
      sessions.spawn([&self, &now, &sessions, s = std::move(*accepted)](context& own) mutable {
        return self.one_connection(own, now, sessions, std::move(s));
      });
      continue;
    }
    const auto& why = accepted.error();
    if (self.draining) {
      break;
    }
    if (why.is<errors::system_error>()) {
      auto paused = co_await sleep_for(now.accepting, pause_when_short);
      if (paused) {
        continue;
      }
    } else if (why.is<errors::connection_reset>() || why.is<errors::connection_closed>()) {
      continue;  // the peer changed its mind
    }
    outcome = fail(why);
    break;
  }
  from->close();
  if (!outcome) {
    now.root.cancel();
  }
  const auto joined = co_await sessions.join();
  if (outcome && !joined) {
    co_return joined;
  }
  co_return outcome;
}

task<result<void>> server::drain(context& cx, duration grace) {
  auto& self = *impl_;
  self.draining = true;
  for (auto* r = self.first; r != nullptr; r = r->next) {
    r->accepting.cancel();
    r->idle.cancel();
  }
  result<void> outcome;
  auto limited = cx.with_timeout(grace);
  while (self.first != nullptr) {
    waiter w(limited);
    self.drainer = &w;
    const auto woken = co_await w.wait();
    self.drainer = nullptr;
    if (woken == wake::notified) {
      continue;
    }
    if (woken == wake::cancelled) {
      outcome = fail(errors::cancelled{});
    } else if (limited.deadline() < cx.deadline()) {
      outcome = fail(errors::timeout{"http::server", grace, timeout_scope::drain});
    } else {
      outcome = fail(errors::deadline{"http::server", grace});
    }
    break;
  }
  for (auto* r = self.first; r != nullptr; r = r->next) {
    r->root.cancel();
  }
  while (self.first != nullptr) {
    cancel_scope unused(cx.env());
    waiter w(unused);
    self.drainer = &w;
    co_await w.wait();
    self.drainer = nullptr;
  }
  co_return outcome;
}

bool server::draining() const noexcept {
  return impl_->draining;
}

server_stats server::stats() const noexcept {
  return impl_->stats;
}

}  // namespace fairlead::http
