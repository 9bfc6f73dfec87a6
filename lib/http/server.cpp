// SPDX-License-Identifier: BSL-1.0
// How it works: `serve` owns everything it starts: sessions are tasks in its scope, so that it ends
// only after the last of them. `drain` works on the list of `serve` calls in progress.
#include <fairlead/http/server.hpp>

#include "detail/server_state.hpp"
#include "detail/session_task.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/waiter.hpp>

#include <boost/asio/this_coro.hpp>

#include <cstdio>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>

namespace fairlead::http {

namespace {

using namespace std::chrono_literals;

constexpr duration pause_when_short = 100ms;  // of file descriptors or memory

}  // namespace

struct server::impl : detail::server_state {
  using server_state::server_state;

  // The place of a waiter in a queue, also when its frame is destroyed while it waits.
  struct in_line {
    in_line(waiter_queue& q, waiter& w) noexcept : queue(q), self(w) { queue.push_back(self); }
    in_line(const in_line&) = delete;
    in_line& operator=(const in_line&) = delete;
    ~in_line() { queue.remove(self); }
    waiter_queue& queue;
    waiter& self;
  };

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
      if (owner.first == nullptr) {
        owner.drainers.notify_all();
      }
    }
    impl& owner;
    cancel_scope root;
    cancel_scope accepting;
    cancel_scope idle;
    running* next = nullptr;
  };

  task<void> one_connection(context cx, running& r, task_scope& scope,
                            std::unique_ptr<net::stream> s) {
    // Leaves the count also when the loop goes away under it.
    struct counted {
      explicit counted(impl& i) : self(i) { ++self.stats.connections; }
      counted(const counted&) = delete;
      counted& operator=(const counted&) = delete;
      ~counted() {
        --self.stats.connections;
        self.acceptors.notify_all();  // each looks again: who needs the place is not known here
      }
      impl& self;
    };
    const counted here(*this);
    // Whatever leaves a session (no memory, say) is the end of its own connection and no other.
    try {
      co_await detail::serve_connection(cx, *this, r.idle, scope, std::move(s));
    } catch (...) {
      ++stats.dropped;
    }
  }

  // The frame is made here, where it is known what it means when there is no memory for it.
  void start(running& r, task_scope& sessions, std::unique_ptr<net::stream> s) noexcept {
    ++stats.accepted;
    try {
      auto session = one_connection(sessions.shared_context(), r, sessions, std::move(s));
      sessions.spawn([made = std::move(session)](context&) mutable { return std::move(made); });
    } catch (...) {
      ++stats.dropped;
    }
  }

  // Whether `cx` is that of a handler here, or was made from one.
  [[nodiscard]] bool runs(const context& cx) const noexcept {
    const auto* r = first;
    while (r != nullptr && !cx.cancel_tree().is_within(r->root.cancel_tree())) {
      r = r->next;
    }
    return r != nullptr;
  }

  [[nodiscard]] bool full() const noexcept {
    return stats.connections >= options.max_connections();
  }

  // Completes when there is room for one more connection.
  task<result<void>> room(const context& cx) {
    while (full()) {
      waiter w(cx);
      const in_line here(acceptors, w);
      const auto woken = co_await w.wait();
      if (woken == wake::cancelled) {
        co_return fail(errors::cancelled{});
      }
      if (woken == wake::deadline) {
        co_return fail(errors::deadline{"http::server", {}});
      }
    }
    co_return result<void>{};
  }

  task<result<std::unique_ptr<net::stream>>> next_connection(running& now, net::listener& from);
  task<result<void>> accept_all(running& now, net::listener& from, task_scope& sessions);
  task<result<void>> serve(running& now, net::listener& from);
  task<result<void>> drain(context& cx, duration grace);

  running* first = nullptr;
  waiter_queue drainers;   // wait until `first` is nullptr
  waiter_queue acceptors;  // wait for a connection to end
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

