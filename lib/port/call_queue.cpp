// SPDX-License-Identifier: BSL-1.0
// How it works: one lock guards all that both sides touch. A call lives in the frame of its caller,
// who leaves only once it is taken out or has ended. Word that a running call is given up goes to
// the list of whoever runs it, who cancels it on its own executor.
#include <fairlead/port/call_queue.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace fairlead {

namespace detail {

class queued_list {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void push_back(queued_job& j) noexcept {
    j.prev = last_;
    j.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &j;
    last_ = &j;
    ++size_;
  }
  void remove(queued_job& j) noexcept {
    (j.prev != nullptr ? j.prev->next : first_) = j.next;
    (j.next != nullptr ? j.next->prev : last_) = j.prev;
    j.next = nullptr;
    j.prev = nullptr;
    --size_;
  }
  queued_job* pop_front() noexcept {
    queued_job* const j = first_;
    if (j != nullptr) {
      remove(*j);
    }
    return j;
  }

 private:
  queued_job* first_ = nullptr;
  queued_job* last_ = nullptr;
  std::size_t size_ = 0;
};

namespace {

// Keeps an event loop running while it waits for another thread.
boost::asio::any_io_executor kept_running(const context& cx) {
  return boost::asio::prefer(cx.executor(), boost::asio::execution::outstanding_work.tracked);
}

}  // namespace

/// One `serve`, in its frame.
struct queue_server {
  waiter* idle = nullptr;  // while it has nothing to do
  queued_list given_up;    // of those that it runs
  std::size_t running = 0;
};

}  // namespace detail

using detail::queue_server;
using detail::queued_job;

struct call_queue::state {
  explicit state(call_queue_options o) noexcept : options(o) {}

  // With the lock held, all but `gone`, `await_end` and `ended`.
  [[nodiscard]] error nobody_serves() const {
    error e = errors::unavailable{
        "call_queue", closed ? "it is closed" : "nobody serves it any more", std::nullopt};
    return e.with_sent(error_sent::not_sent);
  }
  [[nodiscard]] error gone(error_sent sent) const {
    const std::lock_guard held(lock);
    return nobody_serves().with_sent(sent);
  }
  void drop(queued_job& job) noexcept;
  [[nodiscard]] bool await_end(queued_job& job, waiter& w) noexcept;
  [[nodiscard]] bool ended(const queued_job& job) const noexcept;
  void wake_one() noexcept {
    for (auto* s : servers) {
      if (s->idle != nullptr && s->running < options.max_concurrent) {
        std::exchange(s->idle, nullptr)->notify();
        return;
      }
    }
  }
  void wake_all() noexcept {
    for (auto* s : servers) {
      if (s->idle != nullptr) {
        std::exchange(s->idle, nullptr)->notify();
      }
    }
  }
  void end(queued_job& job) noexcept {
    job.at = queued_job::state::done;
    job.ended();
    if (job.who != nullptr) {
      std::exchange(job.who, nullptr)->notify();
    }
  }
  void leave(queue_server& s) noexcept;

  // What a server does next.
  struct step {
    queued_job* start = nullptr;
    cancel_scope* cancel = nullptr;  // null for one that has not begun: it will see
    bool looked = false;             // there may be more to do
    bool done = false;
  };
  [[nodiscard]] step next(queue_server& s, waiter& idle);

  class serving;
  class working;
  class resting;
  class watching;
  static task<void> work(state& self, queue_server& s, context& own, queued_job& job);
  task<result<void>> serve(context& cx, queue_server& me, task_scope& scope);

  const call_queue_options options;
  mutable std::mutex lock;
  detail::queued_list waiting;
  std::vector<queue_server*> servers;
  std::size_t running = 0;
  std::uint64_t completed = 0;
  std::uint64_t refused = 0;
  bool was_served = false;
  bool closed = false;
};

// The time in which somebody serves.
class call_queue::state::serving {
 public:
  serving(state& self, queue_server& me) : self_(self), me_(me) {
    const std::lock_guard held(self_.lock);
    self_.servers.push_back(&me_);
    self_.was_served = true;
  }
  serving(const serving&) = delete;
  serving& operator=(const serving&) = delete;
  ~serving() {
    const std::lock_guard held(self_.lock);
    self_.leave(me_);
  }

 private:
  state& self_;
  queue_server& me_;
};

// The time in which a server has nothing to do.
class call_queue::state::resting {
 public:
  resting(state& self, queue_server& me) noexcept : self_(self), me_(me) {}
  resting(const resting&) = delete;
  resting& operator=(const resting&) = delete;
  ~resting() {
    const std::lock_guard held(self_.lock);
    me_.idle = nullptr;
  }

 private:
  state& self_;
  queue_server& me_;
};

