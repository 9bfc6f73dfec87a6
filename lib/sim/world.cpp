// SPDX-License-Identifier: BSL-1.0
// How it works: at every step one of the things that are ready is picked, handlers and the alarm of
// the timer queue alike. When none is left, the clock jumps to what the alarm was set for.
#include <fairlead/sim/world.hpp>

#include "detail/scheduler.hpp"

#include <fairlead/core/environment.hpp>

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <list>

namespace fairlead::sim {

namespace {

constexpr time_point beginning{std::chrono::hours(1000)};  // room for instants before it
constexpr std::uint64_t last_steps = 10'000;               // that tasks get to end in
constexpr std::size_t shown_trace_lines = 30;              // of the text of `stalled`

class virtual_clock final : public clock {
 public:
  explicit virtual_clock(std::chrono::system_clock::time_point civil) noexcept : civil_(civil) {}

  time_point now() const noexcept override { return now_; }
  std::chrono::system_clock::time_point wall_now() const noexcept override {
    return civil_ + std::chrono::duration_cast<std::chrono::system_clock::duration>(elapsed());
  }
  duration elapsed() const noexcept { return now_ - beginning; }
  void move_to(time_point at) noexcept { now_ = std::max(now_, at); }

 private:
  std::chrono::system_clock::time_point civil_;
  time_point now_ = beginning;
};

class virtual_alarm final : public alarm {
 public:
  void connect(void (*on_ring)(void*), void* arg) noexcept override {
    on_ring_ = on_ring;
    arg_ = arg;
  }
  void set(time_point when) override { set_for_ = when; }
  void rest() noexcept override { set_for_ = no_deadline; }

  time_point set_for() const noexcept { return set_for_; }
  void ring() {
    set_for_ = no_deadline;
    on_ring_(arg_);
  }

 private:
  void (*on_ring_)(void*) = nullptr;
  void* arg_ = nullptr;
  time_point set_for_ = no_deadline;
};

}  // namespace

struct world::impl {
  explicit impl(const world_options& o)
      : options(o),
        log(o.kept_trace_lines),
        shuffle(o.seed ^ 0x9e3779b97f4a7c15ULL),
        time(o.begin),
        env(loop.get_executor(), time, wake, o.seed),
        root(env) {
    env.provide();
  }

  std::size_t pick_of(std::size_t choices) {
    if (options.picks != nullptr) {
      return choices == 1 ? 0 : options.picks->pick(choices);
    }
    return options.order == ordering::shuffled ? static_cast<std::size_t>(shuffle.below(choices))
                                               : 0;
  }

  // One thing that is ready now, or nothing.
  bool step() {
    const bool ringing = wake.set_for() <= time.now();
    const auto choices = loop.ready() + (ringing ? 1 : 0);
    if (choices == 0) {
      return false;
    }
    const auto pick = pick_of(choices);
    if (pick == loop.ready()) {
      log.add(time.elapsed(), "alarm");
      wake.ring();
    } else {
      log.add(time.elapsed(),
              "step " + std::to_string(pick + 1) + " of " + std::to_string(choices));
      loop.run(pick);
    }
    if (thrown) {
      std::rethrow_exception(std::exchange(thrown, nullptr));
    }
    return true;
  }

  // True when time has moved to the next alarm, at most to `limit`.
  bool jump(time_point limit) {
    const auto next = wake.set_for();
    if (next == no_deadline || next > limit) {
      return false;
    }
    time.move_to(next);
    return true;
  }

  std::string describe(std::string_view what, const std::vector<std::string>& left) const {
    std::string text(what);
    for (const auto& l : left) {
      text += "\n  left: " + l;
    }
    return text + "\nthe last steps:\n" + log.tail(shown_trace_lines);
  }

