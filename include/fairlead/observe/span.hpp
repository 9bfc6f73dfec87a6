// SPDX-License-Identifier: BSL-1.0
// The part of a trace that a piece of code stands for, from its construction to its end.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/observe/attribute.hpp>
#include <fairlead/observe/span_record.hpp>
#include <fairlead/observe/trace_context.hpp>

#include <optional>
#include <span>
#include <string_view>

namespace fairlead::observe {

class tracer;

/// A span: lives in the frame of the call that it measures, and ends with it. What runs under it
/// takes the context that `under` gives, so that its spans become children of this one.
///
/// Where no tracer is set, or the trace is not sampled, it costs a branch: no memory, no look at
/// the clock. When there is no memory for it, the span is lost and the call goes on.
///
/// An exception that leaves the frame makes it an error.
///
/// *Thread safety*: none; on the executor of its context.
///
/// *Example*:
/// ```cpp
/// task<result<receipt>> checkout(context& cx, users& u, std::int64_t id) {
///   observe::span s(cx, "checkout");
///   auto traced = s.under(cx);
///   auto found = co_await u.call<get_user>(traced, id);
///   s.note(found);                      // an error of the call is one of the span
///   ...
/// ```
class span {
 public:
  /// A part of the trace that `cx` belongs to; nothing when it belongs to none.
  span(const context& cx, std::string_view name, span_kind kind = span_kind::internal) {
    const auto* const above = cx.trace();
    if (above != nullptr && above->recording()) {
      begin_child(cx, *above, name, kind);
    }
  }
  /// The same, but begins a trace when `cx` belongs to none.
  span(tracer& by, const context& cx, std::string_view name, span_kind kind = span_kind::internal);
  /// Goes on with the trace that came with a request from elsewhere; begins one when none came.
  /// With a null tracer nothing is recorded, and what came is passed on as it is.
  span(tracer* by, const context& cx, const trace_context& from, std::string_view name,
       span_kind kind = span_kind::server);

  span(const span&) = delete;
  span& operator=(const span&) = delete;
  ~span() {
    if (trace_) {
      end();
    }
  }

  /// True until it has ended, when it is kept.
  [[nodiscard]] bool recording() const noexcept { return trace_ && trace_->span() != nullptr; }

  /// The context for what runs under this span, which must end before it, or keep a copy of
  /// `*cx.trace()`. `cx` itself, when there is nothing to add.
  [[nodiscard]] context under(const context& cx) noexcept {
    return trace_ ? cx.with_trace(&*trace_) : cx;
  }

  /// Who it is; invalid when it does not take part in a trace.
  [[nodiscard]] traceparent id() const noexcept {
    return trace_ ? trace_->parent() : traceparent();
  }

  /// Annotates it. A later value of the same key takes the place of the earlier one.
  void set(std::string_view key, value_view value) noexcept {
    if (recording()) {
      set_attribute(key, value);
    }
  }
  /// Another name, when only now it is known what happens ("GET" becomes "GET /users/{id}").
  void rename(std::string_view name) noexcept;
  /// Something that happens now.
  void event(std::string_view name, attribute_list attributes = {}) noexcept {
    if (recording()) {
      add_event(name, attributes);
    }
  }
  /// A span that has to do with this one: what a batch was made of, for example.
  void link(const traceparent& to, attribute_list attributes = {}) noexcept;

  /// It has failed: status, message, and the attribute `error.type`. A cancellation is no failure;
  /// it is noted as the type alone.
  void fail(const error& e) noexcept;
  /// The same with a type and a message of one's own.
  void fail(std::string_view type, std::string_view message = {}) noexcept;
  /// It has succeeded, whatever `fail` said or will say.
  void succeed() noexcept;
  /// `fail` when `outcome` is an error; else nothing.
  template <class T>
  void note(const result<T>& outcome) noexcept {
    if (!outcome && recording()) {
      fail(outcome.error());
    }
  }

  /// Ends it now; the second time nothing happens. What runs under it still belongs to the trace.
  void end() noexcept;

 private:
  void begin_child(const context& cx, const trace_context& above, std::string_view name,
                   span_kind kind) noexcept;
  void begin_here(tracer& by, const context& cx, const trace_context& from, std::string_view name,
                  span_kind kind) noexcept;
  void record(const context& cx, std::string_view name, span_kind kind, span_id parent,
              bool remote) noexcept;
  void set_attribute(std::string_view key, value_view value) noexcept;
  void add_event(std::string_view name, attribute_list attributes) noexcept;

  std::optional<trace_context> trace_;
};

/// Annotates the span that `cx` runs under, if one is recorded: for code that has no span of its
/// own.
void set_attribute(const context& cx, std::string_view key, value_view value) noexcept;
void add_event(const context& cx, std::string_view name, attribute_list attributes = {}) noexcept;
void add_event(const context& cx, std::string_view name,
               std::span<const attribute_view> attributes) noexcept;

/// What the span is called that `cx` runs under, while that is open and recorded here; else empty.
/// Valid until it is renamed or ends.
[[nodiscard]] std::string_view span_name(const context& cx) noexcept;

}  // namespace fairlead::observe
