// SPDX-License-Identifier: BSL-1.0
// Limits on how long a call, or one attempt of it, may take.
#pragma once

#include <fairlead/policy/layer.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fairlead::policy {

/// What becomes of an outcome that comes after the limit, from an operation that did not stop.
enum class late_outcome : std::uint8_t {
  deliver,  ///< the caller gets it: what exists is never replaced (reported as `late`)
  discard,  ///< the caller gets the timeout
};

/// More about a limit than its length.
struct timeout_options {
  late_outcome late = late_outcome::deliver;
  /// In events and errors; "timeout" when empty. Copied.
  std::string_view name = {};
};

/// A limit that depends on the call.
template <class F>
concept limit_function = std::copy_constructible<F> && requires(const F& f, const context& cx) {
  { f(cx) } -> std::convertible_to<duration>;
};

namespace detail {

// What the two timeouts have in common.
class time_limit {
 public:
  struct layer_state {
    time_point outer{};
    time_point own{};
    duration limit{};
    bool binding = false;
  };

  step leave(layer_state& s, call& c) const {
    if (!s.binding) {
      return step::outward;
    }
    c.set_deadline(s.outer);
    if (c.failure() != nullptr || c.observed() || options_late_ == late_outcome::discard) {
      judge(s, c);
    }
    return step::outward;
  }

 protected:
  time_limit(timeout_scope scope, duration limit, const timeout_options& options);
  time_limit(timeout_scope scope, const timeout_options& options);
  time_limit(const time_limit& other);
  time_limit(time_limit&& other) noexcept;
  time_limit& operator=(const time_limit& other);
  time_limit& operator=(time_limit&& other) noexcept;
  ~time_limit();

  void narrow(layer_state& s, call& c, duration limit) const {
    s.binding = false;
    if (limit == duration::max()) {
      return;
    }
    s.limit = limit < duration::zero() ? duration::zero() : limit;
    s.own = saturating_add(c.now(), s.limit);
    s.outer = c.deadline();
    if (s.own < s.outer) {
      s.binding = true;
      c.set_deadline(s.own);
    }
  }
  [[nodiscard]] std::string describe_limit(std::string_view limit) const;
  [[nodiscard]] static std::string in_words(duration limit);

 private:
  static bool over(const layer_state& s, call& c);
  void judge(const layer_state& s, call& c) const;
  void expire(const layer_state& s, call& c) const;

  timeout_scope scope_;
  late_outcome options_late_;
  std::string name_;
};

template <timeout_scope Scope, class Limit>
class basic_timeout : public time_limit {
 public:
  basic_timeout(duration limit, const timeout_options& options)
    requires std::same_as<Limit, duration>
      : time_limit(Scope, limit, options), limit_(limit) {}
  basic_timeout(Limit limit, const timeout_options& options)
    requires limit_function<Limit>
      : time_limit(Scope, options), limit_(std::move(limit)) {}

  step enter(layer_state& s, call& c) const {
    if constexpr (std::same_as<Limit, duration>) {
      narrow(s, c, limit_);
    } else {
      narrow(s, c, limit_(std::as_const(c.surroundings())));
    }
    return step::inward;
  }

  [[nodiscard]] std::string describe() const {
    if constexpr (std::same_as<Limit, duration>) {
      return describe_limit(in_words(limit_));
    } else {
      return describe_limit("a time that depends on the call");
    }
  }

 private:
  Limit limit_;
};

}  // namespace detail

/// Bounds everything inside of it: all attempts and the waits between them.
///
/// The inner layers run under an earlier deadline; there is no timer of its own, and none at all
/// when the operation completes without waiting or an outer deadline comes first. Operations that
/// respect their context end at the limit and are joined; others are awaited, and what they give is
/// delivered late (`timeout_options::late`).
///
/// *Errors*: `timeout` with the limit, in place of the `deadline` that the operation ended with;
/// stage, sent and cause are kept. When the caller's own deadline or another limit came first,
/// or the caller cancelled, that error stays.
///
/// *Example*: `policy::total_timeout{3s}`
template <class Limit = duration>
class total_timeout : public detail::basic_timeout<timeout_scope::total, Limit> {
 public:
  /// Throws `std::invalid_argument` when the limit is negative. Zero is allowed: what completes at
  /// once passes, what waits does not. `duration::max()` is no limit.
  explicit total_timeout(Limit limit, const timeout_options& options = {})
      : detail::basic_timeout<timeout_scope::total, Limit>(std::move(limit), options) {}
};
template <class Rep, class Period>
total_timeout(std::chrono::duration<Rep, Period>) -> total_timeout<duration>;
template <class Rep, class Period>
total_timeout(std::chrono::duration<Rep, Period>, timeout_options) -> total_timeout<duration>;
template <limit_function F>
total_timeout(F) -> total_timeout<F>;
template <limit_function F>
total_timeout(F, timeout_options) -> total_timeout<F>;

/// Bounds one attempt: the same as `total_timeout`, placed inside a retry. The limit may be a
/// function of the context, whose `attempt()` tells which attempt it is.
///
/// *Example*: `policy::attempt_timeout{800ms}`,
/// `policy::attempt_timeout{[](const context& cx) { return cx.attempt() * 100ms; }}`
template <class Limit = duration>
class attempt_timeout : public detail::basic_timeout<timeout_scope::attempt, Limit> {
 public:
  /// See `total_timeout`.
  explicit attempt_timeout(Limit limit, const timeout_options& options = {})
      : detail::basic_timeout<timeout_scope::attempt, Limit>(std::move(limit), options) {}
};
template <class Rep, class Period>
attempt_timeout(std::chrono::duration<Rep, Period>) -> attempt_timeout<duration>;
template <class Rep, class Period>
attempt_timeout(std::chrono::duration<Rep, Period>, timeout_options) -> attempt_timeout<duration>;
template <limit_function F>
attempt_timeout(F) -> attempt_timeout<F>;
template <limit_function F>
attempt_timeout(F, timeout_options) -> attempt_timeout<F>;

}  // namespace fairlead::policy
