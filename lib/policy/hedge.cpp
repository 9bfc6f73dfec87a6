// SPDX-License-Identifier: BSL-1.0
// How it works: the first attempt runs within the coroutine of `branch`; a timer, or the end of
// another attempt, starts further ones beside it. What ends first and decides cancels the others;
// when all have ended (or their grace is over) the winner's outcome becomes that of the call.
#include <fairlead/policy/hedge.hpp>

#include <fairlead/core/waiter.hpp>
#include <fairlead/policy/latency_quantile.hpp>

#include "detail/text.hpp"

#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

namespace fairlead::policy {

namespace {
constexpr std::uint32_t most_hedges = 100;
}  // namespace

std::vector<std::string> problems_of(const hedge_options& o) {
  std::vector<std::string> out;
  if (o.max_hedges == 0 || o.max_hedges > most_hedges) {
    out.emplace_back("max_hedges is not in 1 to 100");
  }
  if (!(o.quantile >= 0 && o.quantile < 1)) {
    out.emplace_back("quantile is not in [0, 1)");
  }
  if (o.quantile != 0 && (o.min_samples == 0 || o.min_samples > latency_quantile::capacity)) {
    out.emplace_back("min_samples is not in 1 to 256");
  }
  if (o.sample_window <= duration::zero()) {
    out.emplace_back("sample_window is not positive");
  }
  if (o.loser_grace < duration::zero()) {
    out.emplace_back("loser_grace is negative");
  }
  if (o.min_useful < duration::zero()) {
    out.emplace_back("min_useful is negative");
  }
  return out;
}

struct hedge::shared {
  explicit shared(const hedge_options& o)
      : options(o), name(o.name.empty() ? std::string_view("hedge") : o.name) {
    options.name = name;
    if (o.quantile != 0) {
      latencies.emplace(o.quantile, o.min_samples, o.sample_window);
    }
  }

  duration delay(time_point now) {
    if (!latencies) {
      return options.delay;
    }
    const std::lock_guard lock(mutex);
    return latencies->at(now).value_or(duration::max());
  }
  void record(duration latency, time_point now) {
    if (latencies) {
      const std::lock_guard lock(mutex);
      latencies->record(latency, now);
    }
  }

  hedge_options options;
  std::string name;
  std::atomic<std::uint64_t> hedged{0};
  std::atomic<std::uint64_t> won{0};
  std::mutex mutex;
  std::optional<latency_quantile> latencies;  // guarded by the mutex
};

// One call. Lives in the frame of `branch`.
class hedge::execution : timer_node {
 public:
  execution(const hedge& h, call& c, inside& in, const hedge_plan& plan)
      : timer_node([](timer_node& n) noexcept { static_cast<execution&>(n).start_due(); }),
        shared_(*h.shared_),
        budget_(h.budget_ ? &*h.budget_ : nullptr),
        call_(c),
        inside_(in),
        core_(plan),
        base_(c.attempt()),
        abort_(c.caller()),
        on_abort_(*this) {
    abort_.cancel_tree().add(on_abort_);
  }
  execution(const execution&) = delete;
  execution& operator=(const execution&) = delete;
  ~execution() {
    disarm();
    for (auto& a : attempts_) {
      a.run->when_ended(nullptr, nullptr);
      a.run->cancel();
    }
  }

  task<void> first() {
    if (enrolls()) {
      enrolled_ = budget_->begin(call_.caller().now());
    }
    auto r = prepare();
    if (may_leave_losers()) {
      inside_.start(std::move(r));
    } else {
      co_await inside_.run(std::move(r));
    }
  }

  // Until there is an outcome. False when the caller gave up before the next attempt could start.
  task<bool> decision() {
    while (!decided_) {
      if (core_.in_flight() > 0) {
        waiter w(joining, abort_, "hedged attempts");
        const place here(*this, w);
        co_await w.wait();
        continue;
      }
      waiter w(call_.caller(), "hedged attempts");
      const place here(*this, w);
      const auto woken = co_await w.wait();
      if (woken != wake::notified && !decided_ && core_.in_flight() == 0) {
        co_return false;
      }
    }
    co_return true;
  }

  // Until the attempts that lost have ended, or the time is over that they are given.
  task<void> farewell() {
    cancel_scope unbound(call_.caller().env());
    const auto limit = may_leave_losers()
                           ? saturating_add(call_.caller().now(), shared_.options.loser_grace)
                           : no_deadline;
    const context limited = unbound.with_deadline(limit);
    while (core_.in_flight() > 0) {
      waiter w(limited, "hedged attempts that lost to end");
      const place here(*this, w);
      const auto woken = co_await w.wait();
      if (woken == wake::deadline) {
        release_losers();
        break;
      }
    }
  }

