// SPDX-License-Identifier: BSL-1.0
// Ties one Asio operation to a context: it ends when the context is cancelled or out of time.
#pragma once

#include <fairlead/core/context.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <utility>

namespace fairlead {

/// Makes Asio operations obey a context. Lives in the frame of the coroutine that awaits; use one
/// per operation at a time. Costs a few nanoseconds and no allocation.
///
/// The operation ends with `operation_aborted` when the context is cancelled or its deadline passes
/// (then `cx.check()` says which), and also when the awaiting Asio coroutine itself is cancelled.
/// It must support terminal per-operation cancellation, as all of Asio's do.
///
/// *Thread safety*: none; on the executor of the context.
///
/// *Example*:
/// ```cpp
/// fairlead::asio_binding bound(cx);
/// auto [ec] = co_await bound(socket.async_wait(socket.wait_read, as_tuple(deferred)));
/// ```
class asio_binding {
 public:
  explicit asio_binding(const context& cx) noexcept : cx_(&cx), node_(*this), timer_(*this) {}
  asio_binding(const asio_binding&) = delete;
  asio_binding& operator=(const asio_binding&) = delete;
  ~asio_binding() { stop(); }

  /// The operation `op` (something that takes a completion token, e.g. made with `deferred`),
  /// bound. Await it in the same expression.
  template <class Op>
  [[nodiscard]] auto operator()(Op op) {
    return bound<Op>{this, std::move(op)};
  }

 private:
  struct cancel_link : cancel_node {
    explicit cancel_link(asio_binding& b) noexcept : cancel_node(&on_cancel), self(b) {}
    static void on_cancel(cancel_node& n) noexcept { static_cast<cancel_link&>(n).self.abort(); }
    asio_binding& self;
  };
  struct deadline_timer : timer_node {
    explicit deadline_timer(asio_binding& b) noexcept : timer_node(&on_expire), self(b) {}
    static void on_expire(timer_node& n) noexcept { static_cast<deadline_timer&>(n).self.abort(); }
    asio_binding& self;
  };

  // The handler that the operation completes: unties the binding, then resumes the coroutine.
  template <class Handler>
  struct bound_handler {
    using executor_type = boost::asio::associated_executor_t<Handler>;
    using cancellation_slot_type = boost::asio::cancellation_slot;

    asio_binding* self;
    Handler handler;

    executor_type get_executor() const noexcept {
      return boost::asio::get_associated_executor(handler);
    }
    cancellation_slot_type get_cancellation_slot() const noexcept { return self->signal_.slot(); }

    template <class... Args>
    void operator()(Args&&... args) {
      self->stop();
      std::move(handler)(std::forward<Args>(args)...);
    }
  };

  template <class Op>
  struct bound {
    using signature = boost::asio::completion_signature_of_t<Op>;

    asio_binding* self;
    Op op;

    template <boost::asio::completion_token_for<signature> Token>
    auto operator()(Token&& token) && {
      return boost::asio::async_initiate<Token, signature>(
          [this](auto handler) {
            auto* binding = self;
            auto outer = boost::asio::get_associated_cancellation_slot(handler);
            using handler_type = bound_handler<decltype(handler)>;
            std::move(op)(handler_type{binding, std::move(handler)});
            if (outer.is_connected()) {
              outer.assign([binding](boost::asio::cancellation_type) { binding->abort(); });
            }
            binding->start();
          },
          token);
    }
  };

  void start();
  void stop() noexcept;
  void abort() noexcept;

  const context* cx_;
  boost::asio::cancellation_signal signal_;
  cancel_link node_;
  deadline_timer timer_;
};

}  // namespace fairlead
