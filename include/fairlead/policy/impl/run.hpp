// SPDX-License-Identifier: BSL-1.0
// One execution of a stack: the layers unrolled at compile time around one operation.
//
// How it works: `run` holds the state of every layer and the outcome. Its functions go in and out
// through the layers without suspending and say what to do next; the coroutine `drive` awaits it:
// the operation, the pause of a layer, or a substitute, at one place each. So a whole stack is one
// frame, and going in again is a function call. A layer that branches runs what is inside of it in
// further coroutines of the same kind, which begin at the next layer; see branches.hpp.
#pragma once

#include <fairlead/policy/fallback.hpp>
#include <fairlead/policy/layer.hpp>
#include <fairlead/policy/operation.hpp>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace fairlead::policy::detail {

/// A layer of a stack, whatever its type.
struct layer_view {
  const void* layer = nullptr;
  const void* identity = nullptr;  // null when it may stand in a stack several times
  std::string (*describe)(const void* layer) = nullptr;
};

/// What a stack is made of; shared by its copies and by the calls in flight. This part of it does
/// not depend on the types of the layers.
class stack_base {
 public:
  stack_base(const stack_base&) = delete;
  stack_base& operator=(const stack_base&) = delete;
  virtual ~stack_base();

  [[nodiscard]] const observation& seen() const noexcept { return seen_; }
  /// Throws `std::invalid_argument` when an identity occurs twice.
  void refuse_twice() const;
  /// One paragraph.
  [[nodiscard]] std::string describe() const;

 protected:
  stack_base(const layer_view* views, std::size_t count, observe::sink* sink,
             std::string_view name);
  /// For those whose views are made later.
  void show(const layer_view* views, std::size_t count) noexcept {
    views_ = views;
    count_ = count;
  }

 private:
  const layer_view* views_;
  std::size_t count_;
  std::string name_;
  observation seen_;
};

using shared_stack = std::shared_ptr<const stack_base>;
/// Owns `made`.
[[nodiscard]] shared_stack share(const stack_base* made);

template <class P>
layer_view view_of(const P& p) noexcept {
  layer_view view{.layer = &p, .describe = [](const void* layer) -> std::string {
                    return static_cast<const P*>(layer)->describe();
                  }};
  if constexpr (requires { p.identity(); }) {
    view.identity = p.identity();
  }
  return view;
}

template <class... P>
class stack_data final : public stack_base {
 public:
  explicit stack_data(P&&... given)
      : stack_base(views_, sizeof...(P), nullptr, {}), layers(std::move(given)...) {
    view_all(std::index_sequence_for<P...>{});
  }
  stack_data(const stack_data& other, observe::sink& sink, std::string_view name)
      : stack_base(views_, sizeof...(P), &sink, name), layers(other.layers) {
    view_all(std::index_sequence_for<P...>{});
  }

  const std::tuple<P...> layers;

 private:
  template <std::size_t... I>
  void view_all(std::index_sequence<I...> /*all*/) noexcept {
    ((views_[I] = view_of(std::get<I>(layers))), ...);
  }

  layer_view views_[sizeof...(P) + 1];
};

enum class next : std::uint8_t { invoke, pause, substitute, branch, done };

template <class P>
concept pauses = requires(const P& p, typename P::layer_state& s, call& c) { p.pause(s, c); };

template <class P, class R>
concept substitutes =
    requires(const P& p, typename P::layer_state& s, call& c) { p.template substitute<R>(s, c); };

template <class P, class R>
concept substitutes_later =
    substitutes<P, R> && is_task_v<decltype(std::declval<const P&>().template substitute<R>(
                             std::declval<typename P::layer_state&>(), std::declval<call&>()))>;

template <class P>
concept branches =
    requires(const P& p, typename P::layer_state& s, call& c, inside& i) { p.branch(s, c, i); };

template <class P>
concept answering = requires { requires P::answers; };

template <class P>
concept copying = requires { requires P::copies; };

template <class P>
concept repeating = requires { requires P::repeats; };

// One after the place of the last `true`; `least` when that is less, or there is none.
constexpr std::size_t after_last_of(std::initializer_list<bool> which, std::size_t least) noexcept {
  std::size_t after = least;
  for (std::size_t i = 0; i < which.size(); ++i) {
    after = which.begin()[i] && i >= least ? i + 1 : after;
  }
  return after;
}

// The place of the last `true`; the size when there is none.
constexpr std::size_t last_of(std::initializer_list<bool> which) noexcept {
  std::size_t last = which.size();
  for (std::size_t i = 0; i < which.size(); ++i) {
    last = which.begin()[i] ? i : last;
  }
  return last;
}

