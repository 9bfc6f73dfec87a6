// SPDX-License-Identifier: BSL-1.0
// Answers in place of an operation that failed.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/policy/layer.hpp>

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fairlead::policy {

namespace detail {

template <class T>
inline constexpr bool is_task_v = false;
template <class T>
inline constexpr bool is_task_v<task<T>> = true;

/// Calls `f` with as much of (context, error) as it takes.
template <class F>
decltype(auto) call_with_error(const F& f, context& cx, const error& e) {
  if constexpr (std::invocable<const F&, context&, const error&>) {
    return std::invoke(f, cx, e);
  } else if constexpr (std::invocable<const F&, const error&>) {
    return std::invoke(f, e);
  } else {
    static_assert(std::invocable<const F&>,
                  "a fallback function takes (context&, const error&), (const error&) or nothing, "
                  "and is callable when const");
    return std::invoke(f);
  }
}

struct any_failure {
  bool operator()(const error&) const noexcept { return true; }
};

}  // namespace detail

/// Calls a function for another result when everything inside failed.
///
/// *When to use*: outermost, where there is something better than an error: an older value, a
/// default, another service, work put aside for later.
///
/// *What it answers*: every error but `cancelled`, and nothing once the caller has cancelled; with
/// a predicate, those errors for which it is true. Values pass.
///
/// The function is called only then (never before it is known to be needed), with (context&, const
/// error&), (const error&) or nothing. It gives a value, a `result`, or a task of either; it runs
/// under the deadline that holds outside of the inner layers. When it fails itself, its error is
/// returned, with the original as its cause.
///
/// *Thread safety*: the function is called by every thread that runs calls.
///
/// *Example*: `policy::fallback{[](const error&) { return manual_shipping(); }}`
template <class F, class Handles = detail::any_failure>
class fallback {
 public:
  explicit fallback(F f) : f_(std::move(f)) {}
  /// Only where `handles(error)` is true.
  fallback(Handles handles, F f) : f_(std::move(f)), handles_(std::move(handles)) {}

  /// The same with a name for events.
  [[nodiscard]] fallback named(std::string_view name) && {
    name_ = name;
    return std::move(*this);
  }

  // The layer protocol; see layer.hpp.
  static constexpr bool answers = true;
  static constexpr bool answers_everything = std::same_as<Handles, detail::any_failure>;
  struct layer_state {
    std::optional<error> original;
  };

  step enter(layer_state& s, call& /*c*/) const noexcept {
    s.original.reset();
    return step::inward;
  }

  step leave(layer_state& s, call& c) const {
    auto* e = c.failure();
    if (e == nullptr || e->kind() == error_kind::cancelled || c.cancelled() || !handles_(*e)) {
      return step::outward;
    }
    c.report({.policy = observe::policy_kind::fallback,
              .action = observe::policy_action::fallback,
              .name = name_,
              .attempt = c.attempt(),
              .cause = e});
    s.original = *e;
    return step::substitute;
  }

  /// What stands in place of the outcome: an `R`, or a task of what makes one.
  template <class R>
  auto substitute(layer_state& s, call& c) const {
    using given = decltype(detail::call_with_error(f_, c.surroundings(), *s.original));
    if constexpr (detail::is_task_v<given>) {
      return detail::call_with_error(f_, c.surroundings(), *s.original);
    } else if constexpr (std::is_void_v<given>) {
      detail::call_with_error(f_, c.surroundings(), *s.original);
      return R{};
    } else {
      return R(detail::call_with_error(f_, c.surroundings(), *s.original));
    }
  }

  [[nodiscard]] const std::optional<error>& original(const layer_state& s) const noexcept {
    return s.original;
  }

  [[nodiscard]] std::string describe() const {
    return answers_everything ? "a fallback for every failure" : "a fallback for some failures";
  }

 private:
  F f_;
  Handles handles_;
  std::string name_ = "fallback";
};

}  // namespace fairlead::policy
