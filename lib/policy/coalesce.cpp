// SPDX-License-Identifier: BSL-1.0
// How it works: a flight stands in a map while its run goes on. Everybody who waits for it is a
// party, the caller who started it too; the last party to leave takes it out of the map and cancels
// the run. A run keeps its flight alive, not the other way round; one that is destroyed before its
// end, with its event loop, tells those who wait elsewhere.
#include <fairlead/policy/coalesce.hpp>

#include <fairlead/core/waiter.hpp>

#include "detail/text.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace fairlead::policy {

namespace {

struct flight_key {
  std::string key;
  const void* type;
  friend bool operator<(const flight_key& a, const flight_key& b) noexcept {
    return a.type != b.type ? std::less<>{}(a.type, b.type) : a.key < b.key;
  }
};

}  // namespace

std::vector<std::string> problems_of(const coalesce_options& o) {
  std::vector<std::string> out;
  if (o.limit <= duration::zero()) {
    out.emplace_back("limit is not positive");
  }
  return out;
}

struct coalesce::flight {
  flight(std::shared_ptr<shared> o, flight_key k) : owner(std::move(o)), key(std::move(k)) {}

  std::shared_ptr<shared> owner;
  const flight_key key;
  // Guarded by the owner's mutex.
  std::weak_ptr<inner_run> run;
  std::size_t parties = 0;
  waiter_queue waiting;
  bool done = false;
  // Written before `done`.
  std::shared_ptr<const void> outcome;  // null when the run was destroyed, or threw
  verdict judged = verdict::neutral;
  std::exception_ptr thrown;
};

struct coalesce::shared {
  explicit shared(const coalesce_options& o)
      : limit(o.limit), name(o.name.empty() ? std::string_view("coalesce") : o.name) {}

  duration limit;
  std::string name;
  std::mutex mutex;
  std::map<flight_key, std::shared_ptr<flight>> flights;
};

// A share in a flight.
class coalesce::party {
 public:
  party(std::shared_ptr<shared> of, call& c)
      : shared_(std::move(of)), here_(c.caller().executor()) {
    flight_key key{std::string(c.caller().key()), c.type().id};
    std::shared_ptr<inner_run> run;  // not destroyed under the lock
    const std::lock_guard lock(shared_->mutex);
    const auto found = shared_->flights.find(key);
    if (found != shared_->flights.end()) {
      flight_ = found->second;
      run = flight_->run.lock();
      if (run && c.caller().cancel_tree().is_within(run->surroundings().cancel_tree())) {
        flight_.reset();  // it would wait for itself
        return;
      }
    } else {
      flight_ = std::make_shared<flight>(shared_, key);
      shared_->flights.emplace(std::move(key), flight_);
      first_ = true;
    }
    ++flight_->parties;
  }
  party(const party&) = delete;
  party& operator=(const party&) = delete;
  ~party() {
    if (flight_) {
      leave();
    }
  }

  [[nodiscard]] bool refused() const noexcept { return flight_ == nullptr; }
  [[nodiscard]] bool first() const noexcept { return first_; }

  void take_off(call& c, inside& in) {
    auto run = in.prepare(c);
    run->release();
    run->set_deadline(shared_->limit == duration::max() ? no_deadline
                                                        : saturating_add(c.now(), shared_->limit));
    run->keep(std::make_shared<crew>(flight_));
    run->when_ended([](void* f, inner_run& r) noexcept { land(*static_cast<flight*>(f), r); },
                    flight_.get());
    {
      const std::lock_guard lock(shared_->mutex);
      flight_->run = run;
    }
    in.start(std::move(run));
  }

  // Until the flight has landed, or the caller does not want to wait any more.
  task<wake> wait(context& cx) {
    waiter w(cx, "the same call of another");
    const place here(*shared_, *flight_, w);
    if (here.landed()) {
      co_return wake::notified;
    }
    const auto woken = co_await w.wait();
    co_return woken;
  }

  void share(call& c) const {
    if (flight_->thrown) {
      std::rethrow_exception(flight_->thrown);
    }
    if (!flight_->outcome) {
      error e = errors::unavailable{shared_->name, "the event loop of the shared run has ended",
                                    std::nullopt};
      c.fail(std::move(e.with_sent(error_sent::unknown)));
      return;
    }
    c.type().assign(c, flight_->outcome.get());
    c.judge(flight_->judged);
  }