// The state of layer `I`. (g++ needs 2 MB more for a std::tuple of them.)
template <std::size_t I, class P>
struct state_at {
  typename P::layer_state state{};
};
template <class Indices, class... P>
struct states_of;
template <std::size_t... I, class... P>
struct states_of<std::index_sequence<I...>, P...> : state_at<I, P>... {};

/// Room for an outcome. (g++ needs 1.5 MB more for a std::optional.)
template <class R>
class outcome_slot {
 public:
  outcome_slot() noexcept {}
  outcome_slot(const outcome_slot&) = delete;
  outcome_slot& operator=(const outcome_slot&) = delete;
  ~outcome_slot() { reset(); }

  R& emplace(R&& outcome) {
    reset();
    ::new (static_cast<void*>(std::addressof(outcome_))) R(std::move(outcome));
    full_ = true;
    return outcome_;
  }
  void reset() noexcept {
    if (full_) {
      full_ = false;
      outcome_.~R();
    }
  }
  [[nodiscard]] R& operator*() noexcept { return outcome_; }
  [[nodiscard]] const R& operator*() const noexcept { return outcome_; }

 private:
  union {
    R outcome_;
  };
  bool full_ = false;
};

// Tells types of outcomes apart.
template <class R>
inline constexpr char outcome_id = 0;

// What can be done with the outcome of a `Run`, copies only where somebody asks for them.
template <class Run, class R, bool Copies>
struct outcome_ops {
  static Run& of(call& c) noexcept { return static_cast<Run&>(c); }
  static void replace(call& c, error&& e) { of(c).settle(tl::unexpected<error>(std::move(e))); }
  static void discard(call& c) noexcept { of(c).drop(); }
  static void move(call& c, void* from) { of(c).settle(std::move(*static_cast<R*>(from))); }
  static std::shared_ptr<const void> copy(call& c) {
    return std::make_shared<const R>(of(c).outcome());
  }
  static void assign(call& c, const void* from) { of(c).settle(R(*static_cast<const R*>(from))); }
  static consteval outcome_type make() {
    outcome_type t{.id = &outcome_id<R>, .replace = &replace, .discard = &discard, .move = &move};
    if constexpr (Copies) {
      t.copy = &copy;
      t.assign = &assign;
    }
    return t;
  }
  static constexpr outcome_type value = make();
};

/// One execution of the layers from `Begin` on.
template <std::size_t Begin, class R, class... P>
class run final : public call {
 public:
  run(const stack_data<P...>& data, context& cx, fairlead::idempotency nature) noexcept
      : call(cx, data.seen(), nature, outcome_ops<run, R, (copying<P> || ...)>::value),
        data_(data) {}

  next start() {
    begin_execution();
    if (cancelled()) {
      fail_cancelled();
      return next::done;
    }
    if (expired()) {
      return refuse_late<Begin>();
    }
    return descend<Begin>();
  }

  next returned(R&& outcome) {
    forget_time();
    settle(std::move(outcome));
    return ascend<size>();
  }

  [[nodiscard]] task<result<void>> pause() { return pause_at<Begin>(); }
  next resumed(const result<void>& waited) {
    forget_time();
    return resume_at<Begin>(waited);
  }

  [[nodiscard]] task<R> substitute() { return substitute_at<Begin>(); }
  next substituted(R&& outcome) {
    forget_time();
    return substituted_at<Begin>(std::move(outcome));
  }

  [[nodiscard]] R take() {
    if constexpr (Begin == 0) {
      end_execution();
    }
    return std::move(*out_);
  }

  /// For the layers that branch: which one, its branches, and going on when they have ended.
  [[nodiscard]] std::size_t at() const noexcept { return at_; }
  template <std::size_t I>
  [[nodiscard]] task<void> branch(inside& in) {
    return policy<I>().branch(state<I>(), *this, in);
  }
  template <std::size_t I>
  next branched() {
    forget_time();
    return ascend<I>();
  }

  // For `outcome_ops`.
  void settle(R&& outcome) {
    R& settled = out_.emplace(std::move(outcome));
    if (settled.has_value()) {
      set_outcome(nullptr, verdict::success);
    } else {
      set_outcome(&settled.error(), default_verdict(settled.error()));
    }
  }
  void drop() noexcept {
    set_outcome(nullptr, verdict::neutral);
    out_.reset();
  }
  [[nodiscard]] const R& outcome() const noexcept { return *out_; }

