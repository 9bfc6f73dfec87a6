// SPDX-License-Identifier: BSL-1.0
// Which traces are recorded.
#pragma once

#include <fairlead/observe/span_record.hpp>

#include <cstdint>
#include <string_view>

namespace fairlead::observe {

/// What is known when a trace begins here, or comes here.
struct sampling_facts {
  trace_id trace;
  std::string_view name;
  span_kind kind{};
  const traceparent* parent = nullptr;  ///< in another process; null when the trace begins here
};

/// A rule of one's own. Must outlive the samplers made of it.
///
/// *Thread safety*: `sample` is called from any thread.
class sampling_rule {
 public:
  sampling_rule() = default;
  sampling_rule(const sampling_rule&) = delete;
  sampling_rule& operator=(const sampling_rule&) = delete;
  virtual ~sampling_rule() = default;

  [[nodiscard]] virtual bool sample(const sampling_facts& facts) const noexcept = 0;
};

/// Decides whether a trace is recorded: once in every process that it comes through. The spans
/// below follow.
///
/// *Example*: `tracer t({.service = "shop", .sample = sampler::ratio(0.01)});`
class sampler {
 public:
  [[nodiscard]] static constexpr sampler always() noexcept { return ratio(1); }
  [[nodiscard]] static constexpr sampler never() noexcept { return ratio(0); }

  /// This share of all traces, by the trace id, so that services with the same ratio choose the
  /// same traces, and one with a higher ratio those and others: the right half of the id, without
  /// its last bit, is less than `share` times 2^63 (OpenTelemetry's TraceIdRatioBased, as its Go
  /// implementation has it). Below 0 is 0, above 1 is 1.
  [[nodiscard]] static constexpr sampler ratio(double share) noexcept {
    sampler s;
    if (share >= 1) {
      s.bound_ = top;
    } else if (share > 0) {
      s.bound_ = static_cast<std::uint64_t>(share * static_cast<double>(top));
    }
    return s;
  }
  [[nodiscard]] static sampler by(const sampling_rule& rule) noexcept {
    sampler s;
    s.rule_ = &rule;
    return s;
  }

  /// What the caller has decided for a trace that comes from elsewhere; this sampler for those that
  /// begin here. What a tracer does unless told otherwise, with `always` as the base.
  [[nodiscard]] constexpr sampler following_parent() const noexcept {
    sampler s = *this;
    s.follow_ = true;
    return s;
  }

  [[nodiscard]] bool sample(const sampling_facts& facts) const noexcept {
    if (follow_ && facts.parent != nullptr) {
      return facts.parent->flags.sampled();
    }
    return rule_ != nullptr ? rule_->sample(facts) : (facts.trace.low >> 1U) < bound_;
  }

 private:
  static constexpr std::uint64_t top = std::uint64_t{1} << 63U;

  constexpr sampler() noexcept = default;

  std::uint64_t bound_ = 0;
  const sampling_rule* rule_ = nullptr;
  bool follow_ = false;
};

}  // namespace fairlead::observe
