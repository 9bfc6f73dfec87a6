// SPDX-License-Identifier: BSL-1.0
// What travels with a call besides its request: names and values that any transport can carry.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/observe/propagation.hpp>
#include <fairlead/observe/trace_context.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fairlead {

/// The caller's remaining time in whole milliseconds, rounded up: a duration, since clocks differ.
inline constexpr std::string_view timeout_field = "Fairlead-Timeout-Ms";
/// `context::criticality` by name: "critical_plus", "critical", "sheddable_plus", "sheddable". Sent
/// unless it is "critical".
inline constexpr std::string_view criticality_field = "Fairlead-Criticality";
/// `context::attempt`; sent from 2 on.
inline constexpr std::string_view attempt_field = "Fairlead-Attempt";
/// `context::idempotency_key`, as the IETF's draft-ietf-httpapi-idempotency-key-header names it.
inline constexpr std::string_view idempotency_key_field = "Idempotency-Key";

/// One of them.
struct hop_field {
  std::string_view name;
  std::string_view value;
};

/// An idempotency key has at most so many bytes, and none but visible ASCII.
inline constexpr std::size_t longest_idempotency_key = 255;

/// Who takes the fields of the trace (`traceparent`, `tracestate`, `baggage`) along: the hop, or
/// the transport by itself, as HTTP does.
enum class hop_trace : std::uint8_t { carried, apart };

/// The facts of a call as they are sent. Made for one attempt: time runs.
class outgoing_hop {
 public:
  /// Views into `cx`, which must outlive it.
  explicit outgoing_hop(const context& cx, hop_trace trace = hop_trace::carried) noexcept;
  outgoing_hop(const outgoing_hop&) = delete;
  outgoing_hop& operator=(const outgoing_hop&) = delete;

  [[nodiscard]] std::span<const hop_field> fields() const noexcept { return {fields_.data(), n_}; }

  /// `invalid_argument`, not sent, for an idempotency key that cannot travel: without it a repeated
  /// call would be taken for a second one.
  [[nodiscard]] result<void> check() const;

 private:
  void add(std::string_view name, std::string_view value) noexcept {
    fields_[n_++] = {name, value};
  }
  [[nodiscard]] std::string_view digits(std::uint64_t n) noexcept;

  observe::outgoing_trace trace_;
  std::array<hop_field, 7> fields_;
  std::size_t n_ = 0;
  std::array<char, 40> text_;
  std::size_t used_ = 0;
  bool bad_key_ = false;
};

/// The facts of a call as they have come. Unknown names, values that make no sense and all but the
/// first of a name are passed over: a caller who says nonsense is served as one who says nothing.
///
/// *Thread safety*: a value.
class incoming_hop {
 public:
  explicit incoming_hop(hop_trace trace = hop_trace::carried) noexcept : trace_mode_(trace) {}

  /// Names compare without regard to case. The texts are copied.
  void take(std::string_view name, std::string_view value);

  /// `cx` with the caller's time, which runs since `arrived`, and criticality; `call` becomes what
  /// is said of this call alone. Both outlive what is returned.
  [[nodiscard]] context under(const context& cx, time_point arrived,
                              const received_call& call) const noexcept;
  /// What is said of this call alone, which is of the operation of that name. A view into this.
  [[nodiscard]] received_call call_of(std::string_view operation) const noexcept {
    return {operation, idempotency_key_, attempt_};
  }
  /// The trace that came: what a span of the service continues.
  [[nodiscard]] trace_context trace() const { return trace_.context(); }

 private:
  duration timeout_ = duration::max();
  std::string idempotency_key_;
  std::uint32_t attempt_ = 1;
  observe::incoming_trace trace_;
  criticality matters_ = criticality::critical;
  hop_trace trace_mode_;
  std::uint8_t seen_ = 0;
};

/// "critical_plus", ...
[[nodiscard]] std::string_view to_string(criticality c) noexcept;

}  // namespace fairlead
