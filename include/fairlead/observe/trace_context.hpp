// SPDX-License-Identifier: BSL-1.0
// What a context knows of the trace it is part of.
#pragma once

#include <fairlead/observe/traceparent.hpp>

#include <memory>

namespace fairlead {

namespace observe {
class baggage;
class open_span;
class span;
class tracer;
class tracestate;
}  // namespace observe

/// The place of a call in a trace, where its context points to (`context::trace`): the span it runs
/// under, what else came along with the trace, and the tracer, if there is one. Spans make them;
/// servers make them of what callers sent.
///
/// A copy stays good when the span that it came from has ended: what outlives its caller keeps a
/// copy, and points its context there. What it adds to the span then is lost, its own spans still
/// belong to the trace. The tracer must outlive all copies.
///
/// *Thread safety*: none; on the executor of the context. Copies may go to other threads only after
/// `detached`.
class trace_context {
 public:
  /// Of no trace.
  trace_context() noexcept = default;

  /// What came from elsewhere, and is passed on: there is no span of ours in it. `parent` may be
  /// invalid, when there is baggage alone.
  trace_context(const observe::traceparent& parent, observe::tracestate state,
                observe::baggage facts);

  /// The span that calls made from here have as their parent.
  [[nodiscard]] const observe::traceparent& parent() const noexcept { return parent_; }
  [[nodiscard]] const observe::tracestate& state() const noexcept;
  [[nodiscard]] const observe::baggage& facts() const noexcept;

  /// Null when nothing is recorded here, and all is only passed on.
  [[nodiscard]] observe::tracer* tracer() const noexcept { return tracer_; }
  /// True when spans made from here are recorded.
  [[nodiscard]] bool recording() const noexcept {
    return tracer_ != nullptr && parent_.flags.sampled();
  }
  /// The span it runs under, while that is open and recorded here; else null.
  [[nodiscard]] observe::open_span* span() const noexcept;

  /// The same with other facts of the user's.
  [[nodiscard]] trace_context with_facts(observe::baggage facts) const;
  /// The same without the span, for another thread.
  [[nodiscard]] trace_context detached() const noexcept;

 private:
  friend class observe::span;
  struct luggage;

  observe::traceparent parent_;
  observe::tracer* tracer_ = nullptr;
  std::shared_ptr<const luggage> luggage_;  // null when there is none
  std::shared_ptr<observe::open_span> span_;
};

}  // namespace fairlead
