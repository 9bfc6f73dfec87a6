// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/propagation.hpp>

#include <fairlead/observe/baggage.hpp>
#include <fairlead/observe/trace_context.hpp>
#include <fairlead/observe/tracestate.hpp>

#include <algorithm>

namespace fairlead::observe {

namespace {

bool is_field(std::string_view name, std::string_view lower) noexcept {
  return std::equal(name.begin(), name.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
  });
}

}  // namespace

bool incoming_trace::take(std::string_view name, std::string_view value) {
  if (is_field(name, traceparent_field)) {
    parent_ = parents_ == 0 ? observe::traceparent::parse(value) : std::nullopt;
    ++parents_;
    return true;
  }
  const bool state = is_field(name, tracestate_field);
  if (!state && !is_field(name, baggage_field)) {
    return false;
  }
  auto& lines = state ? state_ : facts_;
  if (value.size() >= most_bytes - lines.size()) {
    too_much_state_ = too_much_state_ || state;
    return true;
  }
  lines += lines.empty() ? "" : ",";
  lines += value;
  return true;
}

trace_context incoming_trace::context() const {
  tracestate state;
  if (parent_ && !too_much_state_) {
    state = tracestate::parse(state_).value_or(tracestate());
  }
  return {parent_.value_or(observe::traceparent()), std::move(state), baggage::parse(facts_)};
}

outgoing_trace::outgoing_trace(const trace_context* of) noexcept {
  if (of == nullptr) {
    return;
  }
  if (of->parent().valid()) {
    parent_ = of->parent().text();
    parent_length_ = static_cast<std::uint8_t>(parent_.size());
    state_ = of->state().text();
  }
  facts_ = of->facts().text();
}

}  // namespace fairlead::observe
