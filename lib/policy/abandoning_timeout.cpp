// SPDX-License-Identifier: BSL-1.0
// How it works: the inside runs in the background from the beginning, and the call waits for it.
// The run keeps its ward, which knows who waits and whether the run counts as abandoned; the frame
// of the call keeps the run. So whoever goes first, the count comes out right.
#include <fairlead/policy/abandoning_timeout.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/waiter.hpp>

#include "detail/text.hpp"

#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <exception>
#include <utility>

namespace fairlead::policy {

namespace {

// Whoever looks after his deadline was woken at the limit, and needs one turn for each thing that
// he awaits on his way out: closing a connection, joining what he started. It costs no time.
constexpr int last_turns = 16;

// The outcome of a call whose run was left behind.
void fail_without(call& c) {
  error e = c.cancelled() ? error(errors::cancelled{}) : error(errors::deadline{});
  c.fail(std::move(e.with_sent(error_sent::unknown)));
}

std::vector<std::string> problems_with(duration limit, const abandoning_options& options) {
  auto out = problems_of(options);
  if (limit <= duration::zero()) {
    out.emplace_back("the limit is not positive");
  }
  return out;
}

}  // namespace

std::vector<std::string> problems_of(const abandoning_options& o) {
  std::vector<std::string> out;
  if (o.max_abandoned == 0) {
    out.emplace_back(
        "max_abandoned is 0: a timeout that waits is total_timeout or attempt_timeout");
  }
  return out;
}

struct abandoning_timeout::shared {
  explicit shared(const abandoning_options& o)
      : name(o.name.empty() ? std::string_view("timeout") : o.name), max(o.max_abandoned) {}

