// SPDX-License-Identifier: BSL-1.0
// How it works: the suspended coroutine is owned by the environment's list of parked operations, so
// that it is destroyed with the environment if nothing ever wakes it. Whoever wins the state word
// posts the resumption; until that has run, the waiter stays where it is.
#include <fairlead/core/waiter.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>

#include <new>
#include <utility>

namespace fairlead {

// Everything that a suspension links to. Lives in the frame of `wait`.
struct waiter::operation : environment::parked {
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
      : parked(&on_drop), self(w), env(e), cancel(w), timer(w) {}
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;
  ~operation() { untie(); }

  // What `co_await` starts once the coroutine is suspended.
  template <class Handler>
  void start(Handler handler) {
    static_assert(sizeof(Handler) <= sizeof(storage) && alignof(Handler) <= alignof(void*));
    auto outer = boost::asio::get_associated_cancellation_slot(handler);
    if (outer.is_connected()) {
      outer.assign([this](boost::asio::cancellation_type) { on_asio_cancel(); });
    }
    ::new (static_cast<void*>(&storage)) Handler(std::move(handler));
    take = [](operation& op, disposal what) {
      auto* stored = std::launder(reinterpret_cast<Handler*>(&op.storage));
      Handler taken(std::move(*stored));
      stored->~Handler();
      op.take = nullptr;
      if (what == disposal::resume) {
        std::move(taken)();
      }
    };
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
      take(*this, disposal::resume);
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

  static void on_drop(parked& p) noexcept {
    auto& op = static_cast<operation&>(p);
    if (!op.self.held_ || op.self.woken()) {
      op.destroy();
    }
  }

  void leave_environment() noexcept {
    if (listed) {
      env.unpark(*this);
    }
  }

  void destroy() noexcept {
    untie();
    leave_environment();
    self.state_.store(state::cancelled, std::memory_order_release);  // nobody may wake it now
    take(*this, disposal::destroy);
  }

  enum class disposal : std::uint8_t { resume, destroy };

  waiter& self;
  environment& env;
  cancel_link cancel;
  deadline_timer timer;
  void (*take)(operation&, disposal) = nullptr;
  alignas(void*) std::byte storage[4 * sizeof(void*)];
};

namespace {

// An operation in the sense of Asio: something that takes a completion token for `void()`.
template <class Operation>
struct suspension {
  Operation* op;

  template <boost::asio::completion_token_for<void()> Token>
  auto operator()(Token&& token) && {
    return boost::asio::async_initiate<Token, void()>(
        [target = op](auto handler) { target->start(std::move(handler)); }, token);
  }
};

}  // namespace

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
  if (operation_ != nullptr && operation_->take != nullptr) {
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
