// SPDX-License-Identifier: BSL-1.0
// How it works: Asio registers every descriptor once, edge-triggered, for reading. An event that
// finds nobody waiting is remembered (`try_speculative_`), so a wait that is started
// "speculatively" ends at once if there was one since the last wait, and else sleeps until the
// next. That is right for who has read everything. Who has not must have epoll look again, which is
// what a wait does that is not speculative.
#include "detail/reactor_entry.hpp"

#include "detail/sockaddr.hpp"

#include <fairlead/core/suspension.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#ifdef FAIRLEAD_KNOWN_REACTOR

#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/detail/scheduler.hpp>

namespace fairlead::net::detail {

namespace {

namespace asio_detail = boost::asio::detail;

int type_of(direction towards) noexcept {
  return towards == direction::read ? asio_detail::epoll_reactor::read_op
                                    : asio_detail::epoll_reactor::write_op;
}

}  // namespace

// One wait. Lives in the frame of the coroutine that waits.
class reactor_entry::operation : public asio_detail::reactor_op, waiting_link {
 public:
  operation(reactor_entry& e, const context& cx, int fd, direction towards, known what) noexcept
      : reactor_op({}, &ready, &complete),
        waiting_link(as_wait),
        entry_(e),
        cx_(cx),
        fd_(fd),
        type_(type_of(towards)),
        what_(what),
        cancel_(*this),
        timer_(*this) {
    cancellation_key_ = this;
  }
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;
  ~operation() { untie(); }

  template <class Handler>
  void start(Handler handler) {
    coroutine_.hold(std::move(handler), [this] { abort(); });
    entry_.reactor_->start_op(type_, fd_, entry_.state_, this, false, what_ == known::drained);
    if (cx_.cancelled()) {
      abort();
      return;
    }
    cx_.cancel_tree().add(cancel_);
    cx_.env().timers().arm(timer_, cx_.deadline());
    cx_.env().show(*this);
  }

  [[nodiscard]] bool aborted() const noexcept {
    return ec_ == boost::asio::error::operation_aborted;
  }

 private:
  struct cancel_link : cancel_node {
    explicit cancel_link(operation& o) noexcept : cancel_node(&on_cancel), self(o) {}
    static void on_cancel(cancel_node& n) noexcept { static_cast<cancel_link&>(n).self.abort(); }
    operation& self;
  };
  struct deadline_timer : timer_node {
    explicit deadline_timer(operation& o) noexcept : timer_node(&on_expire), self(o) {}
    static void on_expire(timer_node& n) noexcept { static_cast<deadline_timer&>(n).self.abort(); }
    operation& self;
  };

  // "Exhausted": the event that ends a wait is used up by it.
  static status ready(reactor_op* /*op*/) { return done_and_exhausted; }

  // `owner` is null when the event loop goes away with the wait in it.
  static void complete(void* owner, asio_detail::operation* base,
                       const boost::system::error_code& /*ec*/, std::size_t /*bytes*/) {
    auto& self = *static_cast<operation*>(base);
    self.untie();
    if (owner == nullptr) {
      self.coroutine_.destroy();
    } else {
      self.coroutine_.resume();
    }
  }

  void abort() noexcept {
    untie();
    entry_.reactor_->cancel_ops_by_key(fd_, entry_.state_, type_, this);
  }

  static waiting_task tell(const waiting_link& l) {
    const auto& self = static_cast<const operation&>(l);
    const bool reads = self.type_ == type_of(direction::read);
    return {reads ? "a socket to be readable" : "a socket to be writable",
            describe_socket(self.fd_), &self.cx_};
  }
  static constexpr kind as_wait{&tell};

  void untie() noexcept {
    unlink();
    cancel_.unlink();
    if (timer_.linked()) {
      cx_.env().timers().disarm(timer_);
    }
  }

  reactor_entry& entry_;
  const context& cx_;
  int fd_;
  int type_;
  known what_;
  cancel_link cancel_;
  deadline_timer timer_;
  suspended coroutine_;
};

reactor_entry::reactor_entry(const boost::asio::any_io_executor& executor) {
  if (const auto* loop = executor.target<boost::asio::io_context::executor_type>()) {
    reactor_ = &boost::asio::use_service<reactor_type>(loop->context());
    reactor_->init_task();
  }
}

int reactor_entry::add(int fd) {
  const int code = reactor_->register_descriptor(fd, state_);
  if (code != 0) {
    reactor_->cleanup_descriptor_data(state_);  // which it makes in any case
  }
  return code;
}

void reactor_entry::remove(int fd) noexcept {
  reactor_->deregister_descriptor(fd, state_, false);
  reactor_->cleanup_descriptor_data(state_);
}

task<result<void>> reactor_entry::wait(context& cx, int fd, direction towards, known what) {
  if (cx.cancelled()) {
    co_return fail(errors::cancelled{});
  }
  if (state_ == nullptr) {
    co_return result<void>{};
  }
  operation op(*this, cx, fd, towards, what);
  co_await suspension<operation>{&op};
  if (!op.aborted()) {
    co_return result<void>{};
  }
  auto ended = cx.check();
  if (ended && state_ != nullptr) {
    co_return fail(errors::cancelled{});  // the Asio coroutine that awaits was cancelled
  }
  co_return ended;
}

}  // namespace fairlead::net::detail

#else

namespace fairlead::net::detail {

reactor_entry::reactor_entry(const boost::asio::any_io_executor& /*executor*/) {}

int reactor_entry::add(int /*fd*/) {
  return 0;
}

void reactor_entry::remove(int /*fd*/) noexcept {}

task<result<void>> reactor_entry::wait(context& /*cx*/, int /*fd*/, direction /*towards*/,
                                       known /*what*/) {
  co_return result<void>{};
}

}  // namespace fairlead::net::detail

#endif
