// SPDX-License-Identifier: BSL-1.0
// How it works: a stack of frames mirrors the open arrays and objects; each knows the descriptor
// and the address of what it fills. The path of an error is read off that stack when it is needed.
// Optionals have no frame: they are filled on the way to their value. A variant of structs waits in
// a "tagging" frame for its tag; when another member comes first, the members are recorded and
// played once the tag is known.
#include "decoder.hpp"

#include "rules.hpp"
#include "timestamp.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

namespace fairlead::json::detail {

decoder::frame& decoder::frame_stack::push() {
  static_assert(std::is_trivially_copyable_v<frame> && std::is_trivially_destructible_v<frame>);
  if (size_ == capacity_) {
    auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity_ * 2 * sizeof(frame));
    std::memcpy(larger.get(), frames_, size_ * sizeof(frame));
    heap_ = std::move(larger);
    frames_ = reinterpret_cast<frame*>(heap_.get());
    capacity_ *= 2;
  }
  return *std::construct_at(frames_ + size_++);
}

// ---- targets ----------------------------------------------------------------------------------

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

decoder::frame& decoder::enter(frame_kind kind, const target& t) {
  auto& f = frames_.push();
  f.kind = kind;
  f.type = t.type;
  f.at = t.at;
  f.rules = t.rules;
  return f;
}

// The top frame is complete, which is a value of the frame below.
bool decoder::close() {
  frames_.pop();
  return done();
}

bool decoder::check(const target& t) {
  const auto* broken = broken_rule(t.rules, *t.type, t.at);
  return broken == nullptr || report("constraint not met", pointer(), describe(*broken, *t.type),
                                     shown_for(*broken, *t.type, t.at));
}

// ---- objects ----------------------------------------------------------------------------------

bool decoder::begin_object() {
  switch (mode_) {
    case mode::skipping:
      ++open_;
      return true;
    case mode::recording:
      ++open_;
      tape_.add(event_kind::begin_object);
      return true;
    case mode::raw:
      ++open_;
      return true;
    case mode::typed:
      break;
  }
  if (!frames_.empty() && frames_.top().wants_tag) {
    return not_a_tag("wrong type", "object", 2);
  }
  auto t = next();
  if (t.at == nullptr) {
    skip(1);
    return true;
  }
  resolve(t, type_kind::object);
  switch (t.type->kind) {
    case type_kind::object:
      enter(frame_kind::object, t);
      return true;
    case type_kind::map:
      t.type->map->clear(t.at);
      enter(frame_kind::map, t);
      return true;
    case type_kind::raw:
      open_ = 1;
      return start_raw(t);
    case type_kind::variant: {
      const auto& v = *t.type->variant;
      const bool structs = std::any_of(v.alternatives, v.alternatives + v.count, [](const auto& a) {
        return a.type->kind == type_kind::object;
      });
      if (structs) {
        enter(frame_kind::tagging, t);
        return true;
      }
      break;
    }
    default:
      break;
  }
  skip(1);
  return mismatch(t, "object");
}

bool decoder::end_object(std::size_t members) {
  switch (mode_) {
    case mode::skipping:
      if (--open_ == 0) {
        mode_ = mode::typed;
        return done();
      }
      return true;
    case mode::recording:
      if (--open_ > 0) {
        tape_.add(event_kind::end_object, members);
        return true;
      }
      mode_ = mode::typed;
      return play(std::exchange(tape_, {}));
    case mode::raw:
      raw_->push_object(members);
      --open_;
      return end_raw();
    case mode::typed:
      break;
  }
  auto& top = frames_.top();
  if (top.kind == frame_kind::tagging) {
    return refuse_tag("missing member", "missing") && close();
  }
  if (top.kind == frame_kind::object) {
    return finish_object(top) && close();
  }
  const target whole{top.type, top.type, top.at, top.rules};
  frames_.pop();  // so that the path ends here
  return checked(whole) && done();
}

bool decoder::finish_object(frame& top) {
  const auto& desc = *top.type->object;
  for (std::size_t i = 0; i < desc.count; ++i) {
    if (top.marked(i)) {
      continue;
    }
    const auto& field = desc.fields[i];
    if (field.set_default != nullptr) {
      field.set_default(top.at);
    } else if (field.type->kind == type_kind::optional) {
      field.type->optional->reset(field.member(top.at));
    } else {
      auto where = pointer(frames_.size() - 1);
      append_token(where, field.name);
      if (!report("missing member", std::move(where),
                  describe(*field.type, {{field.rules, field.rule_count}, 0}), "missing")) {
        return false;
      }
    }
  }
  return true;
}

bool decoder::key(std::string_view name) {
  switch (mode_) {
    case mode::skipping:
      return true;
    case mode::recording:
      tape_.add(event_kind::key, name);
      return true;
    case mode::raw:
      raw_->push_key({name.data(), name.size()});
      return true;
    case mode::typed:
      break;
  }
  auto& top = frames_.top();
  switch (top.kind) {
    case frame_kind::object:
      return object_key(top, name);
    case frame_kind::map:
      return map_key(top, name);
    default:
      return tagging_key(top, name);
  }
}

