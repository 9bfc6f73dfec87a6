// SPDX-License-Identifier: BSL-1.0
// Runs coroutines on a real event loop, for tests of real sockets.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

namespace fairlead::testing {

/// One event loop of one thread. `spawn` what runs beside, then `run` until all of it has ended.
class real_loop {
 public:
  enum class kind : std::uint8_t { plain, strand };  ///< what its environment's executor is
  explicit real_loop(kind k = kind::plain)
      : own_(k == kind::strand ? std::make_unique<environment>(boost::asio::make_strand(loop_))
                               : nullptr) {}

  [[nodiscard]] environment& env() { return own_ ? *own_ : environment::of(loop_.get_executor()); }
  [[nodiscard]] cancel_scope& root() { return root_; }

  /// `f(context&) -> task<void>`; must live until `run` has returned. Exceptions come out of `run`.
  template <class F>
  void spawn(F& f) {
    boost::asio::co_spawn(
        env().executor(), [this, &f]() -> task<void> { return f(root_); },
        [](std::exception_ptr e) {
          if (e) {
            std::rethrow_exception(e);
          }
        });
  }

  void run() {
    loop_.restart();
    loop_.run();
  }

  /// Both.
  template <class F>
  void run(F&& f) {
    spawn(f);
    run();
  }

 private:
  boost::asio::io_context loop_{1};
  std::unique_ptr<environment> own_;  // on a strand
  cancel_scope root_{env()};
};

}  // namespace fairlead::testing
