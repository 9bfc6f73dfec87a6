// SPDX-License-Identifier: BSL-1.0
// Does harm on purpose, at a known rate, to see what the policies around it make of it.
#pragma once

#include <fairlead/core/task.hpp>
#include <fairlead/policy/layer.hpp>

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fairlead::policy {

/// How often chaos strikes. It belongs innermost, next to the operation, where the policies outside
/// of it cannot tell it from the real thing.
struct chaos_options {
  /// The share of the calls that it strikes, in [0, 1] (Polly: 0.001). 1 strikes all, 0 none.
  double rate = 0.001;
  /// In events; "chaos" when empty. Copied.
  std::string_view name = {};
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const chaos_options& options);

/// The rate for one call, for those who strike only some users or hosts, or switch it on and off.
/// What is not in [0, 1] counts as the nearest number that is, NaN as 0.
using chaos_rate = std::function<double(const context&)>;

namespace detail {

// Whether and how visibly it strikes. One draw per call, strikes when it is less than the rate.
class chaos_strike {
 public:
  explicit chaos_strike(const chaos_options& options);
  [[nodiscard]] bool operator()(call& c) const;
  void set_rate(chaos_rate f) { rate_of_ = std::move(f); }
  [[nodiscard]] std::string describe(std::string_view what) const;

 private:
  double rate_;
  std::string name_;
  chaos_rate rate_of_;
};

// What the four kinds have in common.
template <class Self>
class chaos_base {
 public:
  /// Asked for each call, instead of `chaos_options::rate`.
  Self& rate_by(chaos_rate f) & {
    strikes_.set_rate(std::move(f));
    return static_cast<Self&>(*this);
  }
  Self&& rate_by(chaos_rate f) && { return std::move(rate_by(std::move(f))); }

 protected:
  explicit chaos_base(const chaos_options& options) : strikes_(options) {}
  chaos_strike strikes_;
};

task<result<void>> no_pause();

}  // namespace detail

/// Fails calls with an error of your choice, without running the operation.
///
/// *Example*: `policy::chaos_fault{{.rate = 0.01}, errors::connection_refused{"http://users"}}`
class chaos_fault : public detail::chaos_base<chaos_fault> {
 public:
  /// Throws `std::invalid_argument`, which names every problem. Without an error it is
  /// `unavailable`, of target "chaos".
  explicit chaos_fault(const chaos_options& options = {});
  chaos_fault(const chaos_options& options, error what);

  // The layer protocol; see layer.hpp.
  struct layer_state {};
  step enter(layer_state& s, call& c) const;
  step leave(layer_state& /*s*/, call& /*c*/) const noexcept { return step::outward; }
  [[nodiscard]] std::string describe() const;

 private:
  error what_;
};

/// Delays calls before the operation runs, as a slow network would. The wait ends with the deadline
/// and with cancellation.
///
/// *Example*: `policy::chaos_latency{{.rate = 0.05}, 2s}`
class chaos_latency : public detail::chaos_base<chaos_latency> {
 public:
  /// Throws `std::invalid_argument`, which names every problem.
  chaos_latency(const chaos_options& options, duration delay);

  // The layer protocol; see layer.hpp.
  struct layer_state {};
  step enter(layer_state& s, call& c) const;
  step leave(layer_state& /*s*/, call& /*c*/) const noexcept { return step::outward; }
  [[nodiscard]] task<result<void>> pause(layer_state& s, call& c) const;
  step resume(layer_state& s, call& c, const result<void>& waited) const;
  [[nodiscard]] std::string describe() const;

 private:
  duration delay_;
};

/// Answers calls with an outcome of your choice, without running the operation: `f(context&)` gives
/// a value or a `result`.
///
/// *Example*: `policy::chaos_outcome{{.rate = 0.01}, [](context&) { return stale_price(); }}`
template <class F>
class chaos_outcome : public detail::chaos_base<chaos_outcome<F>> {
 public:
  /// Throws `std::invalid_argument`, which names every problem.
  chaos_outcome(const chaos_options& options, F f)
      : detail::chaos_base<chaos_outcome<F>>(options), f_(std::move(f)) {}

  // The layer protocol; see layer.hpp. A substitute follows a pause.
  struct layer_state {};
  step enter(layer_state& /*s*/, call& c) const {
    return this->strikes_(c) ? step::wait : step::inward;
  }
  step leave(layer_state& /*s*/, call& /*c*/) const noexcept { return step::outward; }
  [[nodiscard]] task<result<void>> pause(layer_state& /*s*/, call& /*c*/) const {
    return detail::no_pause();
  }
  step resume(layer_state& /*s*/, call& /*c*/, const result<void>& /*waited*/) const noexcept {
    return step::substitute;
  }
  template <class R>
  R substitute(layer_state& /*s*/, call& c) const {
    return R(std::invoke(f_, c.surroundings()));
  }
  [[nodiscard]] const std::optional<error>& original(const layer_state& /*s*/) const noexcept {
    return none_;
  }
  [[nodiscard]] std::string describe() const {
    return this->strikes_.describe("answers of its own for");
  }

 private:
  F f_;
  std::optional<error> none_;
};
template <class F>
chaos_outcome(chaos_options, F) -> chaos_outcome<F>;

/// Runs a side effect of your choice before the operation: `f(context&)` gives nothing, or a
/// `task<void>`, which is awaited. What it throws leaves through the stack.
///
/// *Example*: `policy::chaos_behaviour{{.rate = 0.01}, [&](context&) { pool.close_idle(); }}`
template <class F>
class chaos_behaviour : public detail::chaos_base<chaos_behaviour<F>> {
  using given = std::invoke_result_t<const F&, context&>;
  static_assert(std::is_void_v<given> || std::same_as<given, task<void>>,
                "a behaviour takes (context&) and gives nothing or a task<void>");

 public:
  /// Throws `std::invalid_argument`, which names every problem.
  chaos_behaviour(const chaos_options& options, F f)
      : detail::chaos_base<chaos_behaviour<F>>(options), f_(std::move(f)) {}

  // The layer protocol; see layer.hpp.
  struct layer_state {};
  step enter(layer_state& /*s*/, call& c) const {
    if (!this->strikes_(c)) {
      return step::inward;
    }
    if constexpr (std::is_void_v<given>) {
      std::invoke(f_, c.surroundings());
      return step::inward;
    } else {
      return step::wait;
    }
  }
  step leave(layer_state& /*s*/, call& /*c*/) const noexcept { return step::outward; }
  [[nodiscard]] task<result<void>> pause(layer_state& /*s*/, call& c) const
    requires(!std::is_void_v<given>)
  {
    return run(std::invoke(f_, c.surroundings()));
  }
  step resume(layer_state& /*s*/, call& /*c*/, const result<void>& /*waited*/) const noexcept {
    return step::inward;
  }
  [[nodiscard]] std::string describe() const {
    return this->strikes_.describe("a side effect before");
  }

 private:
  static task<result<void>> run(task<void> effect) {
    co_await std::move(effect);
    co_return result<void>{};
  }
  F f_;
};
template <class F>
chaos_behaviour(chaos_options, F) -> chaos_behaviour<F>;

}  // namespace fairlead::policy