  // Makes the outcome of the attempt that decided, or ended last, that of the call.
  void settle() {
    auto& run = *attempts_[winner_].run;
    if (attempts_.size() > 1) {
      shared_.hedged.fetch_add(1, std::memory_order_relaxed);
      shared_.won.fetch_add(winner_ != 0 ? 1 : 0, std::memory_order_relaxed);
    }
    if (run.thrown()) {
      std::rethrow_exception(run.thrown());
    }
    run.give_to(call_);
  }

  void give_up() {
    error e = call_.cancelled() ? error(errors::cancelled{}) : error(errors::deadline{});
    if (const auto* last = attempts_[last_].run->failure(); last != nullptr) {
      e.with_sent(last->sent()).with_cause(*last);
    }
    call_.fail(std::move(e));
  }

 private:
  struct attempt {
    std::shared_ptr<inner_run> run;
    time_point began{};
    time_point ended{};
    retry_budget::reservation extra = {};  // of all but the first
  };
  struct abort_link : cancel_node {
    explicit abort_link(execution& e) noexcept
        : cancel_node(
              [](cancel_node& n) noexcept { static_cast<abort_link&>(n).self.cancel_attempts(); }),
          self(e) {}
    execution& self;
  };
  // Where the coroutine waits; also gone when it is destroyed there.
  struct place {
    place(execution& e, waiter& w) noexcept : self(e) { self.waiting_ = &w; }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() { self.waiting_ = nullptr; }
    execution& self;
  };

  [[nodiscard]] bool may_leave_losers() const noexcept {
    return shared_.options.loser_grace != duration::max() && inside_.detachable();
  }

  std::shared_ptr<inner_run> prepare() {
    auto r = inside_.prepare(call_);
    const auto now = call_.caller().now();
    attempts_.push_back({r, now, {}, {}});
    r->set_attempt(base_ + core_.started(now));
    r->when_ended([](void* self,
                     inner_run& ended) noexcept { static_cast<execution*>(self)->on_ended(ended); },
                  this);
    arm();
    return r;
  }

  void arm() {
    disarm();
    if (core_.next() != no_deadline) {
      call_.caller().env().timers().arm(*this, core_.next());
    }
  }
  void disarm() noexcept {
    if (linked()) {
      call_.caller().env().timers().disarm(*this);
    }
  }

  void start_due() noexcept {
    try {
      while (!decided_ && core_.due(call_.caller().now())) {
        if (call_.cancelled()) {
          core_.refused();  // those that run may still give something real
          disarm();
          wake_up();
          return;
        }
        retry_budget::reservation extra;
        if (budget_ != nullptr) {
          extra = budget_->reserve(call_.caller().now(), extra_attempt::hedge);
          if (!extra) {
            core_.refused();
            break;
          }
        }
        auto r = prepare();
        attempts_.back().extra = std::move(extra);
        call_.report({.policy = observe::policy_kind::hedge,
                      .action = observe::policy_action::hedge,
                      .name = shared_.name,
                      .attempt = r->surroundings().attempt(),
                      .at = call_.caller().now()});
        inside_.start(std::move(r));
      }
    } catch (...) {
      core_.refused();  // there is no memory for another attempt: those that run go on
    }
    if (!decided_ && core_.exhausted()) {
      decide_by_last();
    }
    wake_up();
  }

  void on_ended(inner_run& r) noexcept {
    std::size_t i = 0;
    while (attempts_[i].run.get() != &r) {
      ++i;
    }
    last_ = i;
    const auto now = call_.caller().now();
    attempts_[i].ended = now;
    if (i == 0 && (r.outcome() == verdict::success || decided_)) {
      shared_.record(now - attempts_[i].began, now);  // one that lost would have taken longer still
    }
    const auto* e = r.failure();
    const bool decides = core_.ended(
        {.attempt = static_cast<std::uint32_t>(i),
         .outcome = r.thrown() ? verdict::fatal : r.outcome(),
         .rejected = e != nullptr && e->is_rejection() && r.outcome() == verdict::neutral,
         .wait = e == nullptr    ? std::nullopt
                 : e->pushback() ? e->pushback()
                                 : e->retry_after()},
        now);
    settle_budget(i, r, decides);
    if (decided_) {
      // Of attempts that end at the same instant the one that started first wins.
      const bool counts = r.outcome() == verdict::success || r.outcome() == verdict::fatal;
      if (i < winner_ && counts && now == attempts_[winner_].ended) {
        winner_ = i;
      }
    } else if (decides) {
      decide(i);
    } else {
      try {
        arm();
      } catch (...) {
        core_.refused();
      }
      start_due();
    }
    wake_up();
  }

  // Whether no retry outside has the same budget.
  [[nodiscard]] bool enrolls() const noexcept {
    return budget_ != nullptr && call_.enrolled_in() != budget_->identity();
  }

