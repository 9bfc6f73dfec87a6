// SPDX-License-Identifier: BSL-1.0
// How it works: one task in the background accepts from the listener beneath, as long as there are
// places, and starts one more task for each connection; `accept` takes what they have finished. A
// task refers to the shared state, which lives as long as the last of them.
#include <fairlead/net/tls_listener.hpp>

#include <fairlead/core/background.hpp>
#include <fairlead/core/in_line.hpp>
#include <fairlead/net/wait_slot.hpp>

#include <deque>
#include <list>
#include <optional>
#include <stdexcept>
#include <utility>

namespace fairlead::net {

namespace {

struct shared_listener;

// A handshake in progress; lives in the frame of its task.
struct shaking {
  shaking(shared_listener& s, const context& cx);
  shaking(const shaking&) = delete;
  shaking& operator=(const shaking&) = delete;
  ~shaking();

  void leave() noexcept;

  shared_listener& shared;
  cancel_scope scope;
  time_point started;
  std::list<shaking*>::iterator at;
  bool listed = true;
  bool gave_way = false;
  bool counted = false;
};

struct shared_listener {
  shared_listener(std::unique_ptr<listener> u, tls_server s, tls_listen_options o)
      : under(std::move(u)), server(std::move(s)), options(std::move(o)) {}

  [[nodiscard]] bool full() const noexcept {
    return running.size() + ready.size() >= options.handshakes();
  }
  [[nodiscard]] time_point oldest_gives_way() const noexcept {
    return running.empty() ? no_deadline
                           : saturating_add(running.front()->started, options.when_crowded());
  }
  void make_room() noexcept {
    if (!running.empty()) {
      auto& oldest = *running.front();
      oldest.gave_way = true;
      oldest.leave();
      oldest.scope.cancel();
    }
  }

  void deliver(std::unique_ptr<stream> s) {
    ++stats.completed;
    if (!closed) {
      ready.push_back(std::move(s));
      acceptors.notify_all();
    }
  }
  void failed(const std::string& peer, const error& e, const shaking& of) noexcept;

  void stop() noexcept {
    closed = true;
    under->close();
    while (!running.empty()) {
      auto& one = *running.front();
      one.leave();
      one.scope.cancel();
    }
    if (accepting != nullptr) {
      accepting->cancel();
    }
    ready.clear();
    acceptors.notify_all();
  }

  std::unique_ptr<listener> under;
  tls_server server;
  tls_listen_options options;
  tls_listener_stats stats;
  std::list<shaking*> running;  // the oldest first
  std::deque<std::unique_ptr<stream>> ready;
  std::optional<error> failure;       // of the listener beneath, not yet told
  cancel_scope* accepting = nullptr;  // of the task that accepts, while there is one
  wait_slot room;                     // where it waits for a place
  waiter_queue acceptors;             // those in `accept`
  bool closed = false;
};

shaking::shaking(shared_listener& s, const context& cx)
    : shared(s), scope(cx), started(cx.now()), at(s.running.insert(s.running.end(), this)) {}

void shaking::leave() noexcept {
  if (std::exchange(listed, false)) {
    shared.running.erase(at);
    shared.room.notify();
  }
}

shaking::~shaking() {
  leave();
  if (!counted && !shared.closed) {
    ++shared.stats.failed;  // no memory for it
  }
}

void shared_listener::failed(const std::string& peer, const error& e, const shaking& of) noexcept {
  if (closed) {
    return;  // it was called off
  }
  ++stats.failed;
  stats.gave_way += of.gave_way ? 1 : 0;
  stats.timed_out += !of.gave_way && e.is<errors::timeout>() ? 1 : 0;
  if (!options.on_failure()) {
    return;
  }
  try {
    if (of.gave_way) {
      error late = errors::timeout{peer, options.when_crowded(), timeout_scope::connect};
      options.on_failure()(peer, late.at(error_stage::tls));
    } else {
      options.on_failure()(peer, e);
    }
  } catch (...) {  // a hook decides nothing
  }
}

task<void> shake_hands(context& cx, std::shared_ptr<shared_listener> shared,
                       std::unique_ptr<stream> under) {
  shaking here(*shared, cx);
  const std::string peer = under->peer();
  auto done = co_await tls_accept(here.scope, std::move(under), shared->server);
  here.counted = true;
  here.leave();
  if (done) {
    shared->deliver(std::move(*done));
  } else {
    shared->failed(peer, done.error(), here);
  }
}

void start_handshake(const std::shared_ptr<shared_listener>& shared, environment& env,
                     std::unique_ptr<stream> s) noexcept {
  try {
    env.background().spawn([shared, made = std::move(s)](context& cx) mutable {
      return shake_hands(cx, std::move(shared), std::move(made));
    });
  } catch (...) {  // no memory for it
    ++shared->stats.failed;
  }
}

task<void> accept_below(context& cx, std::shared_ptr<shared_listener> shared) {
  struct registration {
    registration(shared_listener& l, cancel_scope& own) noexcept : self(l) {
      self.accepting = &own;
    }
    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;
    ~registration() {
      self.accepting = nullptr;
      self.acceptors.notify_all();
    }
    shared_listener& self;
  };
  cancel_scope own(cx);
  const registration here(*shared, own);
  while (!shared->closed) {
    if (shared->full()) {
      auto limited = own.with_deadline(shared->oldest_gives_way());
      auto room = co_await shared->room.wait(limited);
      if (!room && room.error().is<errors::deadline>()) {
        shared->make_room();
        continue;
      }
      if (!room) {
        shared->failure = std::move(room).error();
        break;
      }
      continue;
    }
    auto accepted = co_await shared->under->accept(own);
    if (!accepted) {
      shared->failure = std::move(accepted).error();
      break;
    }
    start_handshake(shared, own.env(), std::move(*accepted));
  }
}

class secured_listener final : public tls_listener {
 public:
  explicit secured_listener(std::shared_ptr<shared_listener> s) : shared_(std::move(s)) {}
  ~secured_listener() override { close(); }

