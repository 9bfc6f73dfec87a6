// SPDX-License-Identifier: BSL-1.0
// The adapter for a service in the same process: a virtual call.
#pragma once

#include <fairlead/port/port.hpp>

#include <memory>
#include <utility>

namespace fairlead {

/// A type that can serve `R`: `service(cx, request)` gives a `task<result<response>>`, or a plain
/// `result<response>` when it never waits.
template <class S, class R>
concept serves = requires(S s, context& cx, const R& request) {
  { s(cx, request) } -> std::same_as<task<result<response_t<R>>>>;
} || requires(S s, context& cx, const R& request) {
  { s(cx, request) } -> std::same_as<result<response_t<R>>>;
};

namespace detail {

/// True when the caller said something about this one operation that must not be taken for a word
/// about the calls that the service makes in turn.
[[nodiscard]] inline bool speaks_of_one_operation(const context& cx) noexcept {
  return cx.idempotency() != idempotency::by_operation || !cx.idempotency_key().empty();
}

/// `cx` as the service gets it then.
[[nodiscard]] inline context for_service(const context& cx) noexcept {
  return cx.with_idempotency(idempotency::by_operation).with_idempotency_key({});
}

/// A service's error as the caller must read it. What the service says of its own calls (that one
/// was not sent, or may be repeated) is not said of this one: it arrived and was answered, or, when
/// the caller's time ran out meanwhile, nobody knows.
template <class T>
void belongs_to_the_service(const context& cx, result<T>& outcome) {
  if (!outcome) {
    outcome.error()
        .with_sent(cx.check() ? error_sent::answered : error_sent::unknown)
        .clear_repeatable();
  }
}

/// Calls a service for one request, however it answers. (A class, because g++ warns of coroutines
/// that are function templates when the request type lives in an anonymous namespace.)
template <class S, operation R>
struct served {
  static task<result<response_t<R>>> once(S& service, context cx, const R& request) {
    if constexpr (std::same_as<decltype(service(cx, request)), result<response_t<R>>>) {
      auto outcome = service(cx, request);
      belongs_to_the_service(cx, outcome);
      co_return outcome;
    } else {
      auto outcome = co_await service(cx, request);
      belongs_to_the_service(cx, outcome);
      co_return outcome;
    }
  }
};

template <class S, class Base, operation... Rs>
class in_process_adapter;

template <class S, class Base>
class in_process_adapter<S, Base> : public Base {
 public:
  explicit in_process_adapter(std::shared_ptr<S> service) : service_(std::move(service)) {}

 protected:
  std::shared_ptr<S> service_;
};

// One level of inheritance per operation, so that each overrides one virtual function.
template <class S, class Base, operation R, operation... Rs>
class in_process_adapter<S, Base, R, Rs...> : public in_process_adapter<S, Base, Rs...> {
 public:
  using in_process_adapter<S, Base, Rs...>::in_process_adapter;
  using Base::call;

  task<result<response_t<R>>> call(context& cx, const R& request) override {
    if (speaks_of_one_operation(cx)) {
      return served<S, R>::once(*this->service_, for_service(cx), request);
    }
    constexpr bool is_task =
        std::same_as<decltype((*this->service_)(cx, request)), task<result<response_t<R>>>>;
    if constexpr (is_task && operation_idempotent<R>()) {
      // The service's own task, no frame of ours: that its errors do not speak of this call does no
      // harm where a repetition does none.
      return (*this->service_)(cx, request);
    } else {
      return served<S, R>::once(*this->service_, cx, request);
    }
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
