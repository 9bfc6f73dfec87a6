// SPDX-License-Identifier: BSL-1.0
// How a stack talks to its layers: the facts of one call, and what a layer may ask for.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/observe/policy_event.hpp>
#include <fairlead/policy/verdict.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

namespace fairlead::policy {

/// What a layer asks the stack to do next.
enum class step : std::uint8_t {
  inward,      ///< go on to the next layer inside, finally to the operation
  outward,     ///< go on to the next layer outside, finally to the caller
  wait,        ///< await the layer's `pause`, then ask its `resume`
  substitute,  ///< put the layer's own result in place of the outcome, then go outward
};

/// One call through a stack, as its layers see it: under what it runs, how it ended so far.
///
/// Layers narrow the deadline and count attempts on the way in and restore on the way out what they
/// changed.
class call {
 public:
  call(const call&) = delete;
  call& operator=(const call&) = delete;

  /// The instant of the present boundary: read at most once between two suspensions, so that all
  /// layers judge by the same time.
  [[nodiscard]] time_point now() noexcept {
    if (!now_is_known_) {
      now_ = caller_->now();
      now_is_known_ = true;
    }
    return now_;
  }

  [[nodiscard]] time_point deadline() const noexcept { return deadline_; }
  void set_deadline(time_point at) noexcept { deadline_ = at; }
  [[nodiscard]] std::uint32_t attempt() const noexcept { return attempt_; }
  void set_attempt(std::uint32_t n) noexcept { attempt_ = n; }

  /// What the caller gave.
  [[nodiscard]] context& caller() const noexcept { return *caller_; }
  /// True when the caller gave up.
  [[nodiscard]] bool cancelled() const noexcept { return caller_->cancelled(); }
  /// The caller's context with the present deadline and attempt. Valid until it is asked for again.
  [[nodiscard]] context& surroundings() noexcept {
    inner_ = caller_->with_deadline(deadline_).with_attempt(attempt_);
    return inner_;
  }

  /// The error of the present outcome; null when it is a value, or before there is one.
  [[nodiscard]] error* failure() const noexcept { return failure_; }
  /// What the present outcome counts as.
  [[nodiscard]] verdict outcome() const noexcept { return outcome_; }
  void judge(verdict v) noexcept { outcome_ = v; }
  /// Puts `e` in place of the outcome.
  void fail(error e) { replace_(*this, std::move(e)); }
  /// Destroys the outcome, where nobody wants it any more. Another attempt must follow.
  void discard() noexcept { discard_(*this); }

  /// True when the operation may happen twice: the context says so, or else the operation, or else
  /// its error.
  [[nodiscard]] bool repeatable() const noexcept;

  /// True when somebody listens: do not prepare events otherwise.
  [[nodiscard]] bool observed() const noexcept { return sink_ != nullptr; }
  /// Completes `event` with stack and time, and reports it; nothing happens when nobody listens.
  void report(observe::policy_event event) noexcept;

 protected:
  using replace_function = void (*)(call&, error&&);
  using discard_function = void (*)(call&) noexcept;

  call(context& caller, observe::sink* sink, std::string_view name, idempotency nature,
       replace_function replace, discard_function drop) noexcept
      : caller_(&caller),
        inner_(caller),
        deadline_(caller.deadline()),
        attempt_(caller.attempt()),
        nature_(nature),
        sink_(sink),
        stack_name_(name),
        replace_(replace),
        discard_(drop) {}
  ~call() = default;

  void set_outcome(error* failure, verdict v) noexcept {
    failure_ = failure;
    outcome_ = v;
  }
  /// Something was awaited: time has passed.
  void forget_time() noexcept { now_is_known_ = false; }

 private:
  context* caller_;
  context inner_;
  time_point deadline_;
  time_point now_{};
  std::uint32_t attempt_;
  verdict outcome_ = verdict::success;
  idempotency nature_;
  bool now_is_known_ = false;
  error* failure_ = nullptr;
  observe::sink* sink_;
  std::string_view stack_name_;
  replace_function replace_;
  discard_function discard_;
};

/// A policy that can stand in a stack.
///
/// `layer_state` lives in the frame of the call; it is default constructible, and its destructor
/// gives back what it holds, as if the call had never counted. `enter` is asked on the way in,
/// and may go `inward`, or refuse with `call::fail` and `outward`, or `wait`. `leave` is asked on
/// the way out, when `enter` had gone inward. A layer that may wait has `pause(state, call)`, which
/// gives a `task<result<void>>`, and `resume(state, call, result<void>)`, which gives a step.
template <class P>
concept layer = std::copy_constructible<P> && std::default_initializable<typename P::layer_state> &&
                requires(const P& p, typename P::layer_state& s, call& c) {
                  { p.enter(s, c) } -> std::same_as<step>;
                  { p.describe() } -> std::convertible_to<std::string>;
                };

}  // namespace fairlead::policy
