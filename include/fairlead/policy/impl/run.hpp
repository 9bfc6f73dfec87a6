// SPDX-License-Identifier: BSL-1.0
// One execution of a stack: the layers unrolled at compile time around one operation.
//
// How it works: `run` holds the state of every layer and the outcome. Its functions go in and out
// through the layers without suspending and say what to do next; the coroutine `drive` awaits it:
// the operation, the pause of a layer, or a substitute, at one place each. So a whole stack is one
// frame, and going in again is a function call.
#pragma once

#include <fairlead/policy/fallback.hpp>
#include <fairlead/policy/layer.hpp>
#include <fairlead/policy/operation.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace fairlead::policy::detail {

/// What a stack is made of; shared by its copies and by the calls in flight.
template <class... P>
struct stack_data {
  std::tuple<P...> layers;
  observe::sink* sink = nullptr;
  std::string name;
};

enum class next : std::uint8_t { invoke, pause, substitute, done };

template <class P>
concept pauses = requires(const P& p, typename P::layer_state& s, call& c) { p.pause(s, c); };

template <class P, class R>
concept substitutes =
    requires(const P& p, typename P::layer_state& s, call& c) { p.template substitute<R>(s, c); };

template <class P, class R>
concept substitutes_later =
    substitutes<P, R> && is_task_v<decltype(std::declval<const P&>().template substitute<R>(
                             std::declval<typename P::layer_state&>(), std::declval<call&>()))>;

template <class R, class... P>
class run final : public call {
 public:
  static constexpr std::size_t size = sizeof...(P);
  static constexpr bool any_pauses = (pauses<P> || ...);
  static constexpr bool any_substitutes_later = (substitutes_later<P, R> || ...);

  run(const stack_data<P...>& data, context& cx, idempotency nature) noexcept
      : call(
            cx, data.sink, data.name, nature,
            [](call& c, error&& e) {
              static_cast<run&>(c).settle(tl::unexpected<error>(std::move(e)));
            },
            [](call& c) noexcept {
              auto& self = static_cast<run&>(c);
              self.set_outcome(nullptr, verdict::neutral);
              self.out_.reset();
            }),
        data_(data) {}

  next start() { return cancelled() ? give_up(errors::cancelled{}) : descend<0>(); }

  next returned(R&& outcome) {
    forget_time();
    settle(std::move(outcome));
    return ascend<size>();
  }

  [[nodiscard]] task<result<void>> pause() { return pause_at(std::index_sequence_for<P...>{}); }
  next resumed(const result<void>& waited) {
    forget_time();
    return resume_at(std::index_sequence_for<P...>{}, waited);
  }

  [[nodiscard]] task<R> substitute() { return substitute_at(std::index_sequence_for<P...>{}); }
  next substituted(R&& outcome) {
    forget_time();
    return substituted_at(std::index_sequence_for<P...>{}, std::move(outcome));
  }

  [[nodiscard]] R take() { return std::move(*out_); }

 private:
  template <std::size_t I>
  const auto& policy() const noexcept {
    return std::get<I>(data_.layers);
  }
  template <std::size_t I>
  auto& state() noexcept {
    return std::get<I>(states_);
  }
  template <std::size_t I>
  using policy_t = std::tuple_element_t<I, std::tuple<P...>>;

  void settle(R&& outcome) {
    out_.emplace(std::move(outcome));
    if (out_->has_value()) {
      set_outcome(nullptr, verdict::success);
    } else {
      set_outcome(&out_->error(), default_verdict(out_->error()));
    }
  }

  next give_up(error e) {
    fail(std::move(e));
    return next::done;
  }

  // Inwards from layer I.
  template <std::size_t I>
  next descend() {
    if constexpr (I == size) {
      return before_operation();
    } else {
      switch (policy<I>().enter(state<I>(), *this)) {
        case step::inward:
          return descend<I + 1>();
        case step::wait:
          at_ = I;
          return next::pause;
        default:
          return ascend<I>();
      }
    }
  }

  // A caller that gave up, or whose time is over, starts nothing.
  next before_operation() {
    if (cancelled()) {
      fail(errors::cancelled{});
      return ascend<size>();
    }
    if (caller().deadline() != no_deadline && now() >= caller().deadline()) {
      fail(errors::deadline{});
      return ascend<size>();
    }
    return next::invoke;
  }

  // Outwards through the layers outside of layer I.
  template <std::size_t I>
  next ascend() {
    if constexpr (I == 0) {
      return next::done;
    } else {
      return follow<I - 1>(leave<I - 1>());
    }
  }