bool decoder::object_key(frame& top, std::string_view name) {
  const auto& desc = *top.type->object;
  // Peers mostly send members in one order: the one behind the last is the first guess.
  std::size_t i = top.index + (top.index < desc.count && top.marked(top.index) ? 1 : 0);
  if (i >= desc.count || !same_text(desc.fields[i].name, name)) {
    i = 0;
    while (i < desc.count && !same_text(desc.fields[i].name, name)) {
      ++i;
    }
  }
  if (i < desc.count) {
    top.index = i;
    if (!top.mark(i) && options_.duplicates == duplicate_members::refuse) {
      skip(0);
      return report("duplicate member", pointer(), "one member " + shown(name), "a second one");
    }
    return true;
  }
  skip(0);
  const bool is_tag = top.tagged != nullptr && name == top.tagged->tag_member;
  const auto where = [&] {
    auto p = pointer(frames_.size() - 1);
    append_token(p, name);
    return p;
  };
  if (is_tag) {
    if (!std::exchange(top.tag_seen, true)) {
      return true;
    }
    return report("duplicate member", where(), "one member " + shown(name), "a second one");
  }
  if (options_.unknown == unknown_members::refuse) {
    return report("unknown member", where(), describe_members(desc), shown(name));
  }
  return true;
}

bool decoder::map_key(frame& top, std::string_view name) {
  const auto slot = top.type->map->slot(top.at, name);
  top.element = slot.value;
  top.name = slot.key;
  if (!slot.inserted && options_.duplicates == duplicate_members::refuse) {
    skip(0);
    return report("duplicate member", pointer(), "one member " + shown(name), "a second one");
  }
  return true;
}

// ---- variants ---------------------------------------------------------------------------------

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

// ---- arrays -----------------------------------------------------------------------------------

bool decoder::begin_array() {
  switch (mode_) {
    case mode::recording:
      tape_.add(event_kind::begin_array);
      [[fallthrough]];
    case mode::skipping:
    case mode::raw:
      ++open_;
      return true;
    case mode::typed:
      break;
  }
  if (!frames_.empty() && frames_.top().wants_tag) {
    return not_a_tag("wrong type", "array", 2);
  }
  auto t = next();
  if (t.at == nullptr) {
    skip(1);
    return true;
  }
  resolve(t, type_kind::sequence);
  if (t.type->kind == type_kind::sequence) {
    enter(frame_kind::sequence, t);
    return true;
  }
  if (t.type->kind == type_kind::raw) {
    open_ = 1;
    return start_raw(t);
  }
  skip(1);
  return mismatch(t, "array");
}

bool decoder::end_array(std::size_t items) {
  switch (mode_) {
    case mode::skipping:
      if (--open_ == 0) {
        mode_ = mode::typed;
        return done();
      }
      return true;
    case mode::recording:
      --open_;
      tape_.add(event_kind::end_array, items);
      return true;
    case mode::raw:
      raw_->push_array(items);
      --open_;
      return end_raw();
    case mode::typed:
      break;
  }
  const frame closed = frames_.top();
  frames_.pop();
  return finish_sequence(closed) && done();
}

bool decoder::finish_sequence(const frame& closed) {
  const auto& desc = *closed.type->sequence;
  const auto n = closed.index;
  if (desc.fixed != SIZE_MAX && n != desc.fixed) {
    return report("wrong number of items", pointer(), describe(*closed.type),
                  "array of " + std::to_string(n) + (n == 1 ? " item" : " items"));
  }
  desc.truncate(closed.at, n);
  return checked({closed.type, closed.type, closed.at, closed.rules});
}

// ---- parts that are not typed -----------------------------------------------------------------

void decoder::skip(std::size_t open) {
  mode_ = mode::skipping;
  open_ = open;
}

// A scalar in a part that is skipped ends it when nothing is open.
bool decoder::scalar_skipped() {
  if (open_ == 0) {
    mode_ = mode::typed;
    return done();
  }
  return true;
}

bool decoder::start_raw(const target& t) {
  mode_ = mode::raw;
  raw_target_ = static_cast<boost::json::value*>(t.at);
  if (!raw_) {
    raw_.emplace();
  }
  raw_->reset();
  return true;
}

// A value was pushed: when nothing is open it is the whole.
bool decoder::end_raw() {
  if (open_ == 0) {
    mode_ = mode::typed;
    *raw_target_ = raw_->release();
    return done();
  }
  return true;
}

// ---- problems ---------------------------------------------------------------------------------

bool decoder::mismatch(const target& t, std::string actual) {
  const auto& rules = t.type->kind == type_kind::variant ? rule_set{} : t.rules;
  return report("wrong type", pointer(), describe(*t.declared, rules), std::move(actual));
}

void decoder::refuse_text(std::string message, std::string expected, std::string actual) {
  (void)report(std::move(message), {}, std::move(expected), std::move(actual));
}

bool decoder::report(std::string message, std::string pointer, std::string expected,
                     std::string actual) {
  problems_.push_back(
      {std::move(message), std::move(pointer), std::move(expected), std::move(actual)});
  return problems_.size() < limit_;
}

// The place that the first `frames` frames lead to.
std::string decoder::pointer(std::size_t frames) const {
  std::string out;
  for (std::size_t i = 0; i < frames; ++i) {
    const auto& f = frames_[i];
    switch (f.kind) {
      case frame_kind::object:
        if (f.type->object->count > 0) {
          append_token(out, f.type->object->fields[f.index].name);
        }
        break;
      case frame_kind::map:
        if (f.name != nullptr) {
          append_token(out, *f.name);
        }
        break;
      case frame_kind::sequence:
        append_token(out, f.index);
        break;
      case frame_kind::tagging:
        break;
    }
  }
  return out;
}

}  // namespace fairlead::json::detail
