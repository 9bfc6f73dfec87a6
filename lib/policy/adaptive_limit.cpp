// SPDX-License-Identifier: BSL-1.0
// How it works: `in_use` is taken by compare and swap below the published `limit`. Who has to wait
// stands in a line under a lock; `waiting` tells its length to those who do not lock. A place that
// becomes free is handed to the first in line. Nobody is missed: who gives a place back reads
// `waiting` after `in_use` was lowered, who joins the line looks at `in_use` after `waiting` was
// raised, and both are sequentially consistent.
#include <fairlead/policy/adaptive_limit.hpp>

#include <fairlead/core/waiter.hpp>
#include <fairlead/policy/adaptive_core.hpp>

#include "detail/text.hpp"

#include <atomic>
#include <mutex>

namespace fairlead::policy {

namespace {

const adaptive_options& checked(const adaptive_options& options) {
  detail::throw_if_any("adaptive_limit", options.name, problems_of(options));
  return options;
}

}  // namespace

struct adaptive_limit::shared {
  explicit shared(const adaptive_options& o) : name(o.name), options(o), core(o) {
    options.name = name;
    limit = core.limit();
  }

  struct place;

  // How many are in flight with this one; 0 when it is full.
  std::uint32_t try_take() noexcept {
    auto seen = in_use.load();
    do {
      if (seen >= limit.load()) {
        return 0;
      }
    } while (!in_use.compare_exchange_weak(seen, seen + 1));
    return seen + 1;
  }

  void give_back() noexcept {
    in_use.fetch_sub(1);
    serve();
  }

  // Hands what is free to those who wait.
  void serve() noexcept {
    if (waiting.load() > 0) {
      const std::lock_guard hold(line_lock);
      serve_locked();
    }
  }
  void serve_locked() noexcept;

  std::uint32_t end(std::uint32_t in_flight, time_point began, verdict outcome, time_point now) {
    std::uint32_t moved = 0;
    if (outcome != verdict::neutral) {
      const std::lock_guard hold(core_lock);
      if (core.end(began, in_flight, outcome, now)) {
        moved = core.limit();
        limit.store(moved);
      }
    }
    give_back();
    return moved;
  }

  [[nodiscard]] error full() const { return errors::bulkhead_full{name, limit.load()}; }
  [[nodiscard]] std::string_view label() const noexcept {
    return name.empty() ? std::string_view("adaptive_limit") : name;
  }

  static task<result<void>> wait_in_line(shared& s, context until, time_point deadline,
                                         permit& out);

  const std::string name;
  adaptive_options options;
  alignas(64) std::atomic<std::uint32_t> in_use{0};
  std::atomic<std::uint32_t> waiting{0};
  std::atomic<std::uint32_t> limit{0};
  std::mutex core_lock;
  adaptive_core core;
  std::mutex line_lock;
  waiter_queue line;
};

// A place in the line. However the coroutine ends, it leaves the line, and what it was handed but
// did not take goes to the next.
struct adaptive_limit::shared::place : waiter {
  place(shared& s, const context& cx) noexcept
      : waiter(cx, "its turn at an adaptive limit"), owner(s) {}
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() {
    std::uint32_t unused = 0;
    {
      const std::lock_guard hold(owner.line_lock);
      owner.line.remove(*this);
      owner.waiting.store(static_cast<std::uint32_t>(owner.line.size()));
      unused = granted;
    }
    if (unused != 0) {
      owner.give_back();
    }
  }
  std::uint32_t take() noexcept {
    const std::lock_guard hold(owner.line_lock);
    return std::exchange(granted, 0);
  }

