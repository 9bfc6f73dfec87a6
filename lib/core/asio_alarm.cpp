// SPDX-License-Identifier: BSL-1.0
// How it works: a wait, once started, is left alone until it rings, since re-arming a timer costs a
// system call. A wait that nobody needs would still count as outstanding work and keep
// `io_context::run` busy until it rings, so while resting its unit of work is taken back, and
// returned before the wait completes.
#include "asio_alarm.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <optional>

namespace fairlead::detail {

namespace {
using loop_executor = boost::asio::io_context::executor_type;
}

struct asio_alarm::state : std::enable_shared_from_this<asio_alarm::state> {
  explicit state(const boost::asio::any_io_executor& executor)
      : timer(std::in_place, executor),
        loop(executor.target<loop_executor>() != nullptr
                 ? std::optional(*executor.target<loop_executor>())
                 : std::nullopt) {}

  void set(time_point when) {
    wake_up();
    if (!timer || (pending && when >= set_for)) {
      return;
    }
    set_for = when;
    pending = true;
    const auto turn = ++generation;
    timer->expires_at(when);
    timer->async_wait([self = shared_from_this(), turn](const boost::system::error_code& ec) {
      self->rang(turn, ec);
    });
  }

  void rang(std::uint64_t turn, const boost::system::error_code& ec) {
    if (turn != generation || ec) {
      return;
    }
    wake_up();
    pending = false;
    on_ring(arg);
  }

  void rest() noexcept {
    if (!timer || !pending || resting) {
      return;
    }
    if (loop) {
      resting = true;
      loop->on_work_finished();
    } else {
      cancel();
    }
  }

  void wake_up() noexcept {
    if (resting) {
      resting = false;
      loop->on_work_started();
    }
  }

  void cancel() noexcept {
    ++generation;
    pending = false;
    timer->cancel();
  }

  void detach() noexcept {
    if (timer) {
      wake_up();
      ++generation;
      pending = false;
      timer.reset();
    }
  }

  std::optional<boost::asio::steady_timer> timer;
  std::optional<loop_executor> loop;  // set when the executor is an io_context's own
  void (*on_ring)(void*) = nullptr;
  void* arg = nullptr;
  time_point set_for{};
  std::uint64_t generation = 0;
  bool pending = false;
  bool resting = false;
};

asio_alarm::asio_alarm(const boost::asio::any_io_executor& executor)
    : state_(std::make_shared<state>(executor)) {}

asio_alarm::~asio_alarm() {
  detach();
}

void asio_alarm::connect(void (*on_ring)(void*), void* arg) noexcept {
  state_->on_ring = on_ring;
  state_->arg = arg;
}

void asio_alarm::set(time_point when) {
  state_->set(when);
}

void asio_alarm::rest() noexcept {
  state_->rest();
}

void asio_alarm::detach() noexcept {
  state_->detach();
}

}  // namespace fairlead::detail
