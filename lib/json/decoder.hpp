// SPDX-License-Identifier: BSL-1.0
// Puts the events of a tokenizer into a C++ object that is known by descriptor only.
#pragma once

#include "scalar.hpp"
#include "tape.hpp"
#include "text.hpp"

#include <fairlead/json/options.hpp>
#include <fairlead/json/problem.hpp>

#include <boost/json/value_stack.hpp>

#include <array>
#include <memory>
#include <optional>
#include <vector>

namespace fairlead::json::detail {

class decoder {
 public:
  /// Stops after `limit` problems.
  decoder(const type_desc& type, void* value, const decode_options& options, std::size_t limit)
      : type_(type), value_(value), options_(options), limit_(limit) {}

  // The events. Each answers false when it is time to stop.
  bool begin_object();
  bool end_object(std::size_t members);
  bool begin_array();
  bool end_array(std::size_t items);
  bool key(std::string_view name);
  bool string(std::string_view text);
  bool numeric(const number& n);
  bool boolean(bool value);
  bool null();

  /// Adds a problem that concerns the text as such.
  void refuse_text(std::string message, std::string expected, std::string actual);

  [[nodiscard]] std::vector<problem>& problems() { return problems_; }

 private:
  // An open array or object.
  enum class frame_kind : std::uint8_t { object, tagging, sequence, map };
  struct frame {
    frame_kind kind = frame_kind::object;
    bool tag_seen = false;                 // object: its tag was read
    bool wants_tag = false;                // tagging: the next value is the tag
    const type_desc* type = nullptr;       // tagging: the variant
    const variant_desc* tagged = nullptr;  // object: it is an alternative of this
    void* at = nullptr;
    rule_set rules;
    std::size_t index = 0;  // object: the current field; sequence: the next element
    std::array<std::uint64_t, 2> seen{};
    void* element = nullptr;            // map: the current value ...
    const std::string* name = nullptr;  // ... and its key

    bool mark(std::size_t field) {  // false when it was marked already
      auto& word = seen[field / 64];
      const auto bit = std::uint64_t{1} << (field % 64);
      const bool fresh = (word & bit) == 0;
      word |= bit;
      return fresh;
    }
    [[nodiscard]] bool marked(std::size_t field) const {
      return (seen[field / 64] >> (field % 64) & 1U) != 0;
    }
  };

  // What the next value is for.
  struct target {
    const type_desc* type = nullptr;
    const type_desc* declared = nullptr;  // with the optional around it, for errors
    void* at = nullptr;                   // null: a std::array is full, the value is dropped
    rule_set rules;
  };

  // What happens with events: they fill the object, or they belong to a part that is skipped,
  // recorded, or taken as it is.
  enum class mode : std::uint8_t { typed, skipping, recording, raw };

  class frame_stack {
   public:
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    frame& top() { return frames_[size_ - 1]; }
    const frame& operator[](std::size_t i) const { return frames_[i]; }
    frame& push();
    void pop() { --size_; }

   private:
    static constexpr std::size_t inline_size = 16;
    std::size_t size_ = 0;
    std::size_t capacity_ = inline_size;
    alignas(frame) std::byte inline_[inline_size * sizeof(frame)];  // bytes: nothing to initialise
    std::unique_ptr<std::byte[]> heap_;
    frame* frames_ = reinterpret_cast<frame*>(inline_);
  };

  [[nodiscard]] target next();
  // Goes through optionals, and through variants to the alternative that looks like the value:
  // `look` is null, boolean, integer, floating, string, object or sequence.
  void resolve(target& t, type_kind look) {
    if (t.type->kind == type_kind::optional) {
      t.at = t.type->optional->emplace(t.at);
      t.type = t.type->optional->element;
    }
    if (t.type->kind == type_kind::variant) {
      resolve_variant(t, look);
    }
  }
  void resolve_variant(target& t, type_kind look);
  frame& enter(frame_kind kind, const target& t);
  // A value is complete: the next one in an array is another one.
  bool done() {
    if (!frames_.empty() && frames_.top().kind == frame_kind::sequence) {
      ++frames_.top().index;
    }
    return true;
  }
  bool close();
  bool begin_typed(type_kind look, const char* name);
  bool open_object(const target& t);
  bool open_array(const target& t);
  bool checked(const target& t) { return t.rules.all.empty() || check(t); }
  bool check(const target& t);
  bool finish_sequence(const frame& closed);

  bool object_key(frame& top, std::string_view name);
  bool map_key(frame& top, std::string_view name);
  bool tagging_key(frame& top, std::string_view name);
  bool finish_object(frame& top);

  bool choose(std::string_view tag);
  bool refuse_tag(std::string message, std::string actual);
  bool not_a_tag(std::string message, std::string actual, std::size_t open);
  bool play(const tape& recorded);

  bool scalar_skipped();
  bool stored(const target& t);
  bool misfit(const target& t, std::string actual);
  [[nodiscard]] static type_kind look_of(const number& n) noexcept;
  [[nodiscard]] bool store_as_floating(const target& whole, target& t, const number& n);
  bool refuse(const target& t, store_result why, const number& n);
  void skip(std::size_t open);
  bool start_raw(const target& t);
  bool end_raw();
  bool mismatch(const target& t, std::string actual);
  bool report(std::string message, std::string pointer, std::string expected, std::string actual);
  [[nodiscard]] std::string pointer(std::size_t frames) const;
  [[nodiscard]] std::string pointer() const { return pointer(frames_.size()); }

  const type_desc& type_;
  void* value_;
  const decode_options& options_;
  std::size_t limit_;
  std::vector<problem> problems_;

  frame_stack frames_;
  mode mode_ = mode::typed;
  std::size_t open_ = 0;  // arrays and objects open in a part that is not typed
  bool bit_ = false;      // where an element of std::vector<bool> goes first
  tape tape_;
  std::optional<boost::json::value_stack> raw_;
  boost::json::value* raw_target_ = nullptr;
};

inline decoder::target decoder::next() {
  if (frames_.empty()) {
    return {&type_, &type_, value_, {}};
  }
  auto& top = frames_.top();
  switch (top.kind) {
    case frame_kind::object: {
      const auto& field = top.type->object->fields[top.index];
      return {field.type, field.type, field.member(top.at), {{field.rules, field.rule_count}, 0}};
    }
    case frame_kind::map: {
      const auto* element = top.type->map->element;
      return {element, element, top.element, top.rules.of_elements()};
    }
    case frame_kind::sequence:
    case frame_kind::tagging:
      break;
  }
  const auto& sequence = *top.type->sequence;
  void* at = sequence.slot != nullptr ? sequence.slot(top.at, top.index) : &bit_;
  return {sequence.element, sequence.element, at, top.rules.of_elements()};
}

}  // namespace fairlead::json::detail
