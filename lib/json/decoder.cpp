// SPDX-License-Identifier: BSL-1.0
// How it works: a stack of frames mirrors the open arrays and objects; each knows the descriptor
// and the address of what it fills. The path of an error is read off that stack when it is needed.
// Optionals have no frame: they are filled on the way to their value. Variants are resolved in
// decoder_variants.cpp.
#include "decoder.hpp"

#include "rules.hpp"

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

// ---- values ----------------------------------------------------------------------------------

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

// An array or object begins where a value is expected: `look` says which, `name` is for people.
bool decoder::begin_typed(type_kind look, const char* name) {
  if (!frames_.empty() && frames_.top().wants_tag) {
    return not_a_tag("wrong type", name, 2);
  }
  auto t = next();
  if (t.at == nullptr) {
    skip(1);
    return true;
  }
  resolve(t, look);
  if (t.type->kind == type_kind::raw) {
    open_ = 1;
    return start_raw(t);
  }
  if (look == type_kind::object ? open_object(t) : open_array(t)) {
    return true;
  }
  skip(1);
  return mismatch(t, name);
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
  return begin_typed(type_kind::object, "object");
}

// False when what is to be filled is no object.
bool decoder::open_object(const target& t) {
  switch (t.type->kind) {
    case type_kind::object:
      enter(frame_kind::object, t);
      return true;
    case type_kind::map:
      t.type->map->clear(t.at);
      enter(frame_kind::map, t);
      return true;
    case type_kind::variant: {
      const auto& v = *t.type->variant;
      const bool structs = std::any_of(v.alternatives, v.alternatives + v.count, [](const auto& a) {
        return a.type->kind == type_kind::object;
      });
      if (structs) {
        enter(frame_kind::tagging, t);
      }
      return structs;
    }
    default:
      return false;
  }
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
  return begin_typed(type_kind::sequence, "array");
}

// False when what is to be filled is no array.
bool decoder::open_array(const target& t) {
  if (t.type->kind != type_kind::sequence) {
    return false;
  }
  enter(frame_kind::sequence, t);
  return true;
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

}  // namespace fairlead::json::detail
