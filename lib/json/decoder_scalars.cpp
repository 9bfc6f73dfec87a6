// SPDX-License-Identifier: BSL-1.0
// Strings, numbers, booleans and null on their way into the object.
#include "decoder.hpp"
#include "timestamp.hpp"

#include <boost/json/value.hpp>

namespace fairlead::json::detail {

// The value is in place: check it and go on.
bool decoder::stored(const target& t) {
  return checked(t) && done();
}

// The value is of another type than its place.
bool decoder::misfit(const target& t, std::string actual) {
  return mismatch(t, std::move(actual)) && done();
}

bool decoder::string(std::string_view text) {
  switch (mode_) {
    case mode::skipping:
      return scalar_skipped();
    case mode::recording:
      tape_.add(event_kind::string, text);
      return true;
    case mode::raw:
      raw_->push_string({text.data(), text.size()});
      return end_raw();
    case mode::typed:
      break;
  }
  if (!frames_.empty() && frames_.top().wants_tag) {
    if (choose(text)) {
      frames_.top().tag_seen = true;
      return true;
    }
    return not_a_tag("unknown value", shown(text), 1);
  }
  auto t = next();
  if (t.at == nullptr) {
    return done();
  }
  resolve(t, type_kind::string);
  switch (t.type->kind) {
    case type_kind::string:
      static_cast<std::string*>(t.at)->assign(text);
      return stored(t);
    case type_kind::enumeration:
      if (store_enumeration(*t.type, t.at, text)) {
        return stored(t);
      }
      return report("unknown value", pointer(), describe(*t.declared), shown(text)) && done();
    case type_kind::timestamp:
      if (const auto ticks = parse_timestamp(text, t.type->ticks)) {
        store_signed(*t.type, t.at, *ticks);
        return stored(t);
      }
      return report("wrong format", pointer(), describe(*t.declared), shown(text)) && done();
    case type_kind::raw:
      static_cast<boost::json::value*>(t.at)->emplace_string() =
          boost::json::string_view(text.data(), text.size());
      return stored(t);
    default:
      return misfit(t, shown(text));
  }
}

// Integers have no negative zero: written so, it is a double.
type_kind decoder::look_of(const number& n) noexcept {
  const bool floating = n.is == number::form::floating || n.text == "-0";
  return floating ? type_kind::floating : type_kind::integer;
}

bool decoder::numeric(const number& n) {
  switch (mode_) {
    case mode::skipping:
      return scalar_skipped();
    case mode::recording:
      tape_.add(n);
      return true;
    case mode::raw:
    case mode::typed:
      break;
  }
  if (mode_ == mode::raw) {
    switch (n.is) {
      case number::form::signed_integer:
        raw_->push_int64(n.i);
        break;
      case number::form::unsigned_integer:
        raw_->push_uint64(n.u);
        break;
      case number::form::floating: {
        double d = 0;
        if (store_floating(type_desc(type_kind::floating, sizeof d, true), &d, n) !=
            store_result::stored) {
          return report("out of range", pointer(), "number in the range of double",
                        shown_number(n.text)) &&
                 (raw_->push_null(), end_raw());
        }
        raw_->push_double(d);
      }
    }
    return end_raw();
  }
  if (!frames_.empty() && frames_.top().wants_tag) {
    return not_a_tag("wrong type", shown_number(n.text), 1);
  }
  auto t = next();
  if (t.at == nullptr) {
    return done();
  }
  const auto whole = t;
  resolve(t, look_of(n));
  store_result result = store_result::wrong_type;
  switch (t.type->kind) {
    case type_kind::integer:
      result = store_integer(*t.type, t.at, n);
      break;
    case type_kind::floating:
      result = store_floating(*t.type, t.at, n);
      break;
    case type_kind::raw:
      open_ = 0;
      start_raw(t);
      return numeric(n);
    default:
      return misfit(t, shown_number(n.text));
  }
  if (result == store_result::out_of_range && store_as_floating(whole, t, n)) {
    result = store_result::stored;
  }
  return result == store_result::stored ? stored(t) : refuse(t, result, n);
}

// An integer that is too large for the alternative that it looks like may fit into a double beside
// it.
bool decoder::store_as_floating(const target& whole, target& t, const number& n) {
  auto other = whole;
  resolve(other, type_kind::floating);
  if (whole.type == other.type || other.type->kind != type_kind::floating ||
      store_floating(*other.type, other.at, n) != store_result::stored) {
    return false;
  }
  t = other;
  return true;
}

bool decoder::refuse(const target& t, store_result why, const number& n) {
  if (why == store_result::wrong_type) {
    return misfit(t, shown_number(n.text));
  }
  // A range that was asked for says more than the range of the type.
  for (const auto& r : t.rules.all) {
    if (r.level == t.rules.level) {
      return report("out of range", pointer(), describe(r, *t.type), shown_number(n.text)) &&
             done();
    }
  }
  return report("out of range", pointer(), describe_range(*t.type), shown_number(n.text)) && done();
}

bool decoder::boolean(bool value) {
  const auto text = [value] { return std::string(value ? "true" : "false"); };
  switch (mode_) {
    case mode::skipping:
      return scalar_skipped();
    case mode::recording:
      tape_.add(value);
      return true;
    case mode::raw:
      raw_->push_bool(value);
      return end_raw();
    case mode::typed:
      break;
  }
  if (!frames_.empty() && frames_.top().wants_tag) {
    return not_a_tag("wrong type", text(), 1);
  }
  auto t = next();
  if (t.at == nullptr) {
    return done();
  }
  resolve(t, type_kind::boolean);
  if (t.type->kind == type_kind::raw) {
    *static_cast<boost::json::value*>(t.at) = value;
    return stored(t);
  }
  if (t.type->kind != type_kind::boolean) {
    return misfit(t, text());
  }
  *static_cast<bool*>(t.at) = value;
  if (t.at == &bit_) {
    auto& top = frames_.top();
    top.type->sequence->set_bit(top.at, top.index, value);
  }
  return stored(t);
}

bool decoder::null() {
  switch (mode_) {
    case mode::skipping:
      return scalar_skipped();
    case mode::recording:
      tape_.add(event_kind::null);
      return true;
    case mode::raw:
      raw_->push_null();
      return end_raw();
    case mode::typed:
      break;
  }
  if (!frames_.empty() && frames_.top().wants_tag) {
    return not_a_tag("wrong type", "null", 1);
  }
  auto t = next();
  if (t.at == nullptr) {
    return done();
  }
  if (t.type->kind == type_kind::optional) {
    t.type->optional->reset(t.at);
    return done();
  }
  resolve(t, type_kind::null);
  switch (t.type->kind) {
    case type_kind::raw:
      static_cast<boost::json::value*>(t.at)->emplace_null();
      return done();
    case type_kind::null:
      return done();
    default:
      return misfit(t, "null");
  }
}

}  // namespace fairlead::json::detail
