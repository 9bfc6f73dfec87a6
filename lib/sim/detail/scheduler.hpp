// SPDX-License-Identifier: BSL-1.0
// The execution context of a world: handlers that are ready, and the executor that adds to them.
#pragma once

#include <fairlead/core/random.hpp>

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>

#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace fairlead::sim::detail {

/// A queue of handlers of one thread. Knows nothing of time.
class scheduler final : public boost::asio::execution_context {
 public:
  class executor;

  scheduler();
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;
  ~scheduler();

  [[nodiscard]] executor get_executor() noexcept;

  [[nodiscard]] std::size_t ready() const noexcept { return queue_.size(); }
  /// Runs the `index`-th in order of arrival.
  void run(std::size_t index);
  /// Destroys what is ready, without running it.
  void clear() noexcept;
  /// How many units of outstanding work exist: coroutines and operations that count on coming back.
  [[nodiscard]] std::uint64_t outstanding() const noexcept { return outstanding_; }

 private:
  struct handler {
    handler() = default;
    handler(const handler&) = delete;
    handler& operator=(const handler&) = delete;
    virtual ~handler() = default;
    virtual void run() = 0;
  };
  template <class F>
  struct handler_of final : handler {
    explicit handler_of(F&& f) : function(std::move(f)) {}
    explicit handler_of(const F& f) : function(f) {}
    void run() override { std::move(function)(); }
    F function;
  };

  void check_thread() const;

  std::vector<std::unique_ptr<handler>> queue_;
  std::uint64_t outstanding_ = 0;
  bool running_ = false;
  std::thread::id owner_;
};

/// Behaves as that of an `io_context` run by one thread, in the sense of Asio's executor
/// properties.
class scheduler::executor {
 public:
  executor(const executor& other) noexcept
      : home_(other.home_), never_(other.never_), tracked_(other.tracked_) {
    home_->outstanding_ += tracked_ ? 1 : 0;
  }
  executor& operator=(const executor& other) noexcept {
    other.home_->outstanding_ += other.tracked_ ? 1 : 0;
    home_->outstanding_ -= tracked_ ? 1 : 0;
    home_ = other.home_;
    never_ = other.never_;
    tracked_ = other.tracked_;
    return *this;
  }
  ~executor() { home_->outstanding_ -= tracked_ ? 1 : 0; }

  template <class F>
  void execute(F&& f) const {
    using function = std::decay_t<F>;
    home_->check_thread();
    if (!never_ && home_->running_) {
      function now(std::forward<F>(f));
      std::move(now)();
      return;
    }
    home_->queue_.push_back(std::make_unique<handler_of<function>>(std::forward<F>(f)));
  }

  executor require(boost::asio::execution::blocking_t::possibly_t) const noexcept {
    return {*home_, false, tracked_};
  }
  executor require(boost::asio::execution::blocking_t::never_t) const noexcept {
    return {*home_, true, tracked_};
  }
  executor require(boost::asio::execution::outstanding_work_t::tracked_t) const noexcept {
    return {*home_, never_, true};
  }
  executor require(boost::asio::execution::outstanding_work_t::untracked_t) const noexcept {
    return {*home_, never_, false};
  }

  scheduler& query(boost::asio::execution::context_t) const noexcept { return *home_; }
  boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) const noexcept {
    return never_ ? boost::asio::execution::blocking_t(boost::asio::execution::blocking.never)
                  : boost::asio::execution::blocking_t(boost::asio::execution::blocking.possibly);
  }
  boost::asio::execution::outstanding_work_t query(
      boost::asio::execution::outstanding_work_t) const noexcept {
    return tracked_ ? boost::asio::execution::outstanding_work_t(
                          boost::asio::execution::outstanding_work.tracked)
                    : boost::asio::execution::outstanding_work_t(
                          boost::asio::execution::outstanding_work.untracked);
  }
  static constexpr boost::asio::execution::mapping_t query(
      boost::asio::execution::mapping_t) noexcept {
    return boost::asio::execution::mapping.thread;
  }

  friend bool operator==(const executor& a, const executor& b) noexcept {
    return a.home_ == b.home_ && a.never_ == b.never_ && a.tracked_ == b.tracked_;
  }
  friend bool operator!=(const executor& a, const executor& b) noexcept { return !(a == b); }

 private:
  friend class scheduler;
  executor(scheduler& home, bool never, bool tracked) noexcept
      : home_(&home), never_(never), tracked_(tracked) {
    home_->outstanding_ += tracked_ ? 1 : 0;
  }

  scheduler* home_;
  bool never_;
  bool tracked_;
};

inline scheduler::executor scheduler::get_executor() noexcept {
  return {*this, false, false};
}

}  // namespace fairlead::sim::detail
