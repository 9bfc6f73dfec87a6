// SPDX-License-Identifier: BSL-1.0
// A small port for calls that another event loop runs, and a service that notes what happens to it.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/port/queued.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

namespace fairlead::testing {

struct add_one {
  int n = 0;
  using response = int;
};

struct throw_it {
  using response = int;
};

struct linger {
  std::chrono::milliseconds time{0};
  using response = std::int64_t;
};

struct count_to {
  int last = 0;
  using response = stream_of<int>;
};

using toys = port<add_one, throw_it, linger, count_to>;

struct toy_service {
  struct record {
    std::mutex lock;
    std::set<std::thread::id> threads;
    std::atomic<int> started = 0;
    std::atomic<int> cancelled = 0;
  };
  record* seen;

  result<int> operator()(context&, const add_one& r) const {
    const std::lock_guard held(seen->lock);
    seen->threads.insert(std::this_thread::get_id());
    return r.n + 1;
  }
  result<int> operator()(context&, const throw_it&) const { throw std::runtime_error("it threw"); }
  // Gives what was left of the caller's time when it began, in milliseconds.
  task<result<std::int64_t>> operator()(context& cx, const linger& r) const {
    ++seen->started;
    const auto left = cx.remaining(cx.now());
    auto slept = co_await sleep_for(cx, r.time);
    if (!slept) {
      ++seen->cancelled;
      co_return fail(std::move(slept).error());
    }
    co_return left == duration::max()
        ? -1
        : std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  }
  task<result<void>> operator()(context& cx, const count_to& r, item_writer<int>& out) const {
    for (int i = 1; i <= r.last; ++i) {
      auto taken = co_await out.write(cx, i);
      if (!taken) {
        ++seen->cancelled;
        co_return taken;
      }
    }
    co_return result<void>();
  }
};

}  // namespace fairlead::testing