  task<result<std::unique_ptr<stream>>> accept(context& cx) override {
    auto& self = *shared_;
    for (;;) {
      if (cx.cancelled()) {
        co_return fail(errors::cancelled{});
      }
      if (!self.ready.empty()) {
        auto next = std::move(self.ready.front());
        self.ready.pop_front();
        self.room.notify();
        co_return std::move(next);
      }
      if (self.failure && !self.closed) {
        error why = std::move(*self.failure);
        self.failure.reset();
        co_return fail(std::move(why));
      }
      if (self.closed) {
        const auto name = self.under->local().to_string();
        co_return fail(errors::unavailable{name, "the listener is closed", std::nullopt});
      }
      if (self.accepting == nullptr) {
        start(cx.env());
        continue;
      }
      auto woken = co_await news(cx);
      if (!woken) {
        co_return fail(std::move(woken).error());
      }
    }
  }

  const endpoint& local() const noexcept override { return shared_->under->local(); }
  void close() noexcept override {
    if (!shared_->closed) {
      shared_->stop();
    }
  }
  tls_listener_stats stats() const noexcept override {
    auto out = shared_->stats;
    out.in_progress = shared_->running.size();
    out.ready = shared_->ready.size();
    return out;
  }

 private:
  void start(environment& env) {
    env.background().spawn(
        [shared = shared_](context& own) mutable { return accept_below(own, std::move(shared)); });
  }

  task<result<void>> news(context& cx) {
    waiter w(cx, "a connection");
    const fairlead::detail::in_line here(shared_->acceptors, w);
    const auto woken = co_await w.wait();
    if (woken == wake::cancelled) {
      co_return fail(errors::cancelled{});
    }
    if (woken == wake::deadline) {
      co_return fail(errors::deadline{});
    }
    co_return result<void>{};
  }

  std::shared_ptr<shared_listener> shared_;
};

}  // namespace

tls_listen_options& tls_listen_options::on_failure(
    std::function<void(const std::string& peer, const error& e)> f) {
  on_failure_ = std::move(f);
  return *this;
}

std::vector<std::string> tls_listen_options::problems() const {
  std::vector<std::string> out;
  if (handshakes_ == 0) {
    out.emplace_back("handshakes must be at least 1");
  }
  if (when_crowded_ <= duration::zero()) {
    out.emplace_back("when_crowded must be positive");
  }
  return out;
}

std::unique_ptr<tls_listener> tls_listen(std::unique_ptr<listener> under, tls_server server,
                                         tls_listen_options options) {
  auto problems = options.problems();
  if (!under) {
    problems.emplace_back("the listener is null");
  }
  std::string text;
  for (const auto& p : problems) {
    text += text.empty() ? "net::tls_listen: " : "; ";
    text += p;
  }
  if (!text.empty()) {
    throw std::invalid_argument(text);
  }
  return std::make_unique<secured_listener>(
      std::make_shared<shared_listener>(std::move(under), std::move(server), std::move(options)));
}

}  // namespace fairlead::net