  // Each attempt counts once, as soon as it ends, since what is left says whether there may be
  // another. Only the outcome of the call is left to a retry outside that has the same budget.
  void settle_budget(std::size_t i, const inner_run& r, bool decides) noexcept {
    if (budget_ == nullptr) {
      return;
    }
    auto& extra = attempts_[i].extra;
    const auto v = decided_ || r.thrown() ? verdict::neutral : r.outcome();
    if (decides && !enrolls()) {
      extra.complete(verdict::neutral);
    } else if (i == 0) {
      budget_->first_ended(v);
    } else {
      extra.complete(v);
    }
    told_ = v;
  }

  // The attempt that ended last becomes the outcome after all: there is to be no other.
  void decide_by_last() noexcept {
    if (budget_ != nullptr && !enrolls() && told_ == verdict::failure) {
      budget_->take_back_failure();
    }
    decide(last_);
  }

  void decide(std::size_t winner) noexcept {
    decided_ = true;
    winner_ = winner;
    disarm();
    for (std::size_t i = 0; i < attempts_.size(); ++i) {
      auto& run = *attempts_[i].run;
      if (!run.ended()) {
        call_.report({.policy = observe::policy_kind::hedge,
                      .action = observe::policy_action::hedge_cancelled,
                      .name = shared_.name,
                      .attempt = run.surroundings().attempt(),
                      .at = call_.caller().now()});
        run.cancel();
      }
    }
  }

  void release_losers() noexcept {
    for (auto& a : attempts_) {
      if (!a.run->ended()) {
        a.run->when_ended(nullptr, nullptr);
        a.run->release();
      }
    }
  }

  void cancel_attempts() noexcept {
    for (auto& a : attempts_) {
      a.run->cancel();
    }
  }

  void wake_up() noexcept {
    if (waiting_ != nullptr) {
      waiting_->notify();
    }
  }

  shared& shared_;
  const retry_budget* budget_;
  retry_budget::execution enrolled_;
  call& call_;
  inside& inside_;
  hedge_core core_;
  std::uint32_t base_;
  cancel_scope abort_;  // cancelled when the awaiting Asio coroutine is
  abort_link on_abort_;
  std::vector<attempt> attempts_;
  waiter* waiting_ = nullptr;
  std::size_t winner_ = 0;
  std::size_t last_ = 0;
  bool decided_ = false;
  verdict told_ = verdict::neutral;  // to the budget, of the attempt that ended last
};

hedge::hedge(const hedge_options& options) {
  detail::throw_if_any("hedge", options.name, problems_of(options));
  shared_ = std::make_shared<shared>(options);
}

result<hedge> hedge::make(const hedge_options& options) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"hedge", detail::joined(problems)});
  }
  return hedge(options);
}

hedge& hedge::with_budget(retry_budget budget) & {
  budget_ = std::move(budget);
  return *this;
}

hedge& hedge::delay_for(delay_function f) & {
  delay_for_ = std::move(f);
  return *this;
}

duration hedge::delay_at(time_point now) const {
  return shared_->delay(now);
}

hedge_metrics hedge::metrics() const noexcept {
  return {shared_->hedged.load(std::memory_order_relaxed),
          shared_->won.load(std::memory_order_relaxed)};
}

std::string_view hedge::name() const noexcept {
  return shared_->name;
}

step hedge::enter(layer_state& /*s*/, call& c) const {
  return c.idempotent() ? step::branch : step::inward;
}

task<void> hedge::branch(layer_state& /*s*/, call& c, inside& in) const {
  // No Asio cancellation may throw before every attempt is joined.
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  const auto& o = shared_->options;
  const hedge_plan plan{.most = o.max_hedges + 1,
                        .delay = delay_for_ ? delay_for_(c.caller()) : shared_->delay(c.now()),
                        .deadline = c.deadline(),
                        .min_useful = o.min_useful};
  execution x(*this, c, in, plan);
  co_await x.first();
  const bool decided = co_await x.decision();
  co_await x.farewell();
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  if (decided) {
    x.settle();
  } else {
    x.give_up();
  }
}

std::string hedge::describe() const {
  const auto& o = shared_->options;
  std::string out = o.max_hedges == 1
                        ? "another attempt beside the first"
                        : "up to " + std::to_string(o.max_hedges) + " attempts beside the first";
  if (delay_for_) {
    out += " after a time that depends on the call";
  } else if (o.quantile != 0) {
    out += " when it takes longer than " +
           std::to_string(static_cast<int>(o.quantile * 100 + 0.5)) + " % of the calls before";
  } else if (o.delay < duration::zero() || o.delay == duration::max()) {
    out += " when one has failed";
  } else {
    out += " after " + detail::words(o.delay);
  }
  return out + ", if the call may happen twice";
}

}  // namespace fairlead::policy
