// SPDX-License-Identifier: BSL-1.0
// How it works: the suspended coroutine is owned by the environment's list of parked operations, so
// that it is destroyed with the environment if nothing ever wakes it. Whoever wins the state word
// posts the resumption; until that has run, the waiter stays where it is.
#include <fairlead/core/waiter.hpp>

#include <fairlead/core/suspension.hpp>

#include <boost/asio/post.hpp>

#include <utility>

namespace fairlead {

// Everything that a suspension links to. Lives in the frame of `wait`.
struct waiter::operation : waiting_link {
  struct cancel_link : cancel_node {
    explicit cancel_link(waiter& w) noexcept : cancel_node(&on_cancel), self(w) {}
    static void on_cancel(cancel_node& n) noexcept {
      static_cast<cancel_link&>(n).self.finish(state::cancelled);
    }
    waiter& self;
  };
  struct deadline_timer : timer_node {
    explicit deadline_timer(waiter& w) noexcept : timer_node(&on_expire), self(w) {}
    static void on_expire(timer_node& n) noexcept {
      static_cast<deadline_timer&>(n).self.finish(state::deadline);
    }
    waiter& self;
  };

  operation(waiter& w, environment& e) noexcept
      : waiting_link(as_wait), self(w), env(e), cancel(w), timer(w) {}
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;
  ~operation() { untie(); }

  // What `co_await` starts once the coroutine is suspended.
  template <class Handler>
  void start(Handler handler) {
    coroutine.hold(std::move(handler), [this] { on_asio_cancel(); });
    env.park(*this);
    if (self.cx_ != nullptr) {
      self.cx_->cancel_tree().add(cancel);
      env.timers().arm(timer, self.cx_->deadline());
    }
    auto expected = state::idle;
    if (!self.state_.compare_exchange_strong(expected, state::waiting, std::memory_order_acq_rel)) {
      post_resume();  // notified between the check and now
    }
  }

  void post_resume() {
    boost::asio::post(env.executor(), [this] {
      untie();
      leave_environment();
      coroutine.resume();
    });
  }

  void on_asio_cancel() noexcept {
    if (self.on_abort_ != nullptr) {
      self.on_abort_->cancel();
    } else {
      self.finish(state::cancelled);
    }
  }

  void untie() noexcept {
    cancel.unlink();
    if (timer.linked()) {
      env.timers().disarm(timer);
    }
  }

  static void on_drop(waiting_link& l) noexcept {
    auto& op = static_cast<operation&>(l);
    if (!op.self.held_ || op.self.woken()) {
      op.destroy();
    }
  }

  static waiting_task on_tell(const waiting_link& l) {
    const auto& op = static_cast<const operation&>(l);
    return {op.self.what_, {}, op.self.cx_};
  }
  static constexpr kind as_wait{&on_tell, &on_drop};

  void leave_environment() noexcept {
    if (linked()) {
      env.unpark(*this);
    }
  }

  void destroy() noexcept {
    untie();
    leave_environment();
    self.state_.store(state::cancelled, std::memory_order_release);  // nobody may wake it now
    coroutine.destroy();
  }

  waiter& self;
  environment& env;
  cancel_link cancel;
  deadline_timer timer;
  suspended coroutine;
};

task<wake> waiter::wait() {
  if (!woken() && cx_ != nullptr) {
    if (cx_->cancelled()) {
      finish(state::cancelled);
    } else if (cx_->deadline() != no_deadline && cx_->now() >= cx_->deadline()) {
      finish(state::deadline);
    }
  }
  if (!woken()) {
    operation op(*this, *env_);
    operation_ = &op;
    co_await suspension<operation>{&op};
    operation_ = nullptr;
  }
  switch (state_.load(std::memory_order_acquire)) {
    case state::cancelled:
      co_return wake::cancelled;
    case state::deadline:
      // A cancellation that came after the timer, but before we ran, wins.
      co_return cx_ != nullptr && cx_->cancelled() ? wake::cancelled : wake::deadline;
    default:
      co_return wake::notified;
  }
}

bool waiter::finish(state reason) noexcept {
  auto expected = state_.load(std::memory_order_acquire);
  while (expected == state::idle || expected == state::waiting) {
    if (state_.compare_exchange_weak(expected, reason, std::memory_order_acq_rel)) {
      if (expected == state::waiting) {
        operation_->post_resume();
      }
      return true;
    }
  }
  return false;
}

void waiter::abandon() noexcept {
  if (operation_ != nullptr && operation_->coroutine.holds()) {
    operation_->destroy();
  }
}

void waiter_queue::push_back(waiter& w) noexcept {
  w.prev_ = last_;
  w.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &w;
  last_ = &w;
  w.queued_ = true;
  ++size_;
}

void waiter_queue::remove(waiter& w) noexcept {
  if (!w.queued_) {
    return;
  }
  (w.prev_ != nullptr ? w.prev_->next_ : first_) = w.next_;
  (w.next_ != nullptr ? w.next_->prev_ : last_) = w.prev_;
  w.queued_ = false;
  --size_;
}

waiter* waiter_queue::notify_one() noexcept {
  while (first_ != nullptr) {
    waiter& w = *first_;
    remove(w);
    if (w.notify()) {
      return &w;
    }
  }
  return nullptr;
}

void waiter_queue::notify_all() noexcept {
  while (notify_one() != nullptr) {
  }
}

}  // namespace fairlead
