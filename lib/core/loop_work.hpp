// SPDX-License-Identifier: BSL-1.0
// Keeps an event loop running while coroutines wait for something that Asio does not know of.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>

#include <optional>
#include <utility>

namespace fairlead::detail {

/// One unit of outstanding work that is taken and given back often: two atomic operations on an
/// io_context, a tracked copy of the executor elsewhere.
class loop_work {
 public:
  explicit loop_work(const boost::asio::any_io_executor& executor) : executor_(executor) {
    if (const auto* own = executor.target<boost::asio::io_context::executor_type>()) {
      loop_.emplace(*own);
    }
  }
  loop_work(const loop_work&) = delete;
  loop_work& operator=(const loop_work&) = delete;
  ~loop_work() { end(); }

  void begin() {
    if (std::exchange(held_, true)) {
      return;
    }
    if (loop_) {
      loop_->on_work_started();
    } else {
      tracked_.emplace(
          boost::asio::prefer(executor_, boost::asio::execution::outstanding_work.tracked));
    }
  }

  void end() noexcept {
    if (!std::exchange(held_, false)) {
      return;
    }
    if (loop_) {
      loop_->on_work_finished();
    } else {
      tracked_.reset();
    }
  }

 private:
  boost::asio::any_io_executor executor_;
  std::optional<boost::asio::io_context::executor_type> loop_;
  std::optional<boost::asio::any_io_executor> tracked_;
  bool held_ = false;
};

}  // namespace fairlead::detail