  /// The frame of a call: owns the operation, its arguments and a share of the stack.
  template <class Op, class... Args>
  static task<R> drive(shared_stack stack, context& cx, Op op, Args... args) {
    using operation = operation_traits<Op, Args...>;
    run r(static_cast<const stack_data<P...>&>(*stack), cx, operation_idempotency<Op>);
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
        if constexpr (last_pausing < size) {
          const result<void> waited = co_await r.pause();
          todo = r.resumed(waited);
        }
      } else {
        if constexpr (last_substituting < size) {
          R outcome = co_await r.substitute();
          todo = r.substituted(std::move(outcome));
        }
      }
    }
    co_return r.take();
  }

  static constexpr std::size_t size = sizeof...(P);
  static constexpr std::size_t last_pausing = last_of({pauses<P>...});
  static constexpr std::size_t last_substituting = last_of({substitutes_later<P, R>...});
  // The layers from here on only judge the outcome of an attempt, the one outside of them has to do
  // with it.
  static constexpr std::size_t judged =
      after_last_of({repeating<P> || substitutes<P, R> || copying<P>...}, Begin);

 private:
  template <std::size_t I>
  const auto& policy() const noexcept {
    return std::get<I>(data_.layers);
  }
  template <std::size_t I>
  auto& state() noexcept {
    return static_cast<state_at<I, policy_t<I>>&>(states_).state;
  }
  template <std::size_t I>
  using policy_t = std::tuple_element_t<I, std::tuple<P...>>;

  // A call that begins after its deadline asks nobody, but a fallback outside may answer it.
  template <std::size_t I>
  next refuse_late() {
    if constexpr (I < size) {
      if constexpr (answering<policy_t<I>>) {
        if (policy<I>().enter(state<I>(), *this) == step::inward) {
          return refuse_late<I + 1>();
        }
      }
    }
    fail_late();
    return ascend<I>();
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
        case step::branch:
          at_ = I;
          return next::branch;
        default:
          return ascend<I>();
      }
    }
  }

  // A caller that gave up, or whose time is over, starts nothing.
  next before_operation() {
    if (cancelled()) {
      fail_cancelled();
      return ascend<size>();
    }
    if (expired()) {
      fail_late();
      return ascend<size>();
    }
    begin_attempt();
    return next::invoke;
  }

  // Outwards through the layers outside of layer I.
  template <std::size_t I>
  next ascend() {
    if constexpr (I == judged) {
      end_attempt();
    }
    if constexpr (I == Begin) {
      return next::done;
    } else {
      return follow<I - 1>(leave<I - 1>());
    }
  }

  template <std::size_t I>
  step leave() {
    if constexpr (requires { policy<I>().leave(state<I>(), *this); }) {
      return policy<I>().leave(state<I>(), *this);
    } else if constexpr (requires { policy<I>().leave(state<I>(), *this, outcome()); }) {
      return policy<I>().leave(state<I>(), *this, outcome());
    } else {
      return step::outward;
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
      case step::branch:
        at_ = I;
        return next::branch;
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

  // Each of these looks for layer `at_` from layer I on; the last that it can be needs no look.
  template <std::size_t I>
  task<result<void>> pause_at() {
    if constexpr (I < last_pausing) {
      if (at_ > I) {
        return pause_at<I + 1>();
      }
    }
    if constexpr (pauses<policy_t<I>>) {
      return policy<I>().pause(state<I>(), *this);
    } else {
      __builtin_unreachable();
    }
  }

  template <std::size_t I>
  next resume_at(const result<void>& waited) {
    if constexpr (I < last_pausing) {
      if (at_ > I) {
        return resume_at<I + 1>(waited);
      }
    }
    if constexpr (pauses<policy_t<I>>) {
      return follow<I>(policy<I>().resume(state<I>(), *this, waited));
    } else {
      __builtin_unreachable();
    }
  }

  template <std::size_t I>
  task<R> substitute_at() {
    if constexpr (I < last_substituting) {
      if (at_ > I) {
        return substitute_at<I + 1>();
      }
    }
    if constexpr (substitutes_later<policy_t<I>, R>) {
      return as_result_task(policy<I>().template substitute<R>(state<I>(), *this));
    } else {
      __builtin_unreachable();
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

  template <std::size_t I>
  next substituted_at(R&& outcome) {
    if constexpr (I < last_substituting) {
      if (at_ > I) {
        return substituted_at<I + 1>(std::move(outcome));
      }
    }
    if constexpr (substitutes_later<policy_t<I>, R>) {
      return put<I>(std::move(outcome));
    } else {
      __builtin_unreachable();
    }
  }

  const stack_data<P...>& data_;
  states_of<std::index_sequence_for<P...>, P...> states_;
  outcome_slot<R> out_;
  std::size_t at_ = 0;
};

/// The same for stacks with layers that branch. Defined in branches.hpp, which those layers
/// include.
template <class R, class... P>
struct branching;

}  // namespace fairlead::policy::detail
