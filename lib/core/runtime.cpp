// SPDX-License-Identifier: BSL-1.0
// How it works: each loop has a group of tasks and a keeper, a coroutine that waits for the stop,
// lets the grace period pass and then cancels the group. All loops end when no task is left in any
// of them.
#include "one_thread.hpp"

#include <fairlead/core/runtime.hpp>

#include <fairlead/core/event.hpp>
#include <fairlead/core/sleep.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <atomic>
#include <csignal>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace fairlead {

namespace {

// One thread's share.
struct one_loop {
  one_loop()
      : io(detail::one_thread),
        work(io.get_executor()),
        env(environment::of(io.get_executor())),
        root(env) {}

  boost::asio::io_context io;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  environment& env;
  cancel_scope root;
  detail::child_group tasks{root};
  detail::child_group keeper{root};
};

}  // namespace

struct runtime::state {
  explicit state(const runtime_options& o) : options(o) {
    const auto wanted = o.threads != 0 ? o.threads : std::thread::hardware_concurrency();
    for (std::size_t i = 0; i < (wanted == 0 ? 1 : wanted); ++i) {
      loops.push_back(std::make_unique<one_loop>());
    }
  }

  // Cancels the tasks of a loop when a stop was asked for and the grace period is over.
  static task<void> keep(event& stop, one_loop& l, duration grace) {
    context& cx = l.keeper.scope();
    const auto asked = co_await stop.wait(cx);
    if (asked) {
      const auto slept = co_await sleep_for(cx, grace);
      if (slept) {
        l.tasks.scope().cancel();
      }
    }
  }

  // One task; the last to end stops all loops. The first exception cancels everything else.
  static task<void> run_task(state& s, std::function<task<void>(context&)> f, context cx) {
    struct departure {
      explicit departure(state& st) : owner(st) {}
      departure(const departure&) = delete;
      departure& operator=(const departure&) = delete;
      ~departure() {
        if (owner.leave()) {
          for (auto& l : owner.loops) {
            l->io.stop();
          }
        }
      }
      state& owner;
    };
    const departure on_end(s);
    try {
      co_await f(cx);
    } catch (...) {
      s.failed(std::current_exception());
    }
  }

  void failed(std::exception_ptr e) {
    {
      const std::lock_guard lock(mutex);
      if (!thrown) {
        thrown = std::move(e);
      }
    }
    stop.set();
    for (auto& l : loops) {
      boost::asio::post(l->io, [&target = *l] { target.tasks.scope().cancel(); });
    }
  }

  // Counts one more task; false when all have ended.
  bool enter() noexcept {
    auto n = active.load();
    while (n != all_ended) {
      if (active.compare_exchange_weak(n, n + 1)) {
        return true;
      }
    }
    return false;
  }
  // One task less; true for the last.
  bool leave() noexcept {
    auto n = active.load();
    while (!active.compare_exchange_weak(n, n == 1 ? all_ended : n - 1)) {
    }
    return n == 1;
  }

  void run_one(one_loop& l) {
    l.keeper.start(keep(stop, l, options.grace));
    while (active.load() != all_ended) {
      l.io.run();
      l.io.restart();
    }
    l.keeper.scope().cancel();
    l.env.cancel_background();
    while (l.tasks.running() + l.keeper.running() + l.env.running_in_background() > 0) {
      if (l.io.run_one() == 0) {
        l.io.restart();  // the last task of another loop may have stopped this one at any moment
      }
    }
  }

  runtime_options options;
  event stop;
  static constexpr std::size_t all_ended = static_cast<std::size_t>(-1);
  std::atomic<std::size_t> active{0};
  std::mutex mutex;
  std::exception_ptr thrown;  // guarded by the mutex while loops run
  std::vector<std::unique_ptr<one_loop>> loops;
};

runtime::runtime(runtime_options options) : state_(std::make_unique<state>(options)) {}

runtime::~runtime() = default;

std::size_t runtime::size() const noexcept {
  return state_->loops.size();
}

environment& runtime::loop(std::size_t i) noexcept {
  return state_->loops.at(i)->env;
}

void runtime::start_erased(std::size_t i, std::function<task<void>(context&)> f) {
  auto& l = *state_->loops.at(i);
  if (!state_->enter()) {
    throw std::logic_error(
        "fairlead::runtime: start() after every task has ended; to start tasks from other threads, "
        "keep one running that waits for stopping()");
  }
  boost::asio::post(l.io, [&l, s = state_.get(), f = std::move(f)]() mutable {
    l.tasks.start(state::run_task(*s, std::move(f), l.tasks.scope()));
  });
}

task<result<void>> runtime::stopping(context& cx) {
  return state_->stop.wait(cx);
}

void runtime::stop() noexcept {
  state_->stop.set();
}

void runtime::run() {
  auto& loops = state_->loops;
  std::optional<boost::asio::signal_set> signals;
  if (state_->options.handle_signals) {
    signals.emplace(loops.front()->io, SIGINT, SIGTERM);
    signals->async_wait([&](const boost::system::error_code& ec, int) {
      if (!ec) {
        signals.reset();
        stop();
      }
    });
  }
  std::size_t none = 0;
  state_->active.compare_exchange_strong(none, state::all_ended);
  // Tasks that were started before stand in the loops' queues; let them begin before anything is
  // joined.
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < loops.size(); ++i) {
    threads.emplace_back([this, &l = *loops[i]] { state_->run_one(l); });
  }
  state_->run_one(*loops.front());
  for (auto& t : threads) {
    t.join();
  }
  signals.reset();
  if (state_->thrown) {
    std::rethrow_exception(std::exchange(state_->thrown, nullptr));
  }
}

}  // namespace fairlead
