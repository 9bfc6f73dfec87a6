// SPDX-License-Identifier: BSL-1.0
// The adapter for a service in the same process: a virtual call.
#pragma once

#include <fairlead/port/detail/operation_limit.hpp>
#include <fairlead/port/detail/served.hpp>
#include <fairlead/port/port.hpp>

#include <memory>
#include <utility>

namespace fairlead {

namespace detail {

template <class S, class Base, class... Rs>
class in_process_adapter;

template <class S, class Base>
class in_process_adapter<S, Base> : public Base {
 public:
  explicit in_process_adapter(std::shared_ptr<S> service) : service_(std::move(service)) {}

 protected:
  std::shared_ptr<S> service_;
};

// One level of inheritance per operation, so that each overrides one virtual function.
template <class S, class Base, class R, class... Rs>
class in_process_adapter<S, Base, R, Rs...> : public in_process_adapter<S, Base, Rs...> {
 public:
  using in_process_adapter<S, Base, Rs...>::in_process_adapter;
  using Base::call;

  task<result<response_t<R>>> call(context& cx, const R& request) override {
    if constexpr (delivery_of<R> == delivery::one_way ||
                  operation_timeout<R>() != duration::zero()) {
      return limited(*this->service_, cx, request);
    } else if (speaks_of_one_operation(cx)) {
      return apart(*this->service_, cx, request);
    } else if constexpr (replies_later<S, R> && operation_idempotent<R>()) {
      // The service's own task, no frame of ours: that its errors do not speak of this call does no
      // harm where a repetition does none.
      return (*this->service_)(cx, request);
    } else {
      return served<S, R>::once(*this->service_, cx, request);
    }
  }

 private:
  static task<result<response_t<R>>> apart(S& service, const context& cx, const R& request) {
    const auto call = call_of<R>(cx);
    auto outcome = co_await served<S, R>::once(service, for_service(cx, call), request);
    co_return outcome;
  }

  static task<result<response_t<R>>> limited(S& service, const context& cx, const R& request) {
    const operation_limit own(cx, operation_timeout<R>());
    const auto call = call_of<R>(cx);
    auto outcome = co_await served<S, R>::once(service, for_service(own.under(), call), request);
    if (!outcome) {
      own.translate(wire_name<R>(), outcome.error());
    }
    if constexpr (delivery_of<R> == delivery::one_way) {
      if (cx.check()) {
        outcome = {};  // what became of it, nobody learns
      }
    }
    co_return outcome;
  }
};

template <class S, class Base, streaming R, class... Rs>
class in_process_adapter<S, Base, R, Rs...> : public in_process_adapter<S, Base, Rs...> {
 public:
  using in_process_adapter<S, Base, Rs...>::in_process_adapter;
  using Base::call;

  task<result<void>> call(context& cx, const R& request, item_writer<item_t<R>>& to) override {
    const operation_limit own(cx, operation_timeout<R>());
    const auto call = call_of<R>(cx);
    auto outcome =
        co_await served<S, R>::once(*this->service_, for_service(own.under(), call), request, to);
    if (!outcome) {
      own.translate(wire_name<R>(), outcome.error());
    }
    co_return outcome;
  }
};

template <class Port, class S>
struct in_process_of;
template <operation... Rs, class S>
struct in_process_of<port<Rs...>, S> {
  static_assert(
      (serves<S, Rs> && ...),
      "the service needs operator()(context&, const Request&) for every request of the port");
  using type = in_process_adapter<S, typename port<Rs...>::interface, Rs...>;
};

}  // namespace detail

/// A port to a service object in this process. Nothing is serialized; the caller's context goes
/// straight to the service, with deadline and cancellation.
///
/// *Errors*: those of the service. *Thread safety*: that of the service.
template <class Port, class S>
[[nodiscard]] Port in_process(std::shared_ptr<S> service) {
  return Port(std::make_shared<typename detail::in_process_of<Port, S>::type>(std::move(service)));
}

/// The same for a service that is moved in.
template <class Port, class S>
[[nodiscard]] Port in_process(S service) {
  return in_process<Port>(std::make_shared<S>(std::move(service)));
}

}  // namespace fairlead
