// SPDX-License-Identifier: BSL-1.0
// How a schema and the values held against it read in errors: the same words as for described
// structs.
#include "rules.hpp"
#include "schema_program.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace fairlead::json::detail {

namespace {

constexpr std::size_t longest_choice = 200;
constexpr int longest_description = 50;  // subschemas looked at

// Joins texts, none twice, up to a length.
class joined {
 public:
  joined(std::string_view prefix, std::string_view separator)
      : prefix_(prefix), separator_(separator) {}

  void add(std::string text) {
    if (full_ || std::find(parts_.begin(), parts_.end(), text) != parts_.end()) {
      return;
    }
    if (size_ + text.size() > longest_choice) {
      full_ = true;
      return;
    }
    size_ += text.size() + separator_.size();
    parts_.push_back(std::move(text));
  }
  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto& p : parts_) {
      out += out.empty() ? prefix_ : separator_;
      out += p;
    }
    if (full_) {
      out += separator_;
      out += "...";
    }
    return out;
  }

 private:
  std::string_view prefix_;
  std::string_view separator_;
  std::vector<std::string> parts_;
  std::size_t size_ = 0;
  bool full_ = false;
};

std::string plural(std::size_t n, std::string_view unit) {
  std::string out = std::to_string(n) + ' ' + std::string(unit);
  if (n == 1) {
    out.pop_back();
  }
  return out;
}

// The words for the types are in the order of the bits.
constexpr std::array<std::string_view, 7> type_words{"null",   "boolean", "integer", "number",
                                                     "string", "array",   "object"};

// What of a node says most about a value of `types`.
std::string describe_own(const schema_node& n) {
  if (n.types == 0 || n.types == string_type) {
    if (n.format) {
      return describe_rule(*n.format, string_type);
    }
    if (n.is_date_time) {
      return "RFC 3339 timestamp";
    }
    if (n.pattern) {
      return "string matching " + n.pattern->text;
    }
    if (n.length) {
      return describe_rule(*n.length, string_type);
    }
  }
  if (n.range && (n.types == 0 || n.types == number_type || n.types == integer_type)) {
    return describe_rule(*n.range, n.types == integer_type ? integer_type : number_type);
  }
  if (n.items && (n.types == 0 || n.types == array_type)) {
    return describe_rule(*n.items, array_type);
  }
  if (n.members && (n.types == 0 || n.types == object_type)) {
    return describe_rule(*n.members, object_type);
  }
  return n.types != 0 ? describe_types(n.types) : std::string();
}

std::string describe_at(const schema_validator::program& all, schema_node::id which, int& budget) {
  const auto& n = all.nodes[which];
  if (n.refuses_all) {
    return "nothing";
  }
  if (n.allowed) {
    joined list(n.allowed->size() == 1 ? "" : "one of ", ", ");
    for (const auto& v : *n.allowed) {
      list.add(shown_value(v));
    }
    return n.allowed->empty() ? "nothing" : list.text();
  }
  auto own = describe_own(n);
  if (!own.empty() || --budget < 0) {
    return own.empty() ? "any value" : own;
  }
  if (n.target) {
    return describe_at(all, *n.target, budget);
  }
  for (const auto* alternatives : {&n.any_of, &n.one_of}) {
    if (!alternatives->empty()) {
      joined list("", " or ");
      for (const auto one : *alternatives) {
        list.add(describe_at(all, one, budget));
      }
      return list.text();
    }
  }
  for (const auto one : n.all_of) {
    auto text = describe_at(all, one, budget);
    if (text != "any value") {
      return text;
    }
  }
  if (n.is_not) {
    return "not " + describe_at(all, *n.is_not, budget);
  }
  return "any value";
}

}  // namespace

bound number_of(const boost::json::value& v) noexcept {
  switch (v.kind()) {
    case boost::json::kind::int64:
      return static_cast<bound>(v.get_int64());
    case boost::json::kind::uint64:
      return static_cast<bound>(v.get_uint64());
    default:
      return static_cast<bound>(v.get_double());
  }
}

bool same_json(const boost::json::value& wanted, const boost::json::value& v) {
  if (wanted.is_number() && v.is_number()) {
    return number_of(wanted) == number_of(v);
  }
  if (wanted.kind() != v.kind()) {
    return false;
  }
  if (const auto* list = wanted.if_array()) {
    const auto& other = v.get_array();
    return std::equal(list->begin(), list->end(), other.begin(), other.end(), same_json);
  }
  if (const auto* object = wanted.if_object()) {
    const auto& other = v.get_object();
    return object->size() == other.size() &&
           std::all_of(object->begin(), object->end(), [&](const auto& member) {
             const auto* found = other.if_contains(member.key());
             return found != nullptr && same_json(member.value(), *found);
           });
  }
  return wanted == v;
}

std::string describe(const schema_validator::program& all, schema_node::id which) {
  int budget = longest_description;
  return describe_at(all, which, budget);
}

std::string describe_types(std::uint8_t types) {
  joined list("", " or ");
  for (std::size_t i = 0; i < type_words.size(); ++i) {
    if ((types & (1U << i)) != 0) {
      list.add(std::string(type_words[i]));
    }
  }
  return list.text();
}

std::string describe_members(const schema_node& node) {
  joined list("one of ", ", ");
  for (const auto& [name, which] : node.properties) {
    list.add(shown(std::string_view(name)));
  }
  return node.properties.empty() ? "no members" : list.text();
}

std::string describe_rule(const rule& r, json_type type) {
  static const map_desc no_map;
  static const sequence_desc no_sequence;
  switch (type) {
    case integer_type:
      return describe(r, type_desc(type_kind::integer));
    case number_type:
      return describe(r, type_desc(type_kind::floating));
    case array_type:
      return describe(r, type_desc(no_sequence));
    case object_type:
      return describe(r, type_desc(no_map));
    default:
      return describe(r, type_desc(type_kind::string));
  }
}

std::string shown_value(const boost::json::value& v) {
  switch (v.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return v.get_bool() ? "true" : "false";
    case boost::json::kind::int64:
      return std::to_string(v.get_int64());
    case boost::json::kind::uint64:
      return std::to_string(v.get_uint64());
    case boost::json::kind::double_: {
      char buffer[64];
      return {buffer, std::to_chars(buffer, std::end(buffer), v.get_double()).ptr};
    }
    case boost::json::kind::string:
      return shown(std::string_view(v.get_string()));
    case boost::json::kind::array:
      return "array";
    case boost::json::kind::object:
      return "object";
  }
  return {};
}

std::string shown_size(const boost::json::value& v) {
  if (const auto* text = v.if_string()) {
    return text->empty() ? "\"\"" : "string of " + plural(code_points(*text), "characters");
  }
  if (const auto* list = v.if_array()) {
    return list->empty() ? "empty array" : "array of " + plural(list->size(), "items");
  }
  if (const auto* object = v.if_object()) {
    return object->empty() ? "empty object" : "object of " + plural(object->size(), "members");
  }
  return shown_value(v);
}

}  // namespace fairlead::json::detail