  world_options options;
  trace log;
  random_source shuffle;
  detail::scheduler loop;
  virtual_clock time;
  virtual_alarm wake;
  environment env;
  cancel_scope root;
  std::list<std::string> running;  // the names of tasks that have not ended, in order of spawning
  std::exception_ptr thrown;
};

namespace {

// Counts steps, and gives up on a livelock.
class budget {
 public:
  explicit budget(std::uint64_t steps) noexcept : limit_(steps) {}
  [[nodiscard]] bool spend() noexcept { return ++taken_ <= limit_; }

 private:
  std::uint64_t limit_;
  std::uint64_t taken_ = 0;
};

}  // namespace

world::world(std::uint64_t seed)
    : world([&] {
        world_options o;
        o.seed = seed;
        return o;
      }()) {}

world::world(const world_options& options) : impl_(std::make_unique<impl>(options)) {}

world::~world() {
  auto& w = *impl_;
  w.root.cancel();
  w.env.cancel_background();
  try {
    for (budget left(last_steps); left.spend() && w.step();) {
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "fairlead: an exception left a task of a world's end: %s\n", e.what());
  }
  w.env.close();
  w.loop.clear();
}

environment& world::env() noexcept {
  return impl_->env;
}

context& world::root() noexcept {
  return impl_->root;
}

time_point world::now() const noexcept {
  return impl_->time.now();
}

duration world::elapsed() const noexcept {
  return impl_->time.elapsed();
}

bool world::step() {
  return impl_->step();
}

time_point world::next_timer() const noexcept {
  return impl_->wake.set_for();
}

void world::run_ready() {
  advance(duration::zero());
}

void world::advance(duration length) {
  const auto target = saturating_add(now(), length);
  budget left(impl_->options.step_limit);
  do {
    while (impl_->step()) {
      if (!left.spend()) {
        throw stalled(impl_->describe("the world does not come to rest", leftovers()));
      }
    }
  } while (impl_->jump(target));
  impl_->time.move_to(target);
}

void world::run_until_idle() {
  run_until([](const void*) { return false; }, nullptr);
}

void world::run_until(bool (*done)(const void*), const void* arg) {
  budget left(impl_->options.step_limit);
  while (!done(arg)) {
    if (!left.spend()) {
      throw stalled(impl_->describe("the world does not come to rest", leftovers()));
    }
    if (!impl_->step() && !impl_->jump(no_deadline)) {
      break;
    }
  }
  if (arg != nullptr && !done(arg)) {
    const auto left_behind = leftovers();
    cancel();
    run_until_idle();
    throw stalled(impl_->describe("what is waited for never happens", left_behind));
  }
}

void world::cancel() noexcept {
  impl_->root.cancel();
}

std::vector<std::string> world::leftovers() const {
  auto& w = *impl_;
  std::vector<std::string> out;
  for (const auto& name : w.running) {
    out.push_back("task " + name);
  }
  if (const auto n = w.loop.ready(); n > 0) {
    out.push_back(std::to_string(n) + " ready to run");
  }
  if (const auto n = w.env.timers().size(); n > 0) {
    out.push_back(std::to_string(n) + " timers armed");
  }
  if (out.empty() && w.loop.outstanding() > 0) {
    out.push_back("coroutines that were spawned outside of the world's tasks");
  }
  return out;
}

trace& world::log() noexcept {
  return impl_->log;
}

const trace& world::log() const noexcept {
  return impl_->log;
}

void world::note(std::string_view event) {
  impl_->log.add(elapsed(), event);
}

void world::start(std::string_view name, task<void> body) {
  auto& w = *impl_;
  const auto entry = w.running.insert(w.running.end(), std::string(name));
  note("spawn " + *entry);
  boost::asio::co_spawn(w.env.executor(), std::move(body), [&w, entry](std::exception_ptr e) {
    w.log.add(w.time.elapsed(), "end " + *entry);
    w.running.erase(entry);
    if (e && !w.thrown) {
      w.thrown = std::move(e);
    }
  });
}

}  // namespace fairlead::sim
