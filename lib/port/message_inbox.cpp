// SPDX-License-Identifier: BSL-1.0
// How it works: a task takes what waits and starts a handler for each in a scope of its own, so
// that whoever offers a message never runs a handler, and the task ends after the last of them.
#include <fairlead/port/message_inbox.hpp>

#include <fairlead/core/in_line.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/net/wait_slot.hpp>

#include <deque>
#include <utility>

namespace fairlead {

namespace {

constexpr int most_at_once = 64;  // handlers started before everybody else runs

}  // namespace

struct message_inbox::impl {
  using message_ptr = std::shared_ptr<const broker_message>;

  impl(subscription_options o, broker_handler h, owner& to)
      : options(std::move(o)), handler(std::move(h)), broker(&to) {}

  // The task of the inbox, from its begin to its end, whatever ends it.
  struct task_life {
    task_life(impl& i, cancel_scope& own) noexcept : self(i) { self.root = &own; }
    task_life(const task_life&) = delete;
    task_life& operator=(const task_life&) = delete;
    ~task_life() {
      self.root = nullptr;
      self.closed = true;
      self.ended = true;
      self.drop_waiting();
      self.enders.notify_all();
      if (self.broker != nullptr) {
        self.broker->ended();
      }
    }
    impl& self;
  };

  // A handler, from its begin to its end.
  struct handler_life {
    explicit handler_life(impl& i) noexcept : self(i) { ++self.counts.running; }
    handler_life(const handler_life&) = delete;
    handler_life& operator=(const handler_life&) = delete;
    ~handler_life() {
      --self.counts.running;
      ++self.counts.handled;
      self.work.notify();
    }
    impl& self;
  };

  static task<void> run(std::shared_ptr<impl> self, context cx);
  task<result<void>> take_all(context& cx, task_scope& handlers);
  void start_next(task_scope& handlers) noexcept;
  task<void> one(context cx, message_ptr m);
  static task<result<void>> drain(std::shared_ptr<impl> self, context& cx, duration grace);

  // Those for which a handler is free are about to be taken, and need no room.
  [[nodiscard]] bool full_for(std::size_t bytes) const noexcept {
    const auto free = options.max_concurrent() - counts.running;
    return waiting.size() >= free &&
           (waiting.size() - free >= options.max_waiting() ||
            (!waiting.empty() && counts.waiting_bytes + bytes > options.max_waiting_bytes()));
  }
  [[nodiscard]] bool may_start() const noexcept {
    return !waiting.empty() && counts.running < options.max_concurrent();
  }

  message_ptr take_oldest() noexcept {
    auto m = std::move(waiting.front());
    waiting.pop_front();
    counts.waiting_bytes -= m->size();
    return m;
  }
  void drop_waiting() noexcept {
    while (!waiting.empty()) {
      take_oldest();
      ++counts.dropped;
    }
  }
  void drop(const broker_message& m) {
    ++counts.dropped;
    if (broker == nullptr || !options.refusal() || m.reply_to().empty()) {
      return;
    }
    if (auto answer = options.refusal()(m)) {
      answer->subject(m.reply_to()).reply_to({});  // an answer to it would be one too many
      broker->refuse(*answer);
    }
  }
  fate offer(message_ptr m);
  void cut() noexcept {
    closed = true;
    drop_waiting();
    if (root != nullptr) {
      root->cancel();
    }
  }

  subscription_options options;
  broker_handler handler;
  owner* broker;
  std::deque<message_ptr> waiting;
  subscription_stats counts;
  cancel_scope* root = nullptr;  // the task's
  net::wait_slot work;
  waiter_queue enders;
  bool closed = false;
  bool ended = false;
};

auto message_inbox::impl::offer(message_ptr m) -> fate {
  if (closed) {
    return fate::closed;
  }
  const auto size = m->size();
  if (full_for(size) && options.when_full() == full_inbox::drops_newest) {
    drop(*m);
    return fate::dropped;
  }
  while (full_for(size)) {
    const auto oldest = take_oldest();
    drop(*oldest);
  }
  waiting.push_back(std::move(m));
  counts.waiting_bytes += size;
  work.notify();
  return fate::taken;
}

task<void> message_inbox::impl::run(std::shared_ptr<impl> self, context cx) {
  cancel_scope own(cx);
  const task_life here(*self, own);
  const auto body = [&](task_scope& handlers) { return self->take_all(own, handlers); };
  auto joined = co_await with_scope(own, body);
  static_cast<void>(joined);  // handlers give no errors
}

task<result<void>> message_inbox::impl::take_all(context& cx, task_scope& handlers) {
  int started = 0;
  while (!cx.cancelled() && !(closed && waiting.empty())) {
    result<void> woken;
    if (!may_start()) {
      started = 0;
      woken = co_await work.wait(cx);
    } else if (started == most_at_once) {
      started = 0;
      woken = co_await yield(cx);
    } else {
      ++started;
      start_next(handlers);
    }
    if (!woken) {
      break;
    }
  }
  co_return result<void>{};
}

// Without memory for its frame a message is dropped, and the rest goes on.
void message_inbox::impl::start_next(task_scope& handlers) noexcept {
  auto m = take_oldest();
  try {
    auto made = one(handlers.shared_context(), std::move(m));
    handlers.spawn(std::move(made));
  } catch (...) {
    ++counts.dropped;
  }
}

task<void> message_inbox::impl::one(context cx, message_ptr m) {
  const handler_life here(*this);
  auto limited = cx.with_timeout(options.handler_timeout());
  try {
    co_await handler(limited, *m);
  } catch (...) {
    ++counts.failed;  // the end of this message, and of nothing else
  }
}

task<result<void>> message_inbox::impl::drain(std::shared_ptr<impl> self, context& cx,
                                              duration grace) {
  const auto over = [&] { return self->ended; };
  auto outcome = co_await detail::wait_out(cx, grace, "subscription", self->enders, over);
  self->cut();
  co_await detail::join_in(cx.env(), self->enders, over);
  co_return outcome;
}

message_inbox::message_inbox(task_scope& scope, subscription_options options,
                             broker_handler handler, owner& to)
    : impl_(std::make_shared<impl>(std::move(options), std::move(handler), to)) {
  scope.spawn([self = impl_](context& cx) { return impl::run(self, cx); });
}

message_inbox::~message_inbox() {
  impl_->broker = nullptr;
  impl_->cut();
}

auto message_inbox::offer(std::shared_ptr<const broker_message> m) -> fate {
  return impl_->offer(std::move(m));
}

std::size_t message_inbox::load() const noexcept {
  return impl_->waiting.size() + impl_->counts.running;
}

bool message_inbox::full_for(std::size_t bytes) const noexcept {
  return impl_->full_for(bytes);
}

bool message_inbox::makes_room() const noexcept {
  return !impl_->closed && impl_->may_start();
}

bool message_inbox::closed() const noexcept {
  return impl_->closed;
}

subscription_stats message_inbox::stats() const noexcept {
  auto out = impl_->counts;
  out.waiting = impl_->waiting.size();
  return out;
}

void message_inbox::close() noexcept {
  impl_->closed = true;
  impl_->work.notify();
}

void message_inbox::cut() noexcept {
  impl_->cut();
}

task<result<void>> message_inbox::drain(context& cx, duration grace) {
  close();
  return impl::drain(impl_, cx, grace);
}

}  // namespace fairlead
