// SPDX-License-Identifier: BSL-1.0
// How it works: what is recorded lies on the heap, shared with the copies of its trace context, so
// that a copy which outlives the span finds it ended. Whatever allocates may fail: then less is
// recorded.
#include <fairlead/observe/span.hpp>

#include <fairlead/observe/tracer.hpp>

#include "detail/luggage.hpp"
#include "detail/open_span.hpp"

#include <string>
#include <utility>

namespace fairlead::observe {

namespace {

span_id new_span_id(random_source& random) noexcept {
  span_id id;
  while (!id.valid()) {
    id.value = random();
  }
  return id;
}

trace_id new_trace_id(random_source& random) noexcept {
  trace_id id;
  while (!id.valid()) {
    id.high = random();
    id.low = random();
  }
  return id;
}

// Runs `f`; what it cannot do for want of memory is left out.
template <class F>
void as_far_as_memory_goes(F f) noexcept {
  try {
    f();
  } catch (...) {  // the call that is traced must not suffer
  }
}

}  // namespace

span::span(tracer& by, const context& cx, std::string_view name, span_kind kind) {
  const auto* const above = cx.trace();
  if (above == nullptr || above->tracer() == nullptr) {
    begin_here(by, cx, above == nullptr ? trace_context() : *above, name, kind);
  } else if (above->recording()) {
    begin_child(cx, *above, name, kind);
  }
}

span::span(tracer* by, const context& cx, const trace_context& from, std::string_view name,
           span_kind kind) {
  if (by != nullptr) {
    begin_here(*by, cx, from, name, kind);
  } else if (from.parent().valid() || from.luggage_ != nullptr) {
    trace_.emplace(from);
  }
}

void span::begin_child(const context& cx, const trace_context& above, std::string_view name,
                       span_kind kind) noexcept {
  trace_.emplace();
  trace_->parent_ = above.parent_;
  trace_->parent_.span = new_span_id(cx.env().random());
  trace_->tracer_ = above.tracer_;
  trace_->luggage_ = above.luggage_;
  record(cx, name, kind, above.parent_.span, false);
}

void span::begin_here(tracer& by, const context& cx, const trace_context& from,
                      std::string_view name, span_kind kind) noexcept {
  const auto& parent = from.parent_;
  auto& random = cx.env().random();
  trace_.emplace();
  trace_->tracer_ = &by;
  trace_->luggage_ = from.luggage_;
  auto& own = trace_->parent_;
  own.trace = parent.valid() ? parent.trace : new_trace_id(random);
  own.span = new_span_id(random);
  own.flags = parent.valid() ? parent.flags : trace_flags{trace_flags::random_bit};
  const bool sampled =
      by.sample().sample({own.trace, name, kind, parent.valid() ? &parent : nullptr});
  own.flags.bits = static_cast<std::uint8_t>((own.flags.bits & ~trace_flags::sampled_bit) |
                                             (sampled ? trace_flags::sampled_bit : 0));
  if (sampled) {
    record(cx, name, kind, parent.valid() ? parent.span : span_id(), parent.valid());
  }
}

void span::record(const context& cx, std::string_view name, span_kind kind, span_id parent,
                  bool remote) noexcept {
  as_far_as_memory_goes([&] {
    auto opened = std::make_shared<open_span>(*trace_->tracer_, cx, name, kind);
    opened->data.id = trace_->parent_;
    opened->data.parent = parent;
    opened->data.parent_is_remote = remote;
    opened->data.tracestate = trace_->state().text();
    trace_->span_ = std::move(opened);
  });
}

void span::set_attribute(std::string_view key, value_view value) noexcept {
  as_far_as_memory_goes([&] { trace_->span_->set(key, value); });
}

void span::add_event(std::string_view name, attribute_list attributes) noexcept {
  as_far_as_memory_goes(
      [&] { trace_->span_->event(name, {attributes.begin(), attributes.size()}); });
}

void span::rename(std::string_view name) noexcept {
  if (recording()) {
    as_far_as_memory_goes([&] { trace_->span_->rename(name); });
  }
}

void span::link(const traceparent& to, attribute_list attributes) noexcept {
  if (recording() && to.valid()) {
    as_far_as_memory_goes([&] { trace_->span_->link(to, attributes); });
  }
}

void span::fail(const error& e) noexcept {
  if (!recording()) {
    return;
  }
  as_far_as_memory_goes([&] {
    auto& open = *trace_->span_;
    if (e.kind() == error_kind::cancelled) {
      open.note_type(to_string(e.kind()));
    } else if (e.kind() == error_kind::http_error) {
      open.fail(std::to_string(e.status()), e.message());
    } else if (const auto refused = e.get<errors::application>()) {
      open.fail(refused->code.empty() ? to_string(e.kind()) : refused->code, e.message());
    } else {
      open.fail(to_string(e.kind()), e.message());
    }
  });
}

void span::fail(std::string_view type, std::string_view message) noexcept {
  if (recording()) {
    as_far_as_memory_goes([&] { trace_->span_->fail(type, message); });
  }
}

void span::succeed() noexcept {
  if (recording()) {
    trace_->span_->succeed();
  }
}

void span::end() noexcept {
  if (recording()) {
    trace_->span_->end();
  }
}

void set_attribute(const context& cx, std::string_view key, value_view value) noexcept {
  if (auto* const open = cx.trace() == nullptr ? nullptr : cx.trace()->span(); open != nullptr) {
    as_far_as_memory_goes([&] { open->set(key, value); });
  }
}

void add_event(const context& cx, std::string_view name, attribute_list attributes) noexcept {
  add_event(cx, name, std::span(attributes.begin(), attributes.size()));
}

void add_event(const context& cx, std::string_view name,
               std::span<const attribute_view> attributes) noexcept {
  if (auto* const open = cx.trace() == nullptr ? nullptr : cx.trace()->span(); open != nullptr) {
    as_far_as_memory_goes([&] { open->event(name, attributes); });
  }
}

std::string_view span_name(const context& cx) noexcept {
  const auto* const above = cx.trace();
  const auto* const open = above != nullptr ? above->span() : nullptr;
  return open != nullptr ? std::string_view(open->data.name) : std::string_view();
}

}  // namespace fairlead::observe
