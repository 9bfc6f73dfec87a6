// SPDX-License-Identifier: BSL-1.0
// An event loop in virtual time that goes away in the middle of things.
#pragma once

#include <fairlead/core/alarm.hpp>
#include <fairlead/core/clock.hpp>
#include <fairlead/core/context.hpp>
#include <fairlead/core/environment.hpp>
#include <fairlead/core/task.hpp>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>

namespace fairlead::testing {

/// Runs step by step. Where it stands when it is destroyed all coroutines are destroyed too, those
/// that wait and those that were about to go on; no timer may be armed after that.
class doomed_loop {
 public:
  doomed_loop() : env_(loop_.get_executor(), time_, wake_, 1), root_(env_) { env_.provide(); }
  doomed_loop(const doomed_loop&) = delete;
  doomed_loop& operator=(const doomed_loop&) = delete;
  ~doomed_loop() {
    env_.close();
    loop_.end();
    EXPECT_EQ(env_.timers().size(), 0U) << "timers that nobody disarmed";
  }

  [[nodiscard]] time_point now() const { return time_.now(); }
  [[nodiscard]] environment& env() { return env_; }

  /// Starts `f(context&) -> task<void>`.
  template <class F>
  void spawn(F f) {
    boost::asio::co_spawn(
        loop_, [f = std::move(f), this]() -> task<void> { return f(root_); },
        [](std::exception_ptr e) {
          if (e) {
            std::rethrow_exception(e);
          }
        });
  }

  /// Runs one thing that is ready, or else lets time pass until the next timer; false when nothing
  /// will ever happen again.
  bool step() {
    loop_.restart();
    if (loop_.poll_one() > 0) {
      return true;
    }
    if (wake_.set_for == no_deadline) {
      return false;
    }
    time_.at = std::max(time_.at, std::exchange(wake_.set_for, no_deadline));
    boost::asio::post(loop_, [this] { wake_.ring(wake_.arg); });
    return true;
  }
  void run() {
    while (step()) {
    }
  }
  /// Tells everything to stop.
  void cancel() {
    boost::asio::post(loop_, [this] {
      root_.cancel();
      env_.cancel_background();
    });
  }

 private:
  struct loop : boost::asio::io_context {
    loop() : io_context(1) {}
    void end() { shutdown(); }  // destroys what is in the queue
  };
  struct virtual_clock final : clock {
    time_point now() const noexcept override { return at; }
    std::chrono::system_clock::time_point wall_now() const noexcept override { return {}; }
    time_point at{std::chrono::hours(1000)};
  };
  struct virtual_alarm final : alarm {
    void connect(void (*on_ring)(void*), void* a) noexcept override {
      ring = on_ring;
      arg = a;
    }
    void set(time_point when) override { set_for = when; }
    void rest() noexcept override { set_for = no_deadline; }
    void (*ring)(void*) = nullptr;
    void* arg = nullptr;
    time_point set_for = no_deadline;
  };

  loop loop_;
  virtual_clock time_;
  virtual_alarm wake_;
  environment env_;
  cancel_scope root_;
};

/// For k = 0, 1, 2, ... makes a `Story`, calls its `start(doomed_loop&)`, takes k steps and then
/// destroys the loop, and once more cancels everything and runs it to the end instead; then calls
/// its `check()`. Ends when the story came to its own end within k steps. Returns at how many
/// places it was broken off.
template <class Story>
std::size_t break_off_everywhere() {
  for (std::size_t k = 0;; ++k) {
    bool over = false;
    for (const bool destroyed : {true, false}) {
      SCOPED_TRACE((destroyed ? "destroyed" : "cancelled") + (" after step " + std::to_string(k)));
      Story story;
      {
        doomed_loop loop;
        story.start(loop);
        bool idle = false;
        for (std::size_t i = 0; i < k && !idle; ++i) {
          idle = !loop.step();
        }
        over = over || idle;
        if (!destroyed) {
          loop.cancel();
          loop.run();
        }
      }
      story.check();
      if (::testing::Test::HasFailure()) {
        return k;
      }
    }
    if (over) {
      return k;
    }
  }
}

}  // namespace fairlead::testing
