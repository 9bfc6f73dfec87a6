// SPDX-License-Identifier: BSL-1.0
// How it works: opentelemetry/proto/collector/trace/v1, in protobuf's JSON mapping as the protocol
// bends it (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids as hexadecimal
// digits, 64 bit integers as texts, enumerations as numbers.
#include <fairlead/observe/span_text.hpp>

#include <fairlead/observe/names.hpp>

#include "detail/json_text.hpp"

#include <algorithm>
#include <concepts>
#include <type_traits>
#include <variant>

namespace fairlead::observe {

namespace {

using detail::json_array;
using detail::json_object;

void add_otlp_value(json_object& to, const value_view& value) {
  json_object o(to.key("value"));
  std::visit(
      [&](const auto& v) {
        using type = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::same_as<type, bool>) {
          o.add("boolValue", v);
        } else if constexpr (std::same_as<type, std::int64_t>) {
          o.add("intValue", std::to_string(v));
        } else if constexpr (std::same_as<type, double>) {
          o.add("doubleValue", v);
        } else {
          o.add("stringValue", v);
        }
      },
      value.get());
  o.end();
}

void add_otlp_attribute(json_array& to, std::string_view key, const value_view& value) {
  json_object o(to.next());
  o.add("key", key);
  add_otlp_value(o, value);
  o.end();
}

void add_otlp_attributes(json_object& to, const std::vector<attribute>& all) {
  if (all.empty()) {
    return;
  }
  json_array list(to.key("attributes"));
  for (const auto& a : all) {
    add_otlp_attribute(list, a.key, view_of(a.value));
  }
  list.end();
}

void add_dropped(json_object& to, std::string_view name, std::uint32_t n) {
  if (n != 0) {
    to.add(name, n);
  }
}

std::string unix_nanos(std::chrono::system_clock::time_point at) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
}

void add_otlp_events(json_object& to, const span_record& s) {
  if (!s.events.empty()) {
    json_array list(to.key("events"));
    for (const auto& e : s.events) {
      json_object o(list.next());
      o.add("timeUnixNano", unix_nanos(e.at));
      o.add("name", e.name);
      add_otlp_attributes(o, e.attributes);
      add_dropped(o, "droppedAttributesCount", e.dropped_attributes);
      o.end();
    }
    list.end();
  }
  add_dropped(to, "droppedEventsCount", s.dropped_events);
}

void add_otlp_links(json_object& to, const span_record& s) {
  if (!s.links.empty()) {
    json_array list(to.key("links"));
    for (const auto& l : s.links) {
      json_object o(list.next());
      o.add("traceId", to_string(l.to.trace));
      o.add("spanId", to_string(l.to.span));
      add_otlp_attributes(o, l.attributes);
      o.add("flags", l.to.flags.bits);
      o.end();
    }
    list.end();
  }
  add_dropped(to, "droppedLinksCount", s.dropped_links);
}

void add_otlp_span(json_array& to, const span_record& s) {
  constexpr unsigned knows_whether_remote = 0x100;
  constexpr unsigned is_remote = 0x200;
  json_object o(to.next());
  o.add("traceId", to_string(s.id.trace));
  o.add("spanId", to_string(s.id.span));
  if (!s.tracestate.empty()) {
    o.add("traceState", s.tracestate);
  }
  if (s.parent.valid()) {
    o.add("parentSpanId", to_string(s.parent));
  }
  o.add("flags", s.id.flags.bits | knows_whether_remote | (s.parent_is_remote ? is_remote : 0));
  o.add("name", s.name);
  o.add("kind", static_cast<int>(s.kind) + 1);  // 0 is "unspecified"
  o.add("startTimeUnixNano", unix_nanos(s.start));
  o.add("endTimeUnixNano", unix_nanos(s.end()));
  add_otlp_attributes(o, s.attributes);
  add_dropped(o, "droppedAttributesCount", s.dropped_attributes);
  add_otlp_events(o, s);
  add_otlp_links(o, s);
  if (s.status != span_status::unset) {
    json_object status(o.key("status"));
    if (!s.message.empty()) {
      status.add("message", s.message);
    }
    status.add("code", static_cast<int>(s.status));
    status.end();
  }
  o.end();
}

void add_otlp_resource(json_object& to, const resource* by) {
  json_object o(to.key("resource"));
  if (by != nullptr) {
    json_array list(o.key("attributes"));
    add_otlp_attribute(list, names::service_name, by->service);
    for (const auto& a : by->attributes) {
      add_otlp_attribute(list, a.key, view_of(a.value));
    }
    list.end();
  }
  o.end();
}

}  // namespace

std::string to_otlp_json(std::span<const span_record> spans) {
  std::vector<const resource*> resources;  // in the order in which they appear
  for (const auto& s : spans) {
    if (std::find(resources.begin(), resources.end(), s.by.get()) == resources.end()) {
      resources.push_back(s.by.get());
    }
  }
  std::string out;
  json_object whole(out);
  json_array by_resource(whole.key("resourceSpans"));
  for (const auto* const by : resources) {
    json_object one(by_resource.next());
    add_otlp_resource(one, by);
    json_array by_scope(one.key("scopeSpans"));
    json_object scoped(by_scope.next());
    json_object scope(scoped.key("scope"));
    scope.add("name", "fairlead");
    scope.end();
    json_array list(scoped.key("spans"));
    for (const auto& s : spans) {
      if (s.by.get() == by) {
        add_otlp_span(list, s);
      }
    }
    list.end();
    scoped.end();
    by_scope.end();
    one.end();
  }
  by_resource.end();
  whole.end();
  return out;
}

}  // namespace fairlead::observe
