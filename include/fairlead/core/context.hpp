// SPDX-License-Identifier: BSL-1.0
// What goes first into every operation: deadline, cancellation and the facts about the call.
#pragma once

#include <fairlead/core/cancellation.hpp>
#include <fairlead/core/environment.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/time.hpp>

#include <cstdint>
#include <string_view>

namespace fairlead {

/// Whether an operation may safely happen twice. `by_operation` leaves it to the operation's own
/// nature (an HTTP method, a port's request type).
enum class idempotency : std::uint8_t { by_operation, idempotent, not_idempotent };

/// How much a call matters when load must be dropped (the four classes of the SRE book, chapter
/// 21).
enum class criticality : std::uint8_t { critical_plus, critical, sheddable_plus, sheddable };

class trace_context;  // of the observe area; the core only carries the pointer

/// What the caller said of the call that a service is answering. It is said of that one call and
/// not of those that the service makes in turn, so it stands apart from the context's own facts.
struct received_call {
  std::string_view operation;        ///< its name
  std::string_view idempotency_key;  ///< empty: none was given
  std::uint32_t attempt = 1;         ///< more than 1: the caller tries again
};

/// The surroundings of one call: an absolute deadline, cancellation, attempt number, idempotency,
/// criticality, a cost, a key, a trace, and the environment with clock, timers and random source.
///
/// A context is a small value. `with_...` makes one for a part of the work: it shares the
/// cancellation, and its deadline is never later than the one it came from. To be able to cancel a
/// part alone, use a `cancel_scope`. Roots come from `run`, servers, task scopes, or
/// `cancel_scope(environment&)`.
///
/// Operations take `context&`; the context must live until the operation has ended.
///
/// *Thread safety*: none; it belongs to the executor of its environment.
///
/// *Example*:
/// ```cpp
/// auto quick = cx.with_timeout(200ms);
/// auto user = co_await client.get<shop::user>(quick, "/users/1");
/// ```
class context {
 public:
  [[nodiscard]] environment& env() const noexcept { return *env_; }
  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept {
    return env_->executor();
  }
  [[nodiscard]] time_point now() const noexcept { return env_->now(); }

  [[nodiscard]] time_point deadline() const noexcept { return deadline_; }
  /// How long until the deadline at `at`; negative when it has passed, `duration::max()` without
  /// one.
  [[nodiscard]] duration remaining(time_point at) const noexcept {
    return deadline_ == no_deadline ? duration::max() : deadline_ - at;
  }

  [[nodiscard]] bool cancelled() const noexcept { return cancel_->cancelled(); }
  [[nodiscard]] cancellation& cancel_tree() const noexcept { return *cancel_; }

  /// `cancelled` or `deadline` when there is no point in going on; the caller's cancel wins.
  [[nodiscard]] result<void> check() const;

  /// 1 for the first invocation of an operation; set by retry and hedge.
  [[nodiscard]] std::uint32_t attempt() const noexcept { return attempt_; }
  [[nodiscard]] fairlead::idempotency idempotency() const noexcept { return idempotency_; }
  [[nodiscard]] fairlead::criticality criticality() const noexcept { return criticality_; }
  /// How many permits of a rate limit the call takes; 1 unless set.
  [[nodiscard]] std::uint32_t cost() const noexcept { return cost_; }
  /// What keyed policies, sticky balancing and coalescing go by; empty when unset.
  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  /// The key under which a server recognises a repeated request; empty when unset.
  [[nodiscard]] std::string_view idempotency_key() const noexcept { return idempotency_key_; }
  [[nodiscard]] trace_context* trace() const noexcept { return trace_; }
  /// In a service: the call that it answers; null elsewhere.
  [[nodiscard]] const received_call* received() const noexcept { return received_; }

  /// A context whose deadline is `limit` from now, or this one's if that is earlier.
  [[nodiscard]] context with_timeout(duration limit) const noexcept {
    return with_deadline(saturating_add(now(), limit));
  }
  /// A context whose deadline is `at`, or this one's if that is earlier.
  [[nodiscard]] context with_deadline(time_point at) const noexcept {
    context c = *this;
    c.deadline_ = at < deadline_ ? at : deadline_;
    return c;
  }
  [[nodiscard]] context with_attempt(std::uint32_t n) const noexcept {
    context c = *this;
    c.attempt_ = n;
    return c;
  }
  [[nodiscard]] context with_idempotency(fairlead::idempotency i) const noexcept {
    context c = *this;
    c.idempotency_ = i;
    return c;
  }
  [[nodiscard]] context with_criticality(fairlead::criticality v) const noexcept {
    context c = *this;
    c.criticality_ = v;
    return c;
  }
  [[nodiscard]] context with_cost(std::uint32_t permits) const noexcept {
    context c = *this;
    c.cost_ = permits;
    return c;
  }
  /// The text must outlive the context.
  [[nodiscard]] context with_key(std::string_view key) const noexcept {
    context c = *this;
    c.key_ = key;
    return c;
  }
  /// The text must outlive the context.
  [[nodiscard]] context with_idempotency_key(std::string_view key) const noexcept {
    context c = *this;
    c.idempotency_key_ = key;
    return c;
  }
  [[nodiscard]] context with_trace(trace_context* t) const noexcept {
    context c = *this;
    c.trace_ = t;
    return c;
  }
  /// `call` must outlive the context.
  [[nodiscard]] context with_received(const received_call& call) const noexcept {
    context c = *this;
    c.received_ = &call;
    return c;
  }

 protected:
  context(environment& env, cancellation& cancel) noexcept : env_(&env), cancel_(&cancel) {}
  context(const context& parent, cancellation& cancel) noexcept : context(parent) {
    cancel_ = &cancel;
  }

 private:
  environment* env_;
  cancellation* cancel_;
  time_point deadline_ = no_deadline;
  std::uint32_t attempt_ = 1;
  fairlead::idempotency idempotency_ = fairlead::idempotency::by_operation;
  fairlead::criticality criticality_ = fairlead::criticality::critical;
  std::uint32_t cost_ = 1;
  std::string_view key_;
  std::string_view idempotency_key_;
  trace_context* trace_ = nullptr;
  const received_call* received_ = nullptr;
};

/// A context that can be cancelled alone: `cancel` ends exactly what runs under it. Is cancelled
/// with the context it was made from, which it must not outlive.
class cancel_scope : private cancellation, public context {
 public:
  /// Below `parent`, with its deadline and facts.
  explicit cancel_scope(const context& parent) noexcept
      : cancellation(parent.cancel_tree()), context(parent, static_cast<cancellation&>(*this)) {}
  /// A root without deadline.
  explicit cancel_scope(environment& env) noexcept
      : context(env, static_cast<cancellation&>(*this)) {}
  /// Not a copy: below `parent`, as with every other context.
  explicit cancel_scope(const cancel_scope& parent) noexcept
      : cancel_scope(static_cast<const context&>(parent)) {}
  cancel_scope& operator=(const cancel_scope&) = delete;
  ~cancel_scope() = default;

  using context::cancelled;

  /// Cancels everything under this scope. Call it on the executor of the environment.
  void cancel() noexcept { cancellation::cancel(); }
};

}  // namespace fairlead
