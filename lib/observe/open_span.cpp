// SPDX-License-Identifier: BSL-1.0
#include "detail/open_span.hpp"

#include <fairlead/observe/names.hpp>

#include "detail/attributes.hpp"
#include "detail/utf8.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace fairlead::observe {

open_span::open_span(tracer& by, const context& cx, std::string_view name, span_kind kind)
    : by_(by),
      time_(cx.env().time()),
      since_(time_.now()),
      exceptions_(std::uncaught_exceptions()) {
  data.name = text(name);
  data.kind = kind;
  data.start = time_.wall_now();
  data.by = by.by();
}

std::string open_span::text(std::string_view s) const {
  return detail::valid_utf8(detail::cut(s, by_.limits().text));
}

attribute open_span::kept(const attribute_view& a) const {
  const auto* const whole = std::get_if<std::string_view>(&a.value.get());
  return {text(a.key), whole == nullptr ? detail::copy_of(a).value : attribute_value(text(*whole))};
}

void open_span::set(std::string_view key, value_view value) {
  auto added = kept({key, value});
  const auto same = std::find_if(data.attributes.begin(), data.attributes.end(),
                                 [&](const attribute& a) { return a.key == added.key; });
  if (same != data.attributes.end()) {
    same->value = std::move(added.value);
  } else if (data.attributes.size() < by_.limits().attributes) {
    data.attributes.push_back(std::move(added));
  } else {
    ++data.dropped_attributes;
  }
}

void open_span::rename(std::string_view name) {
  data.name = text(name);
}

void open_span::event(std::string_view name, std::span<const attribute_view> attributes) {
  if (data.events.size() >= by_.limits().events) {
    ++data.dropped_events;
    return;
  }
  span_event e{text(name),
               data.start + std::chrono::duration_cast<std::chrono::system_clock::duration>(
                                time_.now() - since_),
               {}};
  for (const auto& a : attributes) {
    if (e.attributes.size() == by_.limits().attributes_per_event) {
      ++e.dropped_attributes;
    } else {
      e.attributes.push_back(kept(a));
    }
  }
  data.events.push_back(std::move(e));
}

void open_span::link(const traceparent& to, attribute_list attributes) {
  if (data.links.size() >= by_.limits().links) {
    ++data.dropped_links;
    return;
  }
  span_link l{to, {}};
  for (const auto& a : attributes) {
    l.attributes.push_back(kept(a));
  }
  data.links.push_back(std::move(l));
}

void open_span::fail(std::string_view type, std::string_view message) {
  set(names::error_type, type);
  if (data.status != span_status::ok) {
    data.message = text(message);
    data.status = span_status::error;
  }
}

void open_span::note_type(std::string_view type) {
  set(names::error_type, type);
}

void open_span::end() noexcept {
  if (std::exchange(ended, true)) {
    return;
  }
  data.took = std::max(time_.now() - since_, duration::zero());
  if (std::uncaught_exceptions() > exceptions_ && data.status == span_status::unset) {
    try {
      fail("exception", "an exception left it");
    } catch (...) {
      data.status = span_status::error;  // no memory to say why
    }
  }
  by_.ended(std::move(data));
}

}  // namespace fairlead::observe
