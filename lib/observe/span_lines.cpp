// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/span_text.hpp>

#include "detail/civil_time.hpp"
#include "detail/json_text.hpp"

namespace fairlead::observe {

namespace {

void add_attributes(detail::json_object& to, const std::vector<attribute>& all) {
  if (all.empty()) {
    return;
  }
  detail::json_object o(to.key("attributes"));
  for (const auto& a : all) {
    o.add(a.key, view_of(a.value));
  }
  o.end();
}

void add_events(detail::json_object& to, const std::vector<span_event>& all) {
  if (all.empty()) {
    return;
  }
  auto& out = to.key("events");
  detail::json_array list(out);
  for (const auto& e : all) {
    detail::json_object o(list.next());
    o.add("name", e.name);
    o.add("at", detail::timestamp(e.at));
    add_attributes(o, e.attributes);
    o.end();
  }
  list.end();
}

void add_links(detail::json_object& to, const std::vector<span_link>& all) {
  if (all.empty()) {
    return;
  }
  detail::json_array list(to.key("links"));
  for (const auto& l : all) {
    detail::json_object o(list.next());
    o.add("trace_id", to_string(l.to.trace));
    o.add("span_id", to_string(l.to.span));
    add_attributes(o, l.attributes);
    o.end();
  }
  list.end();
}

}  // namespace

std::string to_json_line(const span_record& s) {
  std::string out;
  detail::json_object o(out);
  o.add("trace_id", to_string(s.id.trace));
  o.add("span_id", to_string(s.id.span));
  if (s.parent.valid()) {
    o.add("parent_id", to_string(s.parent));
  }
  o.add("name", s.name);
  o.add("kind", to_string(s.kind));
  if (s.by != nullptr) {
    o.add("service", s.by->service);
  }
  o.add("start", detail::timestamp(s.start));
  o.add("duration_ms", std::chrono::duration<double, std::milli>(s.took).count());
  if (s.status != span_status::unset) {
    o.add("status", to_string(s.status));
  }
  if (!s.message.empty()) {
    o.add("message", s.message);
  }
  add_attributes(o, s.attributes);
  add_events(o, s.events);
  add_links(o, s.links);
  const auto dropped = std::uint64_t{s.dropped_attributes} + s.dropped_events + s.dropped_links;
  if (dropped != 0) {
    o.add("dropped", dropped);
  }
  o.end();
  return out;
}

}  // namespace fairlead::observe
