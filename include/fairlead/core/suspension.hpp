// SPDX-License-Identifier: BSL-1.0
// How an operation of one's own suspends a coroutine of Asio, without a frame and without an
// allocation. What `waiter` and the sockets are made of.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace fairlead {

/// A coroutine that is suspended, in the memory of the operation that it waits for. That operation
/// lives in the frame of the coroutine, so it is gone when `resume` or `destroy` returns.
///
/// *Thread safety*: none; on the executor of the coroutine.
class suspended {
 public:
  suspended() = default;
  suspended(const suspended&) = delete;
  suspended& operator=(const suspended&) = delete;
  ~suspended() = default;

  [[nodiscard]] bool holds() const noexcept { return take_ != nullptr; }

  /// Takes the completion handler of the coroutine. `on_asio_cancel()` is called when Asio cancels
  /// the coroutine meanwhile.
  template <class Handler, class F>
  void hold(Handler handler, F on_asio_cancel) {
    static_assert(sizeof(Handler) <= sizeof(storage_) && alignof(Handler) <= alignof(void*));
    auto outer = boost::asio::get_associated_cancellation_slot(handler);
    if (outer.is_connected()) {
      outer.assign([cancel = std::move(on_asio_cancel)](boost::asio::cancellation_type) mutable {
        cancel();
      });
    }
    ::new (static_cast<void*>(&storage_)) Handler(std::move(handler));
    take_ = [](suspended& self, fate what) {
      auto* stored = std::launder(reinterpret_cast<Handler*>(&self.storage_));
      Handler taken(std::move(*stored));
      stored->~Handler();
      self.take_ = nullptr;
      if (what == fate::resume) {
        std::move(taken)();
      }
    };
  }

  /// Goes on with the coroutine, within this call. One must be held.
  void resume() { take_(*this, fate::resume); }
  /// Destroys the coroutine where it stands. One must be held.
  void destroy() { take_(*this, fate::destroy); }

 private:
  enum class fate : std::uint8_t { resume, destroy };

  void (*take_)(suspended&, fate) = nullptr;
  alignas(void*) std::byte storage_[4 * sizeof(void*)];
};

/// What a coroutine awaits: once it is suspended, `op->start(handler)` is called, which hands the
/// handler to a `suspended`. An operation in the sense of Asio, which takes a completion token for
/// `void()`.
template <class Operation>
struct suspension {
  Operation* op;

  template <boost::asio::completion_token_for<void()> Token>
  auto operator()(Token&& token) && {
    return boost::asio::async_initiate<Token, void()>(
        [target = op](auto handler) { target->start(std::move(handler)); }, token);
  }
};

}  // namespace fairlead
