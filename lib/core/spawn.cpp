// SPDX-License-Identifier: BSL-1.0
// How it works: every child is an Asio coroutine of its own whose root carries a cancellation
// signal tied to the group's context. Our own operations follow the context; the signal reaches
// foreign ones too. When the event loop goes away, Asio destroys coroutines in no useful order, so
// a join is left where it is until the last child's completion handler is destroyed uncalled; only
// then its own coroutine is.
#include <fairlead/core/spawn.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstdio>
#include <memory>

namespace fairlead::detail {

namespace {

// The first frame of every child: cancellation never throws out of an await here, it is a result.
task<void> root(task<void> body) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  co_await std::move(body);
}

}  // namespace

struct child_group::child : cancel_node, std::enable_shared_from_this<child_group::child> {
  explicit child(child_group& g) noexcept : cancel_node(&on_cancel), group(&g), next(g.children_) {
    if (next != nullptr) {
      next->prev = this;
    }
    g.children_ = this;
    ++g.running_;
  }

  // Takes it out of its group, which is nullptr when that has been destroyed before.
  child_group* leave() noexcept {
    unlink();
    if (group != nullptr) {
      (prev != nullptr ? prev->next : group->children_) = next;
      if (next != nullptr) {
        next->prev = prev;
      }
      --group->running_;
    }
    return std::exchange(group, nullptr);
  }

  // co_spawn forwards a signal by dispatching a pointer into the signal's own memory. Emitting on
  // the executor makes that dispatch immediate; anywhere else the child could be gone before it
  // runs.
  static void on_cancel(cancel_node& n) noexcept {
    auto& self = static_cast<child&>(n);
    boost::asio::dispatch(self.executor, [kept = self.shared_from_this()] {
      kept->signal.emit(boost::asio::cancellation_type::terminal);
    });
  }

  boost::asio::cancellation_signal signal;
  child_group* group;
  child* next;
  child* prev = nullptr;
  boost::asio::any_io_executor executor = group->scope().executor();
};

// A child's completion handler.
struct child_group::completion {
  explicit completion(std::shared_ptr<child> c) noexcept : owned(std::move(c)) {}
  completion(completion&&) noexcept = default;
  completion& operator=(completion&&) = delete;
  ~completion() {
    if (owned) {
      if (child_group* const group = owned->leave()) {
        group->on_abandoned();
      }
    }
  }
  void operator()(std::exception_ptr thrown) {
    const auto ended = std::move(owned);
    if (child_group* const group = ended->leave()) {
      group->on_done(std::move(thrown));
    }
  }
  std::shared_ptr<child> owned;
};

child_group::child_group(const context& parent) : scope_(parent) {}

child_group::child_group(environment& env) : scope_(env) {}

child_group::~child_group() {
  if (running_ > 0 && !scope_.env().closing()) {
    std::fprintf(
        stderr, "fairlead: a scope was destroyed with %zu tasks in it; co_await its join() first\n",
        running_);
    std::terminate();
  }
  for (child* c = children_; c != nullptr; c = c->next) {
    c->group = nullptr;
  }
}

void child_group::start(task<void> body) {
  task<void> coroutine = root(std::move(body));  // may throw, so before the child counts
  auto one = std::make_shared<child>(*this);
  child& c = *one;
  if (!scope_.cancelled()) {
    scope_.cancel_tree().add(c);
  }
  const auto slot = c.signal.slot();
  // Owns the child from here on. It is destroyed without a call only when the event loop goes away,
  // or when there is no memory to start the coroutine.
  completion at_end(std::move(one));
  boost::asio::co_spawn(scope_.executor(), std::move(coroutine),
                        boost::asio::bind_cancellation_slot(slot, std::move(at_end)));
}

void child_group::on_done(std::exception_ptr thrown) noexcept {
  if (thrown) {
    if (!thrown_) {
      thrown_ = std::move(thrown);
    }
    scope_.cancel();
  }
  if (running_ > 0) {
    return;
  }
  pass_on_cancellation();
  notify_joiner();
  if (holder_ != nullptr) {
    holder_->notify_joiner();
  }
  if (on_idle_ != nullptr) {
    on_idle_(idle_arg_);
  }
}

void child_group::notify_joiner() noexcept {
  if (joiner_ != nullptr && all_ended()) {
    joiner_->notify();
  }
}

void child_group::pass_on_cancellation() noexcept {
  if (held_ != nullptr && running_ == 0 && scope_.cancelled()) {
    held_->scope_.cancel();
  }
}

void child_group::on_abandoned() noexcept {
  if (running_ > 0) {
    return;
  }
  if (joiner_ == nullptr) {
    if (holder_ != nullptr) {
      holder_->on_abandoned();
    }
  } else if (held_ == nullptr || held_->running_ == 0) {
    std::exchange(joiner_, nullptr)->abandon();
  }
}

task<void> child_group::join_holding(child_group& other) {
  struct hold : cancel_node {
    hold(child_group& g, child_group& o) noexcept : cancel_node(&on_cancel), group(g) {
      group.held_ = &o;
      o.holder_ = &group;
      if (!group.scope_.cancelled()) {
        group.scope_.cancel_tree().add(*this);
      }
      group.pass_on_cancellation();
    }
    hold(const hold&) = delete;
    hold& operator=(const hold&) = delete;
    ~hold() {
      group.held_->holder_ = nullptr;
      group.held_ = nullptr;
    }
    static void on_cancel(cancel_node& n) noexcept {
      static_cast<hold&>(n).group.pass_on_cancellation();
    }
    child_group& group;
  };
  const hold both(*this, other);
  co_await join();
}

task<void> child_group::join() {
  // From here to the end nothing may throw: the children refer to what the owner's frame holds.
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  if (state.cancelled() != boost::asio::cancellation_type::none) {
    scope_.cancel();
  }
  while (!all_ended()) {
    waiter w(joining, scope_);
    w.outlive_environment();
    joiner_ = &w;
    co_await w.wait();
    joiner_ = nullptr;
  }
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  if (thrown_) {
    std::rethrow_exception(std::exchange(thrown_, nullptr));
  }
}

}  // namespace fairlead::detail
