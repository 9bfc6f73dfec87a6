// SPDX-License-Identifier: BSL-1.0
// How it works: `serve` owns everything it starts: sessions are tasks in its scope, so that it ends
// only after the last of them. `drain` works on the list of `serve` calls in progress.
#include <fairlead/net/accept_loop.hpp>

#include <fairlead/core/in_line.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/waiter.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <optional>
#include <utility>

namespace fairlead::net {

namespace {

using namespace std::chrono_literals;

constexpr duration pause_when_short = 100ms;  // of file descriptors or memory

}  // namespace

struct accept_loop::impl {
  impl(std::string n, std::size_t most)
      : name(std::move(n)), max_connections(std::max<std::size_t>(most, 1)) {}

  // One call of `serve`, in its frame.
  struct running {
    running(impl& i, context& cx) : owner(i), root(cx), accepting(root), until_drain(root) {
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
    cancel_scope until_drain;
    running* next = nullptr;
  };

  // What one `serve` passes on.
  struct call {
    running& now;
    listener& from;
    const session& run;
    task_scope& sessions;
  };

  task<void> one_connection(context cx, call c, std::unique_ptr<stream> s) {
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
    const session_surroundings around{c.now.until_drain, c.sessions};
    // Whatever leaves a session (no memory, say) is the end of its own connection and no other.
    try {
      co_await c.run(cx, around, std::move(s));
    } catch (...) {
      ++stats.dropped;
    }
  }

  // The frame is made here, where it is known what it means when there is no memory for it.
  void start(const call& c, std::unique_ptr<stream> s) noexcept {
    ++stats.accepted;
    try {
      auto one = one_connection(c.sessions.shared_context(), c, std::move(s));
      c.sessions.spawn(std::move(one));
    } catch (...) {
      ++stats.dropped;
    }
  }

  [[nodiscard]] bool runs(const context& cx) const noexcept {
    const auto* r = first;
    while (r != nullptr && !cx.cancel_tree().is_within(r->root.cancel_tree())) {
      r = r->next;
    }
    return r != nullptr;
  }

  [[nodiscard]] bool full() const noexcept { return stats.connections >= max_connections; }

  task<result<void>> room(const context& cx);
  task<result<std::unique_ptr<stream>>> next_connection(const call& c);
  task<result<void>> accept_all(const call& c);
  task<result<void>> serve(running& now, listener& from, const session& run);
  task<result<void>> drain(context& cx, duration grace);

  std::string name;
  std::size_t max_connections;
  bool draining = false;
  accept_stats stats;
  running* first = nullptr;
  waiter_queue drainers;   // wait until `first` is nullptr
  waiter_queue acceptors;  // wait for a connection to end
};

// Completes when there is room for one more connection.
task<result<void>> accept_loop::impl::room(const context& cx) {
  while (full()) {
    waiter w(cx, "a connection to end, for there are too many");
    const fairlead::detail::in_line here(acceptors, w);
    const auto woken = co_await w.wait();
    if (woken == wake::cancelled) {
      co_return fail(errors::cancelled{});
    }
    if (woken == wake::deadline) {
      co_return fail(errors::deadline{name, {}});
    }
  }
  co_return result<void>{};
}

task<result<std::unique_ptr<stream>>> accept_loop::impl::next_connection(const call& c) {
  auto free = co_await room(c.now.accepting);
  if (!free) {
    co_return tl::unexpected<error>(free.error());
  }
  auto accepted = co_await c.from.accept(c.now.accepting);
  // Another listener may have taken the place meanwhile.
  if (accepted && full()) {
    free = co_await room(c.now.accepting);
    if (!free) {
      co_return tl::unexpected<error>(free.error());
    }
  }
  co_return accepted;
}

task<result<void>> accept_loop::impl::accept_all(const call& c) {
  while (!draining) {
    // Stays empty when there is no memory even to accept with.
    std::optional<result<std::unique_ptr<stream>>> accepted;
    try {
      auto next = co_await next_connection(c);
      accepted.emplace(std::move(next));
    } catch (const std::bad_alloc&) {
      accepted.reset();
    }
    if (accepted && *accepted) {
      start(c, std::move(**accepted));
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
    const auto paused = co_await sleep_for(c.now.accepting, pause_when_short);
    if (!paused && !draining) {
      co_return paused;
    }
  }
  co_return result<void>{};
}

task<result<void>> accept_loop::impl::serve(running& now, listener& from, const session& run) {
  task_scope sessions(now.root, on_failure::keep_going);
  const call c{now, from, run, sessions};
  result<void> outcome;
  // Closing is said before the sessions are waited for: nobody connects to a server that drains.
  const auto accepting = [&]() -> task<void> {
    try {
      auto ended = co_await accept_all(c);
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

task<result<void>> accept_loop::impl::drain(context& cx, duration grace) {
  draining = true;
  for (auto* r = first; r != nullptr; r = r->next) {
    r->accepting.cancel();
    r->until_drain.cancel();
  }
  const auto over = [&] { return first == nullptr; };
  auto outcome = co_await fairlead::detail::wait_out(cx, grace, name, drainers, over);
  for (auto* r = first; r != nullptr; r = r->next) {
    r->root.cancel();
  }
  co_await fairlead::detail::join_in(cx.env(), drainers, over);
  co_return outcome;
}

accept_loop::accept_loop(std::string name, std::size_t max_connections)
    : impl_(std::make_unique<impl>(std::move(name), max_connections)) {}

accept_loop::~accept_loop() {
  if (impl_->first != nullptr && !impl_->first->root.env().closing()) {
    std::fprintf(stderr, "fairlead: an %s was destroyed while it served; co_await drain first\n",
                 impl_->name.c_str());
    std::terminate();
  }
}

task<result<void>> accept_loop::serve(context& cx, std::unique_ptr<listener> from, session run) {
  auto& self = *impl_;
  if (self.draining) {
    co_return fail(errors::unavailable{self.name, "it was drained", std::nullopt});
  }
  // A cancelled Asio coroutine ends in a typed error, not in an exception: sessions are running.
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  impl::running now(self, cx);
  auto outcome = co_await self.serve(now, *from, run);
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  co_return outcome;
}

task<result<void>> accept_loop::drain(context& cx, duration grace) {
  if (impl_->runs(cx)) {
    const auto what = impl_->name + "::drain";
    co_return fail(errors::invalid_argument{
        what,
        "a handler of this server awaits it, and it would wait for the handler; set an event that "
        "the owner of the server waits for"});
  }
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  auto outcome = co_await impl_->drain(cx, grace);
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  co_return outcome;
}

bool accept_loop::draining() const noexcept {
  return impl_->draining;
}

bool accept_loop::runs(const context& cx) const noexcept {
  return impl_->runs(cx);
}

accept_stats accept_loop::stats() const noexcept {
  return impl_->stats;
}

}  // namespace fairlead::net
