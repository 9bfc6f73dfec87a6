// SPDX-License-Identifier: BSL-1.0
// How a trace goes from one process to the next, over whatever carries names and values.
#pragma once

#include <fairlead/observe/traceparent.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead {
class trace_context;
}  // namespace fairlead

namespace fairlead::observe {

/// The names of the fields (W3C Trace Context, W3C Baggage). Their case means nothing.
inline constexpr std::string_view traceparent_field = "traceparent";
inline constexpr std::string_view tracestate_field = "tracestate";
inline constexpr std::string_view baggage_field = "baggage";

/// Gathers what a request says of its trace, from its fields in their order.
///
/// A `traceparent` that is malformed, or there twice, counts as none: a new trace begins, and
/// `tracestate` is dropped. A malformed `tracestate` is dropped alone. Several lines of
/// `tracestate` or `baggage` are one list. Beyond 32 KiB each, they are dropped.
///
/// *Thread safety*: none.
///
/// *Example*:
/// ```cpp
/// observe::incoming_trace came;
/// for (const auto& f : request.headers()) { came.take(f.name, f.value); }
/// observe::span s(&tracer, cx, came.context(), "GET /users/{id}");
/// ```
class incoming_trace {
 public:
  static constexpr std::size_t most_bytes = 32 * 1024;

  /// True when it is one of the three fields; others are ignored.
  bool take(std::string_view name, std::string_view value);

  /// True when none of the fields came: there is nothing to pass on.
  [[nodiscard]] bool empty() const noexcept {
    return parents_ == 0 && state_.empty() && facts_.empty();
  }
  /// What a span continues.
  [[nodiscard]] trace_context context() const;

 private:
  std::optional<traceparent> parent_;
  std::uint32_t parents_ = 0;
  std::string state_;  // lines, joined by commas
  std::string facts_;
  bool too_much_state_ = false;
};

/// What to send along with a request: the texts of the three fields, empty where there is nothing
/// to send. Takes no memory; `tracestate` and `baggage` are valid as long as the context's trace.
///
/// *Example*:
/// ```cpp
/// observe::outgoing_trace(cx.trace()).each([&](std::string_view name, std::string_view value) {
///   request.set(name, value);
/// });
/// ```
class outgoing_trace {
 public:
  /// Of null there is nothing to send.
  explicit outgoing_trace(const trace_context* of) noexcept;

  [[nodiscard]] std::string_view traceparent() const noexcept {
    return {parent_.data(), parent_length_};
  }
  [[nodiscard]] std::string_view tracestate() const noexcept { return state_; }
  [[nodiscard]] std::string_view baggage() const noexcept { return facts_; }
  [[nodiscard]] bool empty() const noexcept { return parent_length_ == 0 && facts_.empty(); }

  /// Calls `f(name, value)` for each field that is to be sent.
  template <class F>
  void each(F&& f) const {
    if (parent_length_ != 0) {
      f(traceparent_field, traceparent());
    }
    if (!state_.empty()) {
      f(tracestate_field, state_);
    }
    if (!facts_.empty()) {
      f(baggage_field, facts_);
    }
  }

 private:
  std::array<char, observe::traceparent::length> parent_;
  std::uint8_t parent_length_ = 0;
  std::string_view state_;
  std::string_view facts_;
};

}  // namespace fairlead::observe
