// SPDX-License-Identifier: BSL-1.0
// How a stack talks to its layers: the facts of one call, and what a layer may ask for.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/observe/timing_event.hpp>
#include <fairlead/policy/verdict.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::policy {

/// What a layer asks the stack to do next.
enum class step : std::uint8_t {
  inward,      ///< go on to the next layer inside, finally to the operation
  outward,     ///< go on to the next layer outside, finally to the caller
  wait,        ///< await the layer's `pause`, then ask its `resume`
  substitute,  ///< put the layer's own result in place of the outcome, then go outward
  branch,      ///< await the layer's `branch`, which runs the inside itself, then go outward
};

class call;
class inside;

/// Who listens to the calls of a stack, and the name that he knows it by.
struct observation {
  observe::sink* sink = nullptr;
  std::string_view name = {};
};

/// What can be done with an outcome by those who do not know its type.
struct outcome_type {
  /// The same for the same type.
  const void* id = nullptr;
  void (*replace)(call&, error&&) = nullptr;
  void (*discard)(call&) noexcept = nullptr;
  /// Makes the outcome that at `from`, which is moved from.
  void (*move)(call&, void* from) = nullptr;
  /// A copy of the outcome (a `result<T>`). Null, as `assign`, in stacks that nobody copies in.
  std::shared_ptr<const void> (*copy)(call&) = nullptr;
  /// Makes the outcome a copy of what `copy` gave for the same type.
  void (*assign)(call&, const void* from) = nullptr;
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

  /// Whether the caller's own time is over.
  [[nodiscard]] bool expired() noexcept {
    return caller_->deadline() != no_deadline && now() >= caller_->deadline();
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

  /// The identity of the retry budget that a layer outside has told of this call, so that one
  /// inside does not count it again.
  [[nodiscard]] const void* enrolled_in() const noexcept { return enrolled_in_; }
  void set_enrolled_in(const void* budget) noexcept { enrolled_in_ = budget; }

  /// The error of the present outcome; null when it is a value, or before there is one.
  [[nodiscard]] error* failure() const noexcept { return failure_; }
  /// What the present outcome counts as.
  [[nodiscard]] verdict outcome() const noexcept { return outcome_; }
  void judge(verdict v) noexcept { outcome_ = v; }
  /// Puts `e` in place of the outcome.
  void fail(error e) { type_->replace(*this, std::move(e)); }
  /// Destroys the outcome, where nobody wants it any more. Another attempt must follow.
  void discard() noexcept { type_->discard(*this); }
  /// The type of the outcome.
  [[nodiscard]] const outcome_type& type() const noexcept { return *type_; }

  /// True when the operation may happen twice: the context says so, or else the operation, or else
  /// its error.
  [[nodiscard]] bool repeatable() const noexcept;
  /// True when the operation is known beforehand to be safe to happen twice: the context says so,
  /// or else the operation.
  [[nodiscard]] bool idempotent() const noexcept;

  /// True when somebody listens: do not prepare events otherwise.
  [[nodiscard]] bool observed() const noexcept { return seen_->sink != nullptr; }
  /// Completes `event` with stack and, unless it has one, the time of the present boundary, and
  /// reports it; nothing happens when nobody listens. Who speaks from within a `branch`, where time
  /// has passed since, gives the time.
  void report(observe::policy_event event) noexcept;
  /// Who listens, and the name under which; for what is reported when the call has ended.
  [[nodiscard]] observe::sink* sink() const noexcept { return seen_->sink; }
  [[nodiscard]] std::string_view stack_name() const noexcept { return seen_->name; }

  /// For layers that let calls wait for a permit: before `step::wait`, and when `resume` is asked.
  void begin_wait() noexcept {
    if (observed()) {
      start_clock();
    }
  }
  void end_wait(observe::policy_kind policy, std::string_view name) noexcept {
    if (observed()) {
      report_wait(policy, name);
    }
  }

  /// Something was awaited: time has passed. Stacks say so; layers that branch do, too, before they
  /// look at the time again.
  void forget_time() noexcept { now_is_known_ = false; }

  // What stacks time, where somebody listens.
  void begin_execution() noexcept {
    if (observed()) [[unlikely]] {
      start_execution();
    }
  }
  void end_execution() noexcept {
    if (timed_) [[unlikely]] {
      report_execution();
    }
  }
  void begin_attempt() noexcept {
    if (timed_) [[unlikely]] {
      start_attempt();
    }
  }
  /// When the layers that stand next to the operation have judged its outcome, if there is one.
  void end_attempt() noexcept {
    if (timed_) [[unlikely]] {
      report_attempt();
    }
  }

 protected:
  call(context& caller, const observation& seen, fairlead::idempotency nature,
       const outcome_type& type) noexcept
      : caller_(&caller),
        inner_(caller),
        deadline_(caller.deadline()),
        attempt_(caller.attempt()),
        nature_(nature),
        seen_(&seen),
        type_(&type) {}
  ~call() = default;

  void set_outcome(error* failure, verdict v) noexcept {
    failure_ = failure;
    outcome_ = v;
  }

  // Out of line, since the error would take room in the frame of every call.
  void fail_cancelled();
  void fail_late();

 private:
  void start_execution() noexcept;
  void start_clock() noexcept;
  void start_attempt() noexcept;
  void report_wait(observe::policy_kind policy, std::string_view name) noexcept;
  void report_attempt() noexcept;
  void report_execution() noexcept;

  context* caller_;
  context inner_;
  time_point deadline_;
  time_point now_{};
  std::uint32_t attempt_;
  verdict outcome_ = verdict::success;
  fairlead::idempotency nature_;
  bool now_is_known_ = false;
  bool timed_ = false;
  bool attempting_ = false;  // only where it is timed
  error* failure_ = nullptr;
  const observation* seen_;
  time_point began_;  // these two only where somebody listens
  time_point mark_;   // when the wait or the attempt began
  const outcome_type* type_;
  const void* enrolled_in_ = nullptr;
};

/// A policy that can stand in a stack.
///
/// `layer_state` lives in the frame of the call; it is default constructible, and its destructor
/// gives back what it holds, as if the call had never counted. `enter` is asked on the way in,
/// and may go `inward`, or refuse with `call::fail` and `outward`, or `wait`. `leave` is asked on
/// the way out, when `enter` had gone inward. A layer that may wait has `pause(state, call)`, which
/// gives a `task<result<void>>`, and `resume(state, call, result<void>)`, which gives a step. A
/// layer that runs the inside itself has `branch(state, call, inside&)`, a `task<void>` at whose
/// end the outcome stands; see inner_run.hpp.
template <class P>
concept layer = std::copy_constructible<P> && std::default_initializable<typename P::layer_state> &&
                requires(const P& p, typename P::layer_state& s, call& c) {
                  { p.enter(s, c) } -> std::same_as<step>;
                  { p.describe() } -> std::convertible_to<std::string>;
                };

}  // namespace fairlead::policy
