// SPDX-License-Identifier: BSL-1.0
// How a layer runs what is inside of it by itself: several times side by side, for several callers,
// or after the call has ended.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/policy/layer.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace fairlead::policy {

/// One run of the inside of a stack, with a context of its own: the deadline, cancellation and
/// attempt number of the call it was prepared for, until it is told otherwise.
///
/// It ends exactly once: `ended` turns true, then the function given to `when_ended` is called, on
/// the executor of the run. Its outcome stays until somebody takes it.
///
/// *Thread safety*: none; on the executor of the context it was prepared under.
class inner_run {
 public:
  inner_run(const inner_run&) = delete;
  inner_run& operator=(const inner_run&) = delete;
  virtual ~inner_run() = default;

  /// What it runs under: the deadline of the caller, who starts nothing when that has come.
  [[nodiscard]] context& surroundings() noexcept { return cx_; }
  /// What the layers outside have left of it: a limit, at which what waits ends.
  [[nodiscard]] time_point limit() const noexcept { return limit_; }
  /// In place of both. Before it is started.
  void set_deadline(time_point at) noexcept;
  void set_attempt(std::uint32_t n) noexcept { cx_ = cx_.with_attempt(n); }

  /// Asks it to end.
  void cancel() noexcept { scope_.cancel(); }
  [[nodiscard]] bool cancelled() const noexcept { return scope_.cancelled(); }
  /// From now on the caller's cancellation is nothing to it.
  void release() noexcept { follow_.unlink(); }

  [[nodiscard]] bool ended() const noexcept { return ended_; }
  void when_ended(void (*f)(void* arg, inner_run& r) noexcept, void* arg) noexcept {
    on_end_ = f;
    arg_ = arg;
  }
  /// Keeps `owner` alive until it has ended, or is destroyed.
  void keep(std::shared_ptr<void> owner) noexcept { kept_ = std::move(owner); }

  // Of a run that has ended.
  /// What its outcome counts as, in the eyes of the layers inside.
  [[nodiscard]] verdict outcome() const noexcept { return verdict_; }
  /// Its error; null when it gave a value, or threw.
  [[nodiscard]] virtual const error* failure() const noexcept = 0;
  /// The exception that left the operation.
  [[nodiscard]] const std::exception_ptr& thrown() const noexcept { return thrown_; }
  /// Moves its outcome to `to`, a call of the same type.
  virtual void give_to(call& to) = 0;
  /// A copy of its outcome; see `outcome_type`.
  [[nodiscard]] virtual std::shared_ptr<const void> copy() const = 0;

 protected:
  explicit inner_run(call& of);
  void end(verdict v, std::exception_ptr thrown) noexcept;

 private:
  struct follower : cancel_node {
    explicit follower(inner_run& r) noexcept;
    inner_run& self;
  };

  std::string key_;
  std::string idempotency_key_;
  std::shared_ptr<trace_context> trace_;  // a copy, since it may outlive the caller's span
  cancel_scope scope_;
  context cx_;
  time_point limit_;
  follower follow_;
  bool ended_ = false;
  verdict verdict_ = verdict::neutral;
  std::exception_ptr thrown_;
  void (*on_end_)(void*, inner_run&) noexcept = nullptr;
  void* arg_ = nullptr;
  std::shared_ptr<void> kept_;
};

/// What is inside of a layer that branches.
class inside {
 public:
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;

  /// True when runs may outlive the call: the operation owns what it uses (`policy::detachable`).
  [[nodiscard]] virtual bool detachable() const noexcept = 0;
  /// A run that has not begun, under the caller's context with the call's deadline and attempt.
  /// Cancelled with the caller until it is released.
  [[nodiscard]] virtual std::shared_ptr<inner_run> prepare(call& of) = 0;
  /// Runs it within the awaiting coroutine.
  [[nodiscard]] virtual task<void> run(std::shared_ptr<inner_run> r) = 0;
  /// Runs it beside the awaiting coroutine, which must not end before it, unless runs are
  /// detachable. It begins within this call.
  virtual void start(std::shared_ptr<inner_run> r) = 0;

 protected:
  inside() = default;
  ~inside() = default;
};

}  // namespace fairlead::policy
