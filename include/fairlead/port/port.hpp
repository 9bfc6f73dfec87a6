// SPDX-License-Identifier: BSL-1.0
// A port: what business code holds of another service, whatever the transport.
#pragma once

#include <fairlead/core/task.hpp>
#include <fairlead/port/item_writer.hpp>
#include <fairlead/port/operation.hpp>

#include <concepts>
#include <memory>
#include <utility>

namespace fairlead {

/// One operation of an adapter. Implementing it for every request type of a port makes an adapter.
template <operation R>
class operation_interface {
 public:
  /// The request lives until the task has ended.
  [[nodiscard]] virtual task<result<response_t<R>>> call(context& cx, const R& request) = 0;

 protected:
  ~operation_interface() = default;
};

/// The same for one that is answered with a stream.
template <streaming R>
class operation_interface<R> {
 public:
  /// Completes when the last item was taken by `to`. Request and writer live until then.
  [[nodiscard]] virtual task<result<void>> call(context& cx, const R& request,
                                                item_writer<item_t<R>>& to) = 0;

 protected:
  ~operation_interface() = default;
};

/// A set of operations on a service that may be anywhere. Copies share the adapter behind it.
///
/// *Errors*: every call gives a value or a typed error; which errors can come depends on the
/// adapter, what they mean does not. *Cancellation* and deadline of the context reach the other
/// side. *Thread safety*: that of the adapter; adapters say theirs.
///
/// *Example*:
/// ```cpp
/// using users = fairlead::port<get_user, create_user>;
/// task<result<receipt>> checkout(context& cx, users& u) {
///   auto user = co_await u(cx, get_user{42});
///   auto added = co_await u.call<create_user>(cx, "Ann", "ann@example.com");
/// }
/// ```
template <operation... Rs>
class port {
 public:
  /// What adapters derive from.
  class interface : public operation_interface<Rs>... {
   public:
    interface() = default;
    interface(const interface&) = delete;
    interface& operator=(const interface&) = delete;
    virtual ~interface() = default;
    using operation_interface<Rs>::call...;
  };

  explicit port(std::shared_ptr<interface> adapter) noexcept : adapter_(std::move(adapter)) {}

  /// Calls the operation that `request` stands for. The request must live until the task has ended:
  /// a temporary in the awaiting expression does, if it owns no memory (g++ 12 destroys aggregates
  /// that do twice there); a local always does; or use `call`.
  template <operation R>
    requires((std::same_as<R, Rs> || ...) && !streaming<R>)
  [[nodiscard]] task<result<response_t<R>>> operator()(context& cx, const R& request) const {
    return adapter_->call(cx, request);
  }

  /// Calls an operation that is answered with a stream. Each item is handed to
  /// `take(context&, item&&)`, a `task<result<void>>` or a `result<void>`; the service gets on only
  /// when it has ended. An error of it ends the call, is its outcome, and cancels the service.
  ///
  /// ```cpp
  /// auto done = co_await u(cx, everybody, [&](context&, user&& one) -> result<void> { ... });
  /// ```
  template <streaming R, class Take>
    requires(std::same_as<R, Rs> || ...)
  [[nodiscard]] task<result<void>> operator()(context& cx, const R& request, Take take) const {
    detail::taking_writer<item_t<R>, Take> to(std::move(take));
    auto outcome = co_await adapter_->call(cx, request, to);
    if (auto& refusal = to.refusal()) {
      outcome = fail(std::move(*refusal));
    }
    co_return outcome;
  }

  /// Makes the request from `args` and calls its operation.
  template <operation R, class... Args>
    requires((std::same_as<R, Rs> || ...) && !streaming<R>)
  [[nodiscard]] task<result<response_t<R>>> call(context& cx, Args... args) const {
    const R request{std::move(args)...};
    auto outcome = co_await adapter_->call(cx, request);
    co_return outcome;
  }

  /// What answers, for decorators.
  [[nodiscard]] const std::shared_ptr<interface>& adapter() const noexcept { return adapter_; }

  /// True for the operations of this port.
  template <class R>
  static constexpr bool has = (std::same_as<R, Rs> || ...);

 private:
  std::shared_ptr<interface> adapter_;
};

namespace detail {

/// Owns `made`. One kind of control block for all adapters of a port, where `make_shared` compiles
/// one for each.
template <class Port>
[[nodiscard]] std::shared_ptr<typename Port::interface> share_adapter(
    typename Port::interface* made) {
  return std::shared_ptr<typename Port::interface>(made);
}

}  // namespace detail

}  // namespace fairlead