 private:
  // What a run keeps: goes with it, and then nobody waits any more.
  struct crew {
    explicit crew(std::shared_ptr<flight> f) noexcept : of(std::move(f)) {}
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;
    ~crew() {
      const std::lock_guard lock(of->owner->mutex);
      if (!of->done) {
        come_down(*of);
      }
    }
    std::shared_ptr<flight> of;
  };

  // A place among those who wait.
  class place {
   public:
    place(shared& s, flight& f, waiter& w) : shared_(s), flight_(f), waiter_(w) {
      const std::lock_guard lock(shared_.mutex);
      landed_ = flight_.done;
      if (!landed_) {
        flight_.waiting.push_back(waiter_);
      }
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() {
      const std::lock_guard lock(shared_.mutex);
      flight_.waiting.remove(waiter_);
    }
    [[nodiscard]] bool landed() const noexcept { return landed_; }

   private:
    shared& shared_;
    flight& flight_;
    waiter& waiter_;
    bool landed_ = false;
  };

  static void remove(shared& s, flight& f) {
    const auto at = s.flights.find(f.key);
    if (at != s.flights.end() && at->second.get() == &f) {
      s.flights.erase(at);
    }
  }

  static void land(flight& f, inner_run& r) noexcept {
    std::shared_ptr<const void> outcome;
    std::exception_ptr thrown = r.thrown();
    if (!thrown) {
      try {
        outcome = r.copy();
      } catch (...) {
        thrown = std::current_exception();
      }
    }
    const std::lock_guard lock(f.owner->mutex);
    f.outcome = std::move(outcome);
    f.thrown = std::move(thrown);
    f.judged = r.outcome();
    come_down(f);
  }

  // Under the lock.
  static void come_down(flight& f) {
    f.done = true;
    remove(*f.owner, f);
    f.waiting.notify_all();
  }

  void leave() noexcept {
    std::shared_ptr<inner_run> own;
    {
      const std::lock_guard lock(shared_->mutex);
      if (--flight_->parties > 0 || flight_->done) {
        return;
      }
      remove(*shared_, *flight_);
      auto run = flight_->run.lock();
      if (!run) {
        return;
      }
      const auto home = run->surroundings().executor();
      if (home != here_) {
        // Under the lock, without which it cannot end: a loop that has ended may be gone.
        boost::asio::post(home, [run = std::move(run)] { run->cancel(); });
        return;
      }
      own = std::move(run);
    }
    boost::asio::dispatch(here_, [run = std::move(own)] { run->cancel(); });
  }

  std::shared_ptr<shared> shared_;
  boost::asio::any_io_executor here_;
  std::shared_ptr<flight> flight_;
  bool first_ = false;
};

coalesce::coalesce(const coalesce_options& options) {
  detail::throw_if_any("coalesce", options.name, problems_of(options));
  shared_ = std::make_shared<shared>(options);
}

result<coalesce> coalesce::make(const coalesce_options& options) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fairlead::fail(errors::invalid_argument{"coalesce", detail::joined(problems)});
  }
  return coalesce(options);
}

std::size_t coalesce::flights() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->flights.size();
}

step coalesce::enter(layer_state& /*s*/, call& c) const {
  return c.caller().key().empty() ? step::inward : step::branch;
}

task<void> coalesce::branch(layer_state& /*s*/, call& c, inside& in) const {
  if (!in.detachable()) {
    c.fail(errors::invalid_argument{
        shared_->name,
        "a shared run may outlive the call: give the operation as policy::detachable(op), and let "
        "it own what it uses"});
    co_return;
  }
  party mine(shared_, c);
  if (mine.refused()) {
    c.fail(errors::invalid_argument{
        shared_->name, "the operation waits for itself: it made a call with its own key \"" +
                           std::string(c.caller().key()) + "\""});
    co_return;
  }
  if (mine.first()) {
    mine.take_off(c, in);
  } else {
    c.report({.policy = observe::policy_kind::coalesce,
              .action = observe::policy_action::joined,
              .name = shared_->name,
              .attempt = c.attempt()});
  }
  const auto woken = co_await mine.wait(c.surroundings());
  if (woken == wake::notified) {
    mine.share(c);
  } else if (woken == wake::cancelled) {
    c.fail(errors::cancelled{});
  } else {
    error e = errors::deadline{};
    c.fail(std::move(e.with_sent(error_sent::unknown)));
  }
}

std::string coalesce::describe() const {
  return "one run for all calls with the same key at the same time";
}

}  // namespace fairlead::policy