void call_queue::state::leave(queue_server& s) noexcept {
  servers.erase(std::find(servers.begin(), servers.end(), &s));
  if (!servers.empty()) {
    wake_one();  // it may have been told of a call that it leaves behind
    return;
  }
  while (queued_job* const job = waiting.pop_front()) {
    job->dropped = true;
    end(*job);
  }
}

// The time in which a call is worked on; it ends it, however that ends.
class call_queue::state::working {
 public:
  working(state& self, queue_server& s, queued_job& job, cancel_scope& own) noexcept
      : self_(self), server_(s), job_(job) {
    const std::lock_guard held(self_.lock);
    job_.work = &own;
    if (job_.given_up) {
      own.cancel();
    }
  }
  working(const working&) = delete;
  working& operator=(const working&) = delete;
  ~working() {
    const std::lock_guard held(self_.lock);
    if (job_.listed) {
      server_.given_up.remove(job_);
      job_.listed = false;
    }
    job_.server = nullptr;
    job_.work = nullptr;
    job_.dropped = !done_;
    --server_.running;
    --self_.running;
    ++self_.completed;
    self_.end(job_);
    if (server_.idle != nullptr) {
      std::exchange(server_.idle, nullptr)->notify();
    }
  }
  void done() noexcept { done_ = true; }

 private:
  state& self_;
  queue_server& server_;
  queued_job& job_;
  bool done_ = false;
};

task<void> call_queue::state::work(state& self, queue_server& s, context& own, queued_job& job) {
  cancel_scope alone(own);
  working here(self, s, job, alone);
  const auto& from = *job.caller;
  context cx = alone.with_deadline(from.deadline())
                   .with_criticality(from.criticality())
                   .with_cost(from.cost())
                   .with_key(from.key())
                   .with_received(job.about)
                   .with_trace(job.trace ? &*job.trace : nullptr);
  try {
    co_await job.run(job, cx);
  } catch (...) {
    job.thrown = std::current_exception();
  }
  here.done();
}

call_queue::state::step call_queue::state::next(queue_server& s, waiter& idle) {
  const std::lock_guard held(lock);
  if (queued_job* const job = s.given_up.pop_front()) {
    job->listed = false;
    return {.cancel = job->work, .looked = true};
  }
  if (!waiting.empty() && s.running < options.max_concurrent) {
    queued_job* const job = waiting.pop_front();
    job->at = queued_job::state::running;
    job->started = true;
    job->server = &s;
    ++s.running;
    ++running;
    return {.start = job, .looked = true};
  }
  if (closed && waiting.empty() && s.running == 0) {
    return {.done = true};
  }
  s.idle = &idle;
  return {};
}

call_queue::call_queue(call_queue_options options) {
  std::string wrong;
  const auto require = [&](bool holds, const char* problem) {
    if (!holds) {
      wrong += wrong.empty() ? "call_queue: " : "; ";
      wrong += problem;
    }
  };
  require(options.max_waiting >= 1, "max_waiting must be at least 1");
  require(options.max_concurrent >= 1, "max_concurrent must be at least 1");
  if (!wrong.empty()) {
    throw std::invalid_argument(wrong);
  }
  state_ = std::make_unique<state>(options);
}

call_queue::~call_queue() {
  if (!state_->servers.empty() || !state_->waiting.empty()) {
    std::fputs("fairlead: a call_queue is destroyed while it is in use\n", stderr);
    std::terminate();
  }
}

namespace {

constexpr std::size_t most_at_once = 64;

// A context that is over, or an awaiting coroutine that was cancelled.
result<void> why_ended(const context& cx) {
  auto alive = cx.check();
  if (alive) {
    return fail(errors::cancelled{});
  }
  return alive;
}

}  // namespace

task<result<void>> call_queue::state::serve(context& cx, queue_server& me, task_scope& scope) {
  for (std::size_t n = 1;; ++n) {
    if (n % most_at_once == 0) {
      static_cast<void>(co_await yield(cx));  // the others of this event loop get their turn
    }
    waiter idle(cx);
    const resting here(*this, me);
    const auto now = next(me, idle);
    if (now.done) {
      co_return result<void>();
    }
    if (now.cancel != nullptr) {
      now.cancel->cancel();
    }
    if (now.start != nullptr) {
      scope.spawn(
          [this, &me, job = now.start](context& own) { return work(*this, me, own, *job); });
    }
    if (!now.looked) {
      const auto woken = co_await idle.wait();
      if (woken != wake::notified) {
        co_return why_ended(cx);
      }
    }
  }
}

task<result<void>> call_queue::serve(context& cx) {
  const auto kept = detail::kept_running(cx);
  queue_server me;
  const state::serving here(*state_, me);
  const auto body = [&](task_scope& scope) { return state_->serve(cx, me, scope); };
  auto ended = co_await with_scope(cx, body);
  co_return ended;
}

