// SPDX-License-Identifier: BSL-1.0
// How it works: outcomes are counted in the endpoint's own atomics and collected by whoever finds
// the interval over. What the core decides is published in two instants: until when the endpoint is
// ejected, and until when the whole set is used nevertheless.
#include <fairlead/policy/outlier.hpp>

#include <fairlead/policy/outlier_core.hpp>

#include "detail/text.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

namespace fairlead::policy {

namespace {

using rep = duration::rep;

constexpr rep never = time_point::min().time_since_epoch().count();

rep count_of(time_point t) noexcept {
  return t.time_since_epoch().count();
}

const outlier_options& checked(const outlier_options& options) {
  detail::throw_if_any("outlier_detector", {}, problems_of(options));
  return options;
}

}  // namespace

struct outlier_detector::shared {
  explicit shared(const outlier_options& o) : options(o), core(o) {}

  // With the lock held.
  std::size_t sweep_locked(time_point now);
  void publish_locked(time_point now);

  const outlier_options options;
  std::mutex lock;
  outlier_core core;
  std::vector<endpoint::state*> all;
  std::atomic<rep> next_sweep{never};  // never: the first outcome begins the first interval
  std::atomic<rep> panic_until{never};
};

struct outlier_detector::endpoint::state {
  std::shared_ptr<shared> owner;
  outlier_core::slot slot = 0;
  std::atomic<std::uint64_t> successes{0};
  std::atomic<std::uint64_t> failures{0};
  std::atomic<std::uint32_t> run{0};  // failures in a row
  std::atomic<rep> until{never};

  ~state() {
    const std::lock_guard hold(owner->lock);
    owner->core.remove(slot);
    owner->all.erase(std::find(owner->all.begin(), owner->all.end(), this));
  }
};

void outlier_detector::shared::publish_locked(time_point now) {
  for (auto* e : all) {
    e->until.store(count_of(core.ejected_until(e->slot)), std::memory_order_relaxed);
  }
  panic_until.store(count_of(core.panic_until(now)), std::memory_order_relaxed);
}

std::size_t outlier_detector::shared::sweep_locked(time_point now) {
  for (auto* e : all) {
    core.count(e->slot, e->successes.exchange(0, std::memory_order_relaxed),
               e->failures.exchange(0, std::memory_order_relaxed));
  }
  const auto out = core.sweep(now);
  next_sweep.store(count_of(saturating_add(now, options.interval)), std::memory_order_relaxed);
  publish_locked(now);
  return out;
}

outlier_detector::outlier_detector(const outlier_options& options)
    : shared_(std::make_shared<shared>(checked(options))) {}

result<outlier_detector> outlier_detector::make(const outlier_options& options) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"outlier_detector", detail::joined(problems)});
  }
  return outlier_detector(std::make_shared<shared>(options));
}

outlier_detector::endpoint outlier_detector::add() const {
  auto& s = *shared_;
  const std::lock_guard hold(s.lock);
  s.all.reserve(s.all.size() + 1);
  const auto slot = s.core.add();
  std::unique_ptr<endpoint::state> made;
  try {
    made = std::make_unique<endpoint::state>();
  } catch (...) {
    s.core.remove(slot);
    throw;
  }
  made->owner = shared_;
  made->slot = slot;
  s.all.push_back(made.get());
  return endpoint(std::move(made));
}

std::size_t outlier_detector::sweep(time_point now) const {
  const std::lock_guard hold(shared_->lock);
  return shared_->sweep_locked(now);
}

outlier_metrics outlier_detector::metrics(time_point now) const {
  const std::lock_guard hold(shared_->lock);
  const auto& core = shared_->core;
  return {core.size(), core.ejected(now), now < core.panic_until(now)};
}

outlier_detector::endpoint::endpoint(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
outlier_detector::endpoint::endpoint(endpoint&& other) noexcept = default;
outlier_detector::endpoint& outlier_detector::endpoint::operator=(endpoint&& other) noexcept =
    default;
outlier_detector::endpoint::~endpoint() = default;

void outlier_detector::endpoint::record(verdict outcome, time_point now) const {
  auto& e = *state_;
  auto& s = *e.owner;
  if (outcome == verdict::neutral) {
    return;
  }
  bool eject = false;
  if (outcome == verdict::success) {
    e.successes.fetch_add(1, std::memory_order_relaxed);
    if (e.run.load(std::memory_order_relaxed) != 0) {
      e.run.store(0, std::memory_order_relaxed);
    }
  } else {
    e.failures.fetch_add(1, std::memory_order_relaxed);
    const auto run = e.run.fetch_add(1, std::memory_order_relaxed) + 1;
    eject = s.options.consecutive_failures != 0 && run == s.options.consecutive_failures;
  }
  const auto due = s.next_sweep.load(std::memory_order_relaxed);
  if (eject) {
    const std::lock_guard hold(s.lock);
    e.run.store(0, std::memory_order_relaxed);
    s.core.eject(e.slot, now);
    s.publish_locked(now);
  }
  if (due == never) {
    auto expected = never;
    s.next_sweep.compare_exchange_strong(expected,
                                         count_of(saturating_add(now, s.options.interval)));
  } else if (count_of(now) >= due) {
    const std::unique_lock hold(s.lock, std::try_to_lock);
    if (hold && count_of(now) >= s.next_sweep.load(std::memory_order_relaxed)) {
      s.sweep_locked(now);
    }
  }
}

bool outlier_detector::endpoint::ejected(time_point now) const noexcept {
  return count_of(now) < state_->until.load(std::memory_order_relaxed);
}

bool outlier_detector::endpoint::usable(time_point now) const noexcept {
  return !ejected(now) ||
         count_of(now) < state_->owner->panic_until.load(std::memory_order_relaxed);
}

std::string outlier_detector::describe() const {
  const auto& o = shared_->options;
  return "outlier ejection every " + detail::words(o.interval) + ", for " +
         detail::words(o.ejection) + " up to " + detail::words(o.max_ejection) + ", of at most " +
         detail::percent(o.max_ejected) + " of the endpoints";
}

}  // namespace fairlead::policy
