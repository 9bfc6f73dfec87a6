// SPDX-License-Identifier: BSL-1.0
// How it works: a variant of other things than structs is resolved by the look of the value. A
// variant of structs waits in a "tagging" frame for its tag; when another member comes first, the
// members are recorded and played once the tag is known.
#include "decoder.hpp"

#include "rules.hpp"

#include <utility>

namespace fairlead::json::detail {

void decoder::resolve_variant(target& t, type_kind look) {
  const auto& variant = *t.type->variant;
  const alternative_desc* found = nullptr;
  for (std::size_t i = 0; i < variant.count; ++i) {
    const auto& alternative = variant.alternatives[i];
    const auto kind = alternative.type->kind;
    switch (look) {
      case type_kind::string:
        found = kind == type_kind::string || kind == type_kind::enumeration ||
                        kind == type_kind::timestamp
                    ? &alternative
                    : found;
        break;
      case type_kind::integer:  // an integer is a number, too, if there is no better alternative
        found = kind == type_kind::integer || (kind == type_kind::floating && found == nullptr)
                    ? &alternative
                    : found;
        break;
      case type_kind::floating:
        found = kind == type_kind::floating || (kind == type_kind::integer && found == nullptr)
                    ? &alternative
                    : found;
        break;
      case type_kind::object:
        found = kind == type_kind::map ? &alternative : found;
        break;
      default:
        found = kind == look ? &alternative : found;
    }
  }
  if (found != nullptr) {
    t.at = found->emplace(t.at);
    t.type = found->type;
  }
}

bool decoder::tagging_key(frame& top, std::string_view name) {
  if (name == top.type->variant->tag_member) {
    top.wants_tag = true;
    return true;
  }
  mode_ = mode::recording;
  open_ = 1;
  tape_.add(event_kind::key, name);
  return true;
}

// Makes the tagging frame on top the frame of the alternative; false when no tag fits.
bool decoder::choose(std::string_view tag) {
  auto& top = frames_.top();
  const auto& variant = *top.type->variant;
  for (std::size_t i = 0; i < variant.count; ++i) {
    const auto& alternative = variant.alternatives[i];
    if (alternative.type->kind == type_kind::object && alternative.tag == tag) {
      const target t{alternative.type, alternative.type, alternative.emplace(top.at), {}};
      frames_.pop();
      enter(frame_kind::object, t).tagged = &variant;
      return true;
    }
  }
  return false;
}

bool decoder::refuse_tag(std::string message, std::string actual) {
  const auto& variant = *frames_.top().type->variant;
  auto where = pointer(frames_.size() - 1);
  append_token(where, variant.tag_member);
  return report(std::move(message), std::move(where), describe_tags(variant), std::move(actual));
}

// The value of the tag is of no use; what is left of the object is skipped.
bool decoder::not_a_tag(std::string message, std::string actual, std::size_t open) {
  const bool go_on = refuse_tag(std::move(message), std::move(actual));
  frames_.pop();
  skip(open);
  return go_on;
}

bool decoder::play(const tape& recorded) {
  const auto& events = recorded.events();
  const auto& member = frames_.top().type->variant->tag_member;
  const tape::event* tag = nullptr;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < events.size() && tag == nullptr; ++i) {
    const auto kind = events[i].kind;
    if (kind == event_kind::begin_object || kind == event_kind::begin_array) {
      ++depth;
    } else if (kind == event_kind::end_object || kind == event_kind::end_array) {
      --depth;
    } else if (depth == 0 && kind == event_kind::key && recorded.text(events[i]) == member) {
      tag = &events[i + 1];
    }
  }
  if (tag == nullptr) {
    return refuse_tag("missing member", "missing") && close();
  }
  if (tag->kind != event_kind::string) {
    return refuse_tag("wrong type", tag->kind == event_kind::begin_object  ? "object"
                                    : tag->kind == event_kind::begin_array ? "array"
                                    : tag->kind == event_kind::number
                                        ? shown_number(recorded.text(*tag))
                                    : tag->kind == event_kind::null ? "null"
                                    : tag->boolean                  ? "true"
                                                                    : "false") &&
           close();
  }
  if (!choose(recorded.text(*tag))) {
    return refuse_tag("unknown value", shown(recorded.text(*tag))) && close();
  }
  for (const auto& e : events) {
    bool go_on = true;
    switch (e.kind) {
      case event_kind::begin_object:
        go_on = begin_object();
        break;
      case event_kind::end_object:
        go_on = end_object(e.size);
        break;
      case event_kind::begin_array:
        go_on = begin_array();
        break;
      case event_kind::end_array:
        go_on = end_array(e.size);
        break;
      case event_kind::key:
        go_on = key(recorded.text(e));
        break;
      case event_kind::string:
        go_on = string(recorded.text(e));
        break;
      case event_kind::number: {
        number n = e.value;
        n.text = recorded.text(e);
        go_on = numeric(n);
        break;
      }
      case event_kind::boolean:
        go_on = boolean(e.boolean);
        break;
      case event_kind::null:
        go_on = null();
        break;
    }
    if (!go_on) {
      return false;
    }
  }
  return end_object(0);
}

}  // namespace fairlead::json::detail
