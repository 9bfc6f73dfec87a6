// SPDX-License-Identifier: BSL-1.0
// Calling a service object for one request, however it answers.
#pragma once

#include <fairlead/port/item_writer.hpp>
#include <fairlead/port/operation.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace fairlead {

namespace detail {

template <class S, class R>
concept replies_at_once = requires(S s, context& cx, const R& request) {
  { s(cx, request) } -> std::same_as<result<response_t<R>>>;
};
template <class S, class R>
concept replies_later = requires(S s, context& cx, const R& request) {
  { s(cx, request) } -> std::same_as<task<result<response_t<R>>>>;
};
template <class S, class R>
concept streams =
    streaming<R> && requires(S s, context& cx, const R& request, item_writer<item_t<R>>& out) {
      { s(cx, request, out) } -> std::same_as<task<result<void>>>;
    };

}  // namespace detail

/// A type that can serve `R`: `service(cx, request)` gives a `task<result<response>>`, or a plain
/// `result<response>` when it never waits; for an operation that is answered with a stream,
/// `service(cx, request, out)` writes the items into an `item_writer` and gives
/// `task<result<void>>`.
template <class S, class R>
concept serves = detail::streams<S, R> ||
                 (!streaming<R> && (detail::replies_at_once<S, R> || detail::replies_later<S, R>));

namespace detail {

/// True when the caller said something about this one operation that must not be taken for a word
/// about the calls that the service makes in turn.
[[nodiscard]] inline bool speaks_of_one_operation(const context& cx) noexcept {
  return cx.idempotency() != idempotency::by_operation || !cx.idempotency_key().empty() ||
         cx.attempt() != 1 || cx.received() != nullptr;
}

/// `cx` as the service of this operation gets it: that is said apart.
[[nodiscard]] inline context for_service(const context& cx, const received_call& call) noexcept {
  return cx.with_idempotency(idempotency::by_operation)
      .with_idempotency_key({})
      .with_attempt(1)
      .with_received(call);
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

/// Runs `R` on a service, under the context that its caller meant for it. (A class, because g++
/// warns of coroutines that are function templates when the request type lives in an anonymous
/// namespace.)
template <class S, operation R>
struct served {
  static task<result<response_t<R>>> once(S& service, context cx, const R& request) {
    if constexpr (replies_at_once<S, R>) {
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

template <class S, streaming R>
struct served<S, R> {
  static task<result<void>> once(S& service, context cx, const R& request,
                                 item_writer<item_t<R>>& out) {
    auto outcome = co_await service(cx, request, out);
    belongs_to_the_service(cx, outcome);
    co_return outcome;
  }
};

}  // namespace detail

}  // namespace fairlead