  // Counts one more, if that is allowed.
  bool reserve() noexcept {
    auto now = abandoned.load(std::memory_order_relaxed);
    while (now < max) {
      if (abandoned.compare_exchange_weak(now, now + 1, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  const std::string name;
  const std::size_t max;
  std::atomic<std::size_t> abandoned{0};
};

// What must be known of a run that may be left behind. The run keeps it.
struct abandoning_timeout::ward {
  ward(std::shared_ptr<shared> s, const call& c) : owner(std::move(s)), sink(c.sink()) {
    if (sink != nullptr) {
      stack = c.stack_name();  // the stack may be gone when the run ends
    }
  }
  ward(const ward&) = delete;
  ward& operator=(const ward&) = delete;
  ~ward() { discount(); }

  void discount() noexcept {
    if (std::exchange(counted, false)) {
      owner->abandoned.fetch_sub(1, std::memory_order_relaxed);
    }
  }

  static void on_end(void* self, inner_run& r) noexcept {
    auto& me = *static_cast<ward*>(self);
    if (me.waiting != nullptr) {
      me.waiting->notify();
    }
    if (me.counted) {
      me.discount();
      me.report(r);
    }
  }

  void report(inner_run& r) const noexcept {
    if (sink == nullptr) {
      return;
    }
    const auto& cx = r.surroundings();
    sink->on_event({.policy = observe::policy_kind::timeout,
                    .action = observe::policy_action::abandoned_ended,
                    .stack = stack,
                    .name = owner->name,
                    .attempt = cx.attempt(),
                    .cause = r.failure(),
                    .at = cx.now(),
                    .cx = &cx});
  }

  std::shared_ptr<shared> owner;
  observe::sink* sink;
  std::string stack;
  waiter* waiting = nullptr;
  bool counted = false;
};

// One call that waits for its run. Lives in the frame of `attend`.
class abandoning_timeout::attendance {
 public:
  attendance(std::shared_ptr<shared> s, call& c, std::shared_ptr<inner_run> run)
      : env_(c.caller().env()),
        run_(std::move(run)),
        ward_(std::make_shared<ward>(std::move(s), c)) {
    run_->keep(ward_);
    run_->when_ended(&ward::on_end, ward_.get());
  }
  attendance(const attendance&) = delete;
  attendance& operator=(const attendance&) = delete;
  ~attendance() {
    if (!run_->ended()) {
      let_go();  // left behind, or the event loop is going away
    }
  }

  [[nodiscard]] bool ended() const noexcept { return run_->ended(); }

  /// Until the run has ended, or it is `limit`.
  task<void> wait(time_point limit) {
    cancel_scope unbound(env_);
    const context limited = unbound.with_deadline(limit);
    while (!run_->ended()) {
      waiter w(limited, "an abandoned call to end");
      const place here(*ward_, w);
      const auto woken = co_await w.wait();
      if (woken == wake::deadline) {
        break;
      }
      if (woken == wake::cancelled) {
        run_->cancel();  // the awaiting Asio coroutine was
      }
    }
  }

  /// Lets whoever is about to end do so.
  task<void> linger() {
    cancel_scope unbound(env_);
    for (int i = 0; i < last_turns && !run_->ended(); ++i) {
      (void)co_await yield(unbound);
    }
  }

  /// Leaves it behind, if that is allowed.
  bool abandon(call& c) {
    if (!ward_->owner->reserve()) {
      report(c, observe::policy_action::not_abandoned);
      return false;
    }
    ward_->counted = true;
    report(c, observe::policy_action::abandoned);
    let_go();
    return true;
  }

 private:
  // Where the coroutine waits; also gone when it is destroyed there.
  struct place {
    place(ward& of, waiter& w) noexcept : ward_(of) { ward_.waiting = &w; }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() { ward_.waiting = nullptr; }
    ward& ward_;
  };

  void let_go() noexcept {
    run_->release();
    run_->cancel();
  }

  void report(call& c, observe::policy_action action) const {
    c.report({.policy = observe::policy_kind::timeout,
              .action = action,
              .name = ward_->owner->name,
              .attempt = c.attempt()});
  }

  environment& env_;
  std::shared_ptr<inner_run> run_;
  std::shared_ptr<ward> ward_;
};

abandoning_timeout::abandoning_timeout(duration limit, const abandoning_options& options)
    : time_limit(options.scope, timeout_options{.late = options.late, .name = options.name}),
      limit_(limit) {
  detail::throw_if_any("abandoning_timeout", options.name, problems_with(limit, options));
  shared_ = std::make_shared<shared>(options);
}

result<abandoning_timeout> abandoning_timeout::make(duration limit,
                                                    const abandoning_options& options) {
  const auto problems = problems_with(limit, options);
  if (!problems.empty()) {
    return fairlead::fail(errors::invalid_argument{"abandoning_timeout", detail::joined(problems)});
  }
  return abandoning_timeout(limit, options);
}

abandoning_timeout& abandoning_timeout::limit_by(limit_function f) & {
  limit_by_ = std::move(f);
  return *this;
}

std::size_t abandoning_timeout::abandoned() const noexcept {
  return shared_->abandoned.load(std::memory_order_relaxed);
}

std::size_t abandoning_timeout::max_abandoned() const noexcept {
  return shared_->max;
}

std::string_view abandoning_timeout::name() const noexcept {
  return shared_->name;
}

step abandoning_timeout::enter(layer_state& s, call& c) const {
  const auto limit = limit_by_ ? limit_by_(std::as_const(c.surroundings())) : limit_;
  narrow(s, c, limit);
  if (limit == duration::max()) {
    return step::inward;
  }
  if (limit <= duration::zero()) {
    error late = errors::deadline{};
    c.fail(std::move(late.at(error_stage::pool)));  // where nothing was sent yet
    return leave(s, c);
  }
  return step::branch;
}

// True when the run was left behind.
task<bool> abandoning_timeout::attend(call& c, inside& in, std::shared_ptr<inner_run> run) const {
  // No Asio cancellation may throw while the run goes on.
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  attendance at(shared_, c, run);
  in.start(std::move(run));
  co_await at.wait(c.deadline());
  co_await at.linger();
  c.forget_time();
  const bool abandoned = !at.ended() && at.abandon(c);
  if (!abandoned) {
    co_await at.wait(no_deadline);
  }
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  co_return abandoned;
}

task<void> abandoning_timeout::branch(layer_state& s, call& c, inside& in) const {
  const auto run = in.prepare(c);
  bool abandoned = false;
  if (in.detachable()) {
    abandoned = co_await attend(c, in, run);
  } else {
    co_await in.run(run);
  }
  c.forget_time();
  if (abandoned) {
    fail_without(c);
  } else if (run->thrown()) {
    std::rethrow_exception(run->thrown());
  } else {
    run->give_to(c);
  }
  static_cast<void>(leave(s, c));
}

std::string abandoning_timeout::describe() const {
  return describe_limit(limit_by_ ? "a time that depends on the call" : in_words(limit_)) +
         " that leaves behind what does not stop, at most " + std::to_string(shared_->max) +
         " at a time";
}

}  // namespace fairlead::policy