task<result<std::unique_ptr<net::stream>>> server::impl::next_connection(running& now,
                                                                         net::listener& from) {
  auto free = co_await room(now.accepting);
  if (!free) {
    co_return tl::unexpected<error>(free.error());
  }
  auto accepted = co_await from.accept(now.accepting);
  // Another listener may have taken the place meanwhile.
  if (accepted && full()) {
    free = co_await room(now.accepting);
    if (!free) {
      co_return tl::unexpected<error>(free.error());
    }
  }
  co_return accepted;
}

task<result<void>> server::impl::accept_all(running& now, net::listener& from,
                                            task_scope& sessions) {
  while (!draining) {
    // Stays empty when there is no memory even to accept with.
    std::optional<result<std::unique_ptr<net::stream>>> accepted;
    try {
      auto next = co_await next_connection(now, from);
      accepted.emplace(std::move(next));
    } catch (const std::bad_alloc&) {
      accepted.reset();
    }
    if (accepted && *accepted) {
      start(now, sessions, std::move(**accepted));
      continue;
    }
    if (draining) {
      break;
    }
    if (accepted) {
      const error why = accepted->error();
      if (why.is<errors::connection_reset>() || why.is<errors::connection_closed>()) {
        continue;  // the peer changed its mind
      }
      if (!why.is<errors::system_error>()) {
        co_return tl::unexpected<error>(why);
      }
    }
    const auto paused = co_await sleep_for(now.accepting, pause_when_short);
    if (!paused && !draining) {
      co_return paused;
    }
  }
  co_return result<void>{};
}

task<result<void>> server::impl::serve(running& now, net::listener& from) {
  task_scope sessions(now.root, on_failure::keep_going);
  result<void> outcome;
  // Closing is said before the sessions are waited for: nobody connects to a server that drains.
  const auto accepting = [&]() -> task<void> {
    try {
      auto ended = co_await accept_all(now, from, sessions);
      outcome = std::move(ended);
    } catch (...) {
      from.close();
      now.root.cancel();
      throw;
    }
    from.close();
    if (!outcome) {
      now.root.cancel();
    }
  };
  auto joined = co_await sessions.run_and_join(now.root, accepting());
  if (outcome && !joined) {
    co_return joined;
  }
  co_return outcome;
}

task<result<void>> server::serve(context& cx, std::unique_ptr<net::listener> from) {
  auto& self = *impl_;
  if (self.draining) {
    co_return fail(errors::unavailable{"http::server", "it was drained", std::nullopt});
  }
  // A cancelled Asio coroutine ends in a typed error, not in an exception: sessions are running.
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  impl::running now(self, cx);
  auto outcome = co_await self.serve(now, *from);
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  co_return outcome;
}

task<result<void>> server::impl::drain(context& cx, duration grace) {
  draining = true;
  for (auto* r = first; r != nullptr; r = r->next) {
    r->accepting.cancel();
    r->idle.cancel();
  }
  result<void> outcome;
  const context limited = cx.with_timeout(grace);
  while (first != nullptr) {
    waiter w(limited);
    const in_line here(drainers, w);
    const auto woken = co_await w.wait();
    if (woken == wake::notified || first == nullptr) {
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
  for (auto* r = first; r != nullptr; r = r->next) {
    r->root.cancel();
  }
  while (first != nullptr) {
    cancel_scope unused(cx.env());
    waiter w(joining, unused);
    const in_line here(drainers, w);
    co_await w.wait();
  }
  co_return outcome;
}

task<result<void>> server::drain(context& cx, duration grace) {
  if (impl_->runs(cx)) {
    co_return fail(errors::invalid_argument{
        "http::server::drain",
        "a handler of this server awaits it, and it would wait for the handler; set an event that "
        "the owner of the server waits for"});
  }
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  auto outcome = co_await impl_->drain(cx, grace);
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  co_return outcome;
}

bool server::draining() const noexcept {
  return impl_->draining;
}

server_stats server::stats() const noexcept {
  auto out = impl_->stats;
  out.body_memory = impl_->bodies.used();
  return out;
}

}  // namespace fairlead::http
