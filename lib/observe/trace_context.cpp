// SPDX-License-Identifier: BSL-1.0
#include "detail/luggage.hpp"

#include <utility>

namespace fairlead {

trace_context::trace_context(const observe::traceparent& parent, observe::tracestate state,
                             observe::baggage facts)
    : parent_(parent) {
  if (!parent.valid()) {
    state = {};  // W3C: without a parent it means nothing
  }
  if (!state.empty() || !facts.empty()) {
    luggage_ = std::make_shared<luggage>(luggage{std::move(state), std::move(facts)});
  }
}

const observe::tracestate& trace_context::state() const noexcept {
  static const observe::tracestate none;
  return luggage_ == nullptr ? none : luggage_->state;
}

const observe::baggage& trace_context::facts() const noexcept {
  static const observe::baggage none;
  return luggage_ == nullptr ? none : luggage_->facts;
}

observe::open_span* trace_context::span() const noexcept {
  return span_ == nullptr || span_->ended ? nullptr : span_.get();
}

trace_context trace_context::with_facts(observe::baggage facts) const {
  trace_context out = *this;
  out.luggage_ = std::make_shared<luggage>(luggage{state(), std::move(facts)});
  return out;
}

trace_context trace_context::detached() const noexcept {
  trace_context out = *this;
  out.span_.reset();
  return out;
}

}  // namespace fairlead
