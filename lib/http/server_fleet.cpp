// SPDX-License-Identifier: BSL-1.0
// How it works: what belongs to a loop is touched on that loop only; who wants to know something of
// all loops starts a task on each and waits for the last.
#include <fairlead/http/server_fleet.hpp>

#include <fairlead/core/event.hpp>
#include <fairlead/core/task_scope.hpp>

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace fairlead::http {

namespace {

void add(server_stats& to, const server_stats& s) noexcept {
  to.connections += s.connections;
  to.upgraded += s.upgraded;
  to.accepted += s.accepted;
  to.requests += s.requests;
  to.dropped += s.dropped;
  to.refused += s.refused;
  to.body_memory += s.body_memory;
  to.bodies_refused += s.bodies_refused;
}

// Answers of all loops to one question.
struct collected {
  explicit collected(std::size_t loops) noexcept : left(loops) {}

  void tell(const server_stats& s) {
    {
      const std::lock_guard lock(mutex);
      add(sum, s);
      --left;
      if (left > 0) {
        return;
      }
    }
    done.set();
  }

  std::mutex mutex;
  server_stats sum;
  std::size_t left;
  event done;
};

}  // namespace

struct server_fleet::state {
  using wrapper = std::function<std::unique_ptr<net::listener>(std::unique_ptr<net::listener>)>;

  state(runtime& m, net::endpoint where, const fleet_options& o,
        std::function<std::unique_ptr<server>(environment&)> f, wrapper w)
      : machine(m),
        at(std::move(where)),
        options(o),
        make(std::move(f)),
        around(std::move(w)),
        servers(m.size()) {}

  // One loop's share: from the first connection to the end of the last.
  static task<void> serve(std::shared_ptr<state> self, context& cx, std::size_t loop,
                          std::unique_ptr<net::listener> from) {
    if (self->around) {
      from = self->around(std::move(from));
    }
    const auto app = self->make(cx.env());
    self->servers[loop] = app.get();
    task_scope scope(cx, on_failure::keep_going);
    const auto serving = [&](context& own) -> task<void> {
      auto ended = co_await app->serve(own, std::move(from));
      if (!ended && !app->draining()) {
        self->failed(ended.error());
      }
    };
    scope.spawn(serving);
    auto asked = co_await self->machine.stopping(cx);
    static_cast<void>(asked);  // cancelled or not, this is the end
    auto drained = co_await app->drain(cx, self->options.grace);
    static_cast<void>(drained);
    auto joined = co_await scope.join();
    static_cast<void>(joined);
    self->servers[loop] = nullptr;
    const std::lock_guard lock(self->mutex);
    add(self->ended, app->stats());
  }

  void failed(const error& why) {
    {
      const std::lock_guard lock(mutex);
      if (!failure) {
        failure = why;
      }
    }
    machine.stop();
  }

  runtime& machine;
  net::endpoint at;
  fleet_options options;
  std::function<std::unique_ptr<server>(environment&)> make;
  wrapper around;
  std::vector<server*> servers;  // each for its own loop
  mutable std::mutex mutex;      // guards what follows
  server_stats ended;
  std::optional<error> failure;
};

server_fleet::server_fleet(std::shared_ptr<state> s) noexcept : state_(std::move(s)) {}
server_fleet::~server_fleet() = default;

const net::endpoint& server_fleet::local() const noexcept {
  return state_->at;
}

task<result<server_stats>> server_fleet::stats(context& cx) {
  const auto self = state_;
  const auto all = std::make_shared<collected>(self->servers.size());
  for (std::size_t i = 0; i < self->servers.size(); ++i) {
    self->machine.start(i, [self, all, i](context&) -> task<void> {
      const auto* app = self->servers[i];
      all->tell(app == nullptr ? server_stats() : app->stats());
      co_return;
    });
  }
  auto told = co_await all->done.wait(cx);
  if (!told) {
    co_return tl::unexpected<error>(std::move(told).error());
  }
  const std::lock_guard lock(self->mutex);
  auto out = all->sum;
  add(out, self->ended);
  co_return out;
}

void server_fleet::withdraw() {
  for (std::size_t i = 0; i < state_->servers.size(); ++i) {
    state_->machine.start(i, [self = state_, i](context&) -> task<void> {
      if (auto* app = self->servers[i]; app != nullptr) {
        app->withdraw();
      }
      co_return;
    });
  }
}

server_stats server_fleet::final_stats() const {
  const std::lock_guard lock(state_->mutex);
  return state_->ended;
}

result<void> server_fleet::outcome() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->failure) {
    return tl::unexpected<error>(*state_->failure);
  }
  return {};
}

result<std::shared_ptr<server_fleet>> serve_on_threads(
    runtime& machine, const net::endpoint& at, const fleet_options& options,
    std::function<std::unique_ptr<server>(environment&)> make,
    std::function<std::unique_ptr<net::listener>(std::unique_ptr<net::listener>)> around) {
  std::vector<std::unique_ptr<net::listener>> listeners;
  auto where = at;
  for (std::size_t i = 0; i < machine.size(); ++i) {
    auto made = net::system_network().listen(machine.loop(i), where,
                                             {.backlog = options.backlog, .share_port = true});
    if (!made) {
      return tl::unexpected<error>(std::move(made).error());
    }
    where = (*made)->local();
    listeners.push_back(std::move(*made));
  }
  auto state = std::make_shared<server_fleet::state>(machine, where, options, std::move(make),
                                                     std::move(around));
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    // A task's function has to be copyable.
    auto from = std::make_shared<std::unique_ptr<net::listener>>(std::move(listeners[i]));
    machine.start(i, [state, from, i](context& cx) {
      return server_fleet::state::serve(state, cx, i, std::move(*from));
    });
  }
  return std::shared_ptr<server_fleet>(new server_fleet(std::move(state)));
}

}  // namespace fairlead::http