  shared& owner;
  std::uint32_t granted = 0;  // how many are in flight with it; guarded by the lock of the line
};

void adaptive_limit::shared::serve_locked() noexcept {
  while (!line.empty()) {
    const auto in_flight = try_take();
    if (in_flight == 0) {
      break;
    }
    auto* next = line.notify_one();
    if (next == nullptr) {
      in_use.fetch_sub(1);
      break;
    }
    static_cast<place*>(next)->granted = in_flight;
  }
  waiting.store(static_cast<std::uint32_t>(line.size()));
}

task<result<void>> adaptive_limit::shared::wait_in_line(shared& s, context until,
                                                        time_point deadline, permit& out) {
  place mine(s, until);
  {
    const std::lock_guard hold(s.line_lock);
    if (s.line.size() >= s.options.queue) {
      co_return tl::unexpected<error>(s.full());
    }
    s.line.push_back(mine);
    s.waiting.store(static_cast<std::uint32_t>(s.line.size()));
    s.serve_locked();
  }
  const auto woken = co_await mine.wait();
  if (woken == wake::cancelled || until.cancelled()) {
    co_return fail(errors::cancelled{});
  }
  if (woken == wake::deadline) {
    if (until.deadline() < deadline) {  // max_wait came first
      co_return tl::unexpected<error>(s.full());
    }
    co_return fail(errors::deadline{});
  }
  out = permit(&s, mine.take(), until.now());
  co_return result<void>{};
}

adaptive_limit::adaptive_limit(const adaptive_options& options)
    : shared_(std::make_shared<shared>(checked(options))) {}

adaptive_limit::adaptive_limit(const adaptive_limit& other) noexcept = default;
adaptive_limit::adaptive_limit(adaptive_limit&& other) noexcept = default;
adaptive_limit& adaptive_limit::operator=(const adaptive_limit& other) noexcept = default;
adaptive_limit& adaptive_limit::operator=(adaptive_limit&& other) noexcept = default;
adaptive_limit::~adaptive_limit() = default;

result<adaptive_limit> adaptive_limit::make(const adaptive_options& options) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"adaptive_limit", detail::joined(problems)});
  }
  return adaptive_limit(std::make_shared<shared>(options));
}

result<adaptive_limit::permit> adaptive_limit::admit(time_point now) const {
  auto& s = *shared_;
  const auto in_flight = s.waiting.load() > 0 ? 0 : s.try_take();
  if (in_flight == 0) {
    return result<permit>(tl::unexpect, s.full());
  }
  return permit(&s, in_flight, now);
}

std::uint32_t adaptive_limit::permit::settle(verdict outcome, time_point now) noexcept {
  return std::exchange(owner_, nullptr)->end(in_flight_, began_, outcome, now);
}

step adaptive_limit::refuse(call& c, error e) const {
  c.fail(std::move(e));
  if (c.observed() && c.failure()->kind() == error_kind::bulkhead_full) {
    c.report({.policy = observe::policy_kind::adaptive_limit,
              .action = observe::policy_action::rejected,
              .name = shared_->label(),
              .attempt = c.attempt(),
              .cause = c.failure()});
  }
  return step::outward;
}

step adaptive_limit::enter(layer_state& state, call& c) const {
  auto& s = *shared_;
  const auto waiting = s.waiting.load();
  const auto in_flight = waiting > 0 ? 0 : s.try_take();
  if (in_flight != 0) {
    state.held = permit(&s, in_flight, c.now());
    return step::inward;
  }
  if (waiting >= s.options.queue || s.options.max_wait <= duration::zero()) {
    return refuse(c, s.full());
  }
  c.begin_wait();
  return step::wait;
}

task<result<void>> adaptive_limit::pause(layer_state& state, call& c) const {
  const auto own = saturating_add(c.now(), shared_->options.max_wait);
  return shared::wait_in_line(*shared_, c.surroundings().with_deadline(own), c.deadline(),
                              state.held);
}

step adaptive_limit::resume(layer_state& state, call& c, const result<void>& waited) const {
  c.end_wait(observe::policy_kind::adaptive_limit, shared_->label());
  if (!waited) {
    return refuse(c, waited.error());
  }
  state.held.began_ = c.now();
  return step::inward;
}

step adaptive_limit::leave(layer_state& state, call& c) const {
  const auto moved = state.held.settle(c.outcome(), c.now());
  if (moved != 0 && c.observed()) {
    c.report({.policy = observe::policy_kind::adaptive_limit,
              .action = observe::policy_action::limit,
              .name = shared_->label(),
              .attempt = c.attempt(),
              .value = static_cast<double>(moved)});
  }
  return step::outward;
}

adaptive_metrics adaptive_limit::metrics() const noexcept {
  return {shared_->limit.load(), shared_->in_use.load(), shared_->waiting.load()};
}

std::string_view adaptive_limit::name() const noexcept {
  return shared_->name;
}

std::string adaptive_limit::describe() const {
  const auto& o = shared_->options;
  std::string out = "an adaptive limit ";
  if (!o.name.empty()) {
    out.append("'").append(o.name).append("' ");
  }
  out += "of " + std::to_string(o.min) + " to " + std::to_string(o.max) + " calls at a time, by " +
         std::string(to_string(o.algorithm));
  if (o.queue > 0 && o.max_wait > duration::zero()) {
    out += ", with " + std::to_string(o.queue) + " more waiting up to " + detail::words(o.max_wait);
  }
  return out;
}

}  // namespace fairlead::policy