void call_queue::close() noexcept {
  const std::lock_guard held(state_->lock);
  state_->closed = true;
  state_->wake_all();
}

call_queue_stats call_queue::stats() const {
  const std::lock_guard held(state_->lock);
  return {state_->waiting.size(), state_->running, state_->completed, state_->refused};
}

result<void> call_queue::enter(const context& cx, queued_job& job) {
  if (auto alive = cx.check(); !alive) {
    return alive;
  }
  auto& s = *state_;
  const std::lock_guard held(s.lock);
  if (s.closed || (s.was_served && s.servers.empty())) {
    return fail(s.nobody_serves());
  }
  if (s.waiting.size() >= s.options.max_waiting) {
    ++s.refused;
    error e = errors::pool_exhausted{"call_queue", s.options.max_waiting};
    return fail(e.at(error_stage::pool).with_sent(error_sent::not_sent));
  }
  job.caller = &cx;
  if (cx.trace() != nullptr) {
    job.trace = cx.trace()->detached();
  }
  job.at = queued_job::state::waiting;
  s.waiting.push_back(job);
  s.wake_one();
  return {};
}

void call_queue::state::drop(queued_job& job) noexcept {
  if (job.at == queued_job::state::waiting) {
    waiting.remove(job);
    job.dropped = true;
    end(job);
  } else if (job.at == queued_job::state::running && !job.given_up) {
    job.given_up = true;
    job.listed = true;
    job.server->given_up.push_back(job);
    if (job.server->idle != nullptr) {
      std::exchange(job.server->idle, nullptr)->notify();
    }
  }
}

void call_queue::give_up(queued_job& job) noexcept {
  const std::lock_guard held(state_->lock);
  state_->drop(job);
}

void call_queue::withdraw(queued_job& job) noexcept {
  const std::lock_guard held(state_->lock);
  if (job.at == queued_job::state::waiting) {
    state_->waiting.remove(job);
    job.at = queued_job::state::done;
  } else if (job.at == queued_job::state::running) {
    std::fputs("fairlead: a queued call is destroyed while another event loop works on it\n",
               stderr);
    std::terminate();
  }
}

// The time in which a waiter may be told of the end of a call.
class call_queue::state::watching {
 public:
  watching(state& self, queued_job& job) noexcept : self_(self), job_(job) {}
  watching(const watching&) = delete;
  watching& operator=(const watching&) = delete;
  ~watching() {
    const std::lock_guard held(self_.lock);
    job_.who = nullptr;
  }

 private:
  state& self_;
  queued_job& job_;
};

// Waits for the end of a call; false when it has ended already.
bool call_queue::state::await_end(queued_job& job, waiter& w) noexcept {
  const std::lock_guard held(lock);
  job.who = job.at == queued_job::state::done ? nullptr : &w;
  return job.who != nullptr;
}

bool call_queue::state::ended(const queued_job& job) const noexcept {
  const std::lock_guard held(lock);
  return job.at == queued_job::state::done;
}

task<result<void>> call_queue::join(context& cx, queued_job& job) {
  auto& s = *state_;
  {
    waiter w(cx);
    const state::watching here(s, job);
    if (s.await_end(job, w)) {
      static_cast<void>(co_await w.wait());
    }
  }
  cancel_scope aborted(cx.env());
  give_up(job);  // unless it has ended
  while (!s.ended(job)) {
    waiter w(joining, aborted);
    const state::watching here(s, job);
    if (s.await_end(job, w)) {
      static_cast<void>(co_await w.wait());
    }
  }
  if (job.thrown) {
    std::rethrow_exception(job.thrown);
  }
  if (!job.dropped) {
    co_return result<void>();
  }
  const auto sent = job.started ? error_sent::unknown : error_sent::not_sent;
  if (auto alive = cx.check(); !alive) {
    co_return fail(alive.error().with_sent(sent));
  }
  co_return fail(s.gone(sent));
}

namespace detail {

queued_stake::queued_stake(call_queue& queue, const context& cx, queued_job& job)
    : queue_(queue), job_(job), kept_(kept_running(cx)) {}

void belongs_to_the_caller(const context& cx, error& e) {
  if (!e.is<errors::cancelled>() && !e.is<errors::deadline>()) {
    return;
  }
  if (auto alive = cx.check(); !alive) {
    e = std::move(alive).error();
    e.with_sent(error_sent::unknown);
  } else if (e.is<errors::cancelled>()) {
    e = errors::unavailable{"call_queue", "whoever serves it has cancelled the call", std::nullopt};
    e.with_sent(error_sent::answered);
  }
}

}  // namespace detail

}  // namespace fairlead