  template <std::size_t I>
  step leave() {
    if constexpr (requires { policy<I>().leave(state<I>(), *this); }) {
      return policy<I>().leave(state<I>(), *this);
    } else {
      return policy<I>().leave(state<I>(), *this, std::as_const(*out_));
    }
  }

  template <std::size_t I>
  next follow(step s) {
    switch (s) {
      case step::outward:
        return ascend<I>();
      case step::inward:
        return descend<I + 1>();
      case step::wait:
        at_ = I;
        return next::pause;
      case step::substitute:
        break;
    }
    if constexpr (substitutes_later<policy_t<I>, R>) {
      at_ = I;
      return next::substitute;
    } else if constexpr (substitutes<policy_t<I>, R>) {
      return put<I>(policy<I>().template substitute<R>(state<I>(), *this));
    } else {
      return ascend<I>();
    }
  }

  template <std::size_t I>
  next put(R&& outcome) {
    settle(std::move(outcome));
    const auto& original = policy<I>().original(state<I>());
    if (failure() != nullptr && original && failure()->cause() == nullptr) {
      failure()->with_cause(*original);
    }
    return ascend<I>();
  }

  template <std::size_t I>
  void pause_one(std::optional<task<result<void>>>& out) {
    if constexpr (pauses<policy_t<I>>) {
      if (at_ == I) {
        out.emplace(policy<I>().pause(state<I>(), *this));
      }
    }
  }
  template <std::size_t... I>
  task<result<void>> pause_at(std::index_sequence<I...>) {
    std::optional<task<result<void>>> out;
    (pause_one<I>(out), ...);
    return std::move(*out);
  }

  template <std::size_t I>
  void resume_one(next& out, std::size_t at, const result<void>& waited) {
    if constexpr (pauses<policy_t<I>>) {
      if (at == I) {
        out = follow<I>(policy<I>().resume(state<I>(), *this, waited));
      }
    }
  }
  template <std::size_t... I>
  next resume_at(std::index_sequence<I...>, const result<void>& waited) {
    next out = next::done;
    const auto at = at_;
    (resume_one<I>(out, at, waited), ...);
    return out;
  }

  template <std::size_t I>
  void substitute_one(std::optional<task<R>>& out) {
    if constexpr (substitutes_later<policy_t<I>, R>) {
      if (at_ == I) {
        out.emplace(as_result_task(policy<I>().template substitute<R>(state<I>(), *this)));
      }
    }
  }
  static task<R> as_result_task(task<R> given) { return given; }
  template <class T>
  static task<R> as_result_task(task<T> given) {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(given);
      co_return R{};
    } else {
      auto value = co_await std::move(given);
      co_return R(std::move(value));
    }
  }
  template <std::size_t... I>
  task<R> substitute_at(std::index_sequence<I...>) {
    std::optional<task<R>> out;
    (substitute_one<I>(out), ...);
    return std::move(*out);
  }

  template <std::size_t I>
  void substituted_one(next& out, std::size_t at, R& outcome) {
    if constexpr (substitutes_later<policy_t<I>, R>) {
      if (at == I) {
        out = put<I>(std::move(outcome));
      }
    }
  }
  template <std::size_t... I>
  next substituted_at(std::index_sequence<I...>, R&& outcome) {
    next out = next::done;
    const auto at = at_;
    (substituted_one<I>(out, at, outcome), ...);
    return out;
  }

  const stack_data<P...>& data_;
  std::tuple<typename P::layer_state...> states_;
  std::optional<R> out_;
  std::size_t at_ = 0;
};

/// The frame of a call: owns the operation, its arguments and a share of the stack.
template <class R, class Op, class... P, class... Args>
task<R> drive(std::shared_ptr<const stack_data<P...>> data, context& cx, Op op, Args... args) {
  using operation = operation_traits<Op, Args...>;
  run<R, P...> r(*data, cx, operation_idempotency<Op>);
  auto todo = r.start();
  while (todo != next::done) {
    if (todo == next::invoke) {
      if constexpr (outcome_of<operation_result_t<Op, Args...>>::awaits) {
        R outcome = co_await operation::invoke(op, r.surroundings(), args...);
        todo = r.returned(std::move(outcome));
      } else {
        todo = r.returned(operation::invoke(op, r.surroundings(), args...));
      }
    } else if (todo == next::pause) {
      if constexpr (run<R, P...>::any_pauses) {
        const result<void> waited = co_await r.pause();
        todo = r.resumed(waited);
      }
    } else {
      if constexpr (run<R, P...>::any_substitutes_later) {
        R outcome = co_await r.substitute();
        todo = r.substituted(std::move(outcome));
      }
    }
  }
  co_return r.take();
}

}  // namespace fairlead::policy::detail
