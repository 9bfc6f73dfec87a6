// SPDX-License-Identifier: BSL-1.0
// From a JSON Schema to nodes.
//
// How it works: a queue of subschemas, each known by its place in memory, so that a reference to
// one that was met already, or to itself, finds its number. Nothing recurses over the document.
// At the end a search finds references that lead back without going into the value: they could
// never be decided.
#include "rules.hpp"
#include "schema_program.hpp"

#include <fairlead/json/decode.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <unordered_map>
#include <utility>

namespace fairlead::json {

namespace {

using boost::json::value;
using detail::schema_node;
using id = schema_node::id;

constexpr std::size_t most_subschemas = 100'000;

constexpr std::array<std::pair<std::string_view, std::uint8_t>, 7> type_names{{
    {"null", detail::null_type},
    {"boolean", detail::boolean_type},
    {"integer", detail::integer_type},
    {"number", detail::number_type},
    {"string", detail::string_type},
    {"array", detail::array_type},
    {"object", detail::object_type},
}};

constexpr std::array<std::string_view, 16> unsupported{"$dynamicRef",
                                                       "contains",
                                                       "dependentRequired",
                                                       "dependentSchemas",
                                                       "else",
                                                       "if",
                                                       "maxContains",
                                                       "minContains",
                                                       "multipleOf",
                                                       "$recursiveRef",
                                                       "patternProperties",
                                                       "propertyNames",
                                                       "then",
                                                       "unevaluatedItems",
                                                       "unevaluatedProperties",
                                                       "additionalItems"};

constexpr std::string_view draft = "https://json-schema.org/draft/2020-12/schema";

// Undoes the percent-encoding of a URI's fragment; nothing when it is broken.
std::optional<std::string> decoded_fragment(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

class compiler {
 public:
  explicit compiler(const value& root) : root_(root) {
    (void)node_for(root, "");
    while (!queue_.empty() && problems_.size() < max_problems) {
      const auto next = std::move(queue_.front());
      queue_.pop_front();
      at_ = next.pointer;
      now_ = next.number;
      compile(*next.text);
    }
    if (problems_.empty()) {
      find_endless_references();
    }
  }

  std::vector<schema_node> nodes;
  [[nodiscard]] std::vector<problem> take_problems() { return std::move(problems_); }

 private:
  struct waiting {
    const value* text;
    std::string pointer;
    id number;
  };

  id node_for(const value& v, std::string pointer) {
    const auto [known, fresh] = numbers_.try_emplace(&v, static_cast<id>(nodes.size()));
    if (fresh) {
      if (nodes.size() >= most_subschemas) {
        if (problems_.empty()) {
          report("too large", pointer, "at most " + std::to_string(most_subschemas) + " subschemas",
                 "more");
        }
        numbers_.erase(known);
        return 0;
      }
      nodes.emplace_back();
      pointers_.push_back(pointer);
      queue_.push_back({&v, std::move(pointer), known->second});
    }
    return known->second;
  }

  schema_node& node() { return nodes[now_]; }

  void report(std::string message, std::string pointer, std::string expected, std::string actual) {
    if (problems_.size() < max_problems) {
      problems_.push_back(
          {std::move(message), std::move(pointer), std::move(expected), std::move(actual)});
    }
  }
  std::string place(std::string_view keyword) const {
    std::string out = at_;
    detail::append_token(out, keyword);
    return out;
  }
  void wrong_type(std::string_view keyword, std::string_view expected, const value& v) {
    report("wrong type", place(keyword), std::string(expected), detail::shown_value(v));
  }

  void compile(const value& v) {
    if (const auto* always = v.if_bool()) {
      node().refuses_all = !*always;
      return;
    }
    const auto* object = v.if_object();
    if (object == nullptr) {
      report("wrong type", at_, "object or boolean", detail::shown_value(v));
      return;
    }
    for (const auto& member : *object) {
      keyword(member.key(), member.value());
    }
  }

  void keyword(std::string_view name, const value& v) {
    struct entry {
      std::string_view name;
      void (compiler::*read)(std::string_view, const value&);
    };
    static constexpr std::array<entry, 29> table{{
        {"$defs", &compiler::schema_map},
        {"$id", &compiler::read_id},
        {"$ref", &compiler::read_reference},
        {"$schema", &compiler::read_draft},
        {"additionalProperties", &compiler::one_schema},
        {"allOf", &compiler::schema_list},
        {"anyOf", &compiler::schema_list},
        {"const", &compiler::read_constant},
        {"enum", &compiler::read_enumeration},
        {"exclusiveMaximum", &compiler::read_bound},
        {"exclusiveMinimum", &compiler::read_bound},
        {"format", &compiler::read_format},
        {"items", &compiler::one_schema},
        {"maxItems", &compiler::read_count},
        {"maxLength", &compiler::read_count},
        {"maxProperties", &compiler::read_count},
        {"maximum", &compiler::read_bound},
        {"minItems", &compiler::read_count},
        {"minLength", &compiler::read_count},
        {"minProperties", &compiler::read_count},
        {"minimum", &compiler::read_bound},
        {"not", &compiler::one_schema},
        {"oneOf", &compiler::schema_list},
        {"pattern", &compiler::read_pattern},
        {"prefixItems", &compiler::schema_list},
        {"properties", &compiler::schema_map},
        {"required", &compiler::read_required},
        {"type", &compiler::read_type},
        {"uniqueItems", &compiler::read_unique},
    }};
    const auto* found =
        std::find_if(table.begin(), table.end(), [&](const entry& e) { return e.name == name; });
    if (found != table.end()) {
      (this->*found->read)(name, v);
    } else if (std::find(unsupported.begin(), unsupported.end(), name) != unsupported.end()) {
      report("not supported", place(name), "a schema without " + std::string(name),
             detail::shown_value(v));
    }
  }

  void read_draft(std::string_view name, const value& v) {
    const auto* text = v.if_string();
    if (text == nullptr) {
      return wrong_type(name, "string", v);
    }
    std::string_view given(*text);
    if (given.ends_with('#')) {
      given.remove_suffix(1);
    }
    if (given != draft) {
      report("not supported", place(name), std::string(draft), detail::shown_value(v));
    }
  }

  void read_id(std::string_view name, const value& v) {
    if (!v.is_string()) {
      return wrong_type(name, "string", v);
    }
    if (now_ != 0) {
      report("not supported", place(name), "$id at the root only", detail::shown_value(v));
    }
  }

  void read_reference(std::string_view name, const value& v) {
    const auto* text = v.if_string();
    if (text == nullptr) {
      return wrong_type(name, "string", v);
    }
    const std::string_view given(*text);
    const auto pointer = given.starts_with('#') ? decoded_fragment(given.substr(1)) : std::nullopt;
    if (!pointer || (!pointer->empty() && pointer->front() != '/')) {
      report("not supported", place(name), "a place in this document, \"#/...\"",
             detail::shown_value(v));
      return;
    }
    boost::system::error_code ec;
    const auto* to = root_.find_pointer(*pointer, ec);
    if (to == nullptr) {
      report("no such place", place(name), "a place in this document, \"#/...\"",
             detail::shown_value(v));
      return;
    }
    const auto target = node_for(*to, *pointer);
    node().target = target;
  }

  void read_type(std::string_view name, const value& v) {
    if (const auto* list = v.if_array(); list != nullptr && !list->empty()) {
      for (const auto& one : *list) {
        add_type(name, one);
      }
      return;
    }
    add_type(name, v);
  }
  void add_type(std::string_view keyword, const value& v) {
    const auto* text = v.if_string();
    if (text == nullptr) {
      return wrong_type(keyword, "string or array of strings", v);
    }
    const auto* found = std::find_if(type_names.begin(), type_names.end(), [&](const auto& t) {
      return t.first == std::string_view(*text);
    });
    if (found == type_names.end()) {
      report("unknown value", place(keyword),
             "one of \"null\", \"boolean\", \"integer\", \"number\", \"string\", \"array\", "
             "\"object\"",
             detail::shown_value(v));
      return;
    }
    node().types |= found->second;
  }

  void read_constant(std::string_view, const value& v) {
    // With an enum beside it, both must hold: what is in both.
    keep_allowed({v});
  }
  void read_enumeration(std::string_view name, const value& v) {
    const auto* list = v.if_array();
    if (list == nullptr) {
      return wrong_type(name, "array", v);
    }
    keep_allowed({list->begin(), list->end()});
  }
  void keep_allowed(std::vector<value> list) {
    if (!node().allowed) {
      node().allowed = std::move(list);
      return;
    }
    std::erase_if(*node().allowed, [&](const value& v) {
      return std::none_of(list.begin(), list.end(),
                          [&](const value& other) { return detail::same_json(other, v); });
    });
  }

  void read_bound(std::string_view name, const value& v) {
    if (!v.is_number()) {
      return wrong_type(name, "number", v);
    }
    auto& range = node().range;
    if (!range) {
      range = rule{.kind = rule_kind::range};
    }
    const auto given = detail::number_of(v);
    const bool exclusive = name.starts_with("exclusive");
    if (name.ends_with("inimum")) {
      if (given > range->low || (given == range->low && exclusive)) {
        range->low = given;
        range->above = exclusive;
      }
    } else if (given < range->high || (given == range->high && exclusive)) {
      range->high = given;
      range->below = exclusive;
    }
  }

  void read_count(std::string_view name, const value& v) {
    const bool number = v.is_number();
    const auto given = number ? detail::number_of(v) : bound{-1};
    if (!number || given < 0 || std::trunc(given) != given) {
      report(number ? "out of range" : "wrong type", place(name), "integer >= 0",
             detail::shown_value(v));
      return;
    }
    auto& slot = name.ends_with("Length")  ? node().length
                 : name.ends_with("Items") ? node().items
                                           : node().members;
    if (!slot) {
      const bool length = name.ends_with("Length");
      slot = rule{.kind = length ? rule_kind::length : rule_kind::items, .low = 0};
    }
    (name.starts_with("min") ? slot->low : slot->high) = given;
  }

  void read_pattern(std::string_view name, const value& v) {
    const auto* text = v.if_string();
    if (text == nullptr) {
      return wrong_type(name, "string", v);
    }
    auto made = std::make_unique<detail::owned_pattern>();
    made->text.assign(text->data(), text->size());
    try {
      const auto compiled = std::make_unique<detail::pattern_compiler>(made->text);
      const auto steps = compiled->steps();
      const auto ranges = compiled->ranges();
      made->steps.assign(steps.begin(), steps.end());
      made->ranges.assign(ranges.begin(), ranges.end());
    } catch (const char* why) {
      std::string_view reason(why);
      reason.remove_prefix(std::string_view("pattern: ").size());
      report("bad pattern: " + std::string(reason), place(name), "regular expression",
             detail::shown_value(v));
      return;
    }
    made->program = {made->steps.data(), made->steps.size(), made->ranges.data()};
    node().pattern = std::move(made);
  }

  void read_format(std::string_view name, const value& v) {
    const auto* text = v.if_string();
    if (text == nullptr) {
      return wrong_type(name, "string", v);
    }
    const std::string_view given(*text);
    if (given == "email") {
      node().format = rule{.kind = rule_kind::email};
    } else if (given == "uri") {
      node().format = rule{.kind = rule_kind::url};
    } else if (given == "date-time") {
      node().is_date_time = true;
    }
  }

  void read_required(std::string_view name, const value& v) {
    const auto* list = v.if_array();
    if (list == nullptr) {
      return wrong_type(name, "array of strings", v);
    }
    for (const auto& one : *list) {
      if (const auto* text = one.if_string()) {
        node().required.emplace_back(text->data(), text->size());
      } else {
        wrong_type(name, "array of strings", one);
      }
    }
  }

  void read_unique(std::string_view name, const value& v) {
    const auto* asked = v.if_bool();
    if (asked == nullptr) {
      return wrong_type(name, "boolean", v);
    }
    if (*asked) {
      report("not supported", place(name), "false", "true");
    }
  }

  void one_schema(std::string_view name, const value& v) {
    const auto n = node_for(v, place(name));
    (name == "items" ? node().other_items : name == "not" ? node().is_not : node().additional) = n;
  }

  void schema_list(std::string_view name, const value& v) {
    const auto* list = v.if_array();
    if (list == nullptr || list->empty()) {
      return wrong_type(name, "array of at least 1 schema", v);
    }
    std::vector<id> numbers;
    for (std::size_t i = 0; i < list->size(); ++i) {
      auto pointer = place(name);
      detail::append_token(pointer, i);
      numbers.push_back(node_for((*list)[i], std::move(pointer)));
    }
    auto& n = node();
    (name == "allOf"   ? n.all_of
     : name == "anyOf" ? n.any_of
     : name == "oneOf" ? n.one_of
                       : n.prefix_items) = std::move(numbers);
  }

  void schema_map(std::string_view name, const value& v) {
    const auto* object = v.if_object();
    if (object == nullptr) {
      return wrong_type(name, "object", v);
    }
    for (const auto& member : *object) {
      auto pointer = place(name);
      detail::append_token(pointer, member.key());
      const auto n = node_for(member.value(), std::move(pointer));
      if (name == "properties") {
        node().properties.emplace(member.key(), n);
      }
    }
  }

  // The subschemas that the value of `n` itself is held against.
  static std::vector<id> same_value(const schema_node& n) {
    std::vector<id> out;
    for (const auto* list : {&n.all_of, &n.any_of, &n.one_of}) {
      out.insert(out.end(), list->begin(), list->end());
    }
    for (const auto& one : {n.target, n.is_not}) {
      if (one) {
        out.push_back(*one);
      }
    }
    return out;
  }

  enum class mark : std::uint8_t { unseen, open, done };

  void find_endless_references() {
    std::vector<mark> marks(nodes.size(), mark::unseen);
    struct step {
      id number;
      std::vector<id> next;
    };
    for (id start = 0; start < nodes.size() && problems_.empty(); ++start) {
      std::vector<step> path;
      const auto enter = [&](id n) {
        marks[n] = mark::open;
        path.push_back({n, same_value(nodes[n])});
      };
      if (marks[start] == mark::unseen) {
        enter(start);
      }
      while (!path.empty()) {
        auto& last = path.back();
        if (last.next.empty()) {
          marks[last.number] = mark::done;
          path.pop_back();
          continue;
        }
        const auto n = last.next.back();
        last.next.pop_back();
        if (marks[n] == mark::open) {
          return report("refers to itself", pointers_[n], "a reference that goes into the value",
                        "one that leads back here");
        }
        if (marks[n] == mark::unseen) {
          enter(n);
        }
      }
    }
  }

  const value& root_;
  std::unordered_map<const value*, id> numbers_;
  std::vector<std::string> pointers_;
  std::deque<waiting> queue_;
  std::vector<problem> problems_;
  std::string at_;
  id now_ = 0;
};

}  // namespace

tl::expected<schema_validator, std::vector<problem>> schema_validator::compile(
    const boost::json::value& schema, const schema_limits& limits) {
  compiler work(schema);
  auto problems = work.take_problems();
  if (!problems.empty()) {
    return tl::unexpected(std::move(problems));
  }
  auto made = std::make_shared<program>();
  made->limits = limits;
  made->nodes = std::move(work.nodes);
  return schema_validator(std::move(made));
}

tl::expected<schema_validator, std::vector<problem>> schema_validator::compile_text(
    std::string_view text, const schema_limits& limits) {
  auto schema = decode<boost::json::value>(text);
  if (!schema) {
    std::vector<problem> problems;
    if (const auto e = schema.error().get<errors::serialization_error>()) {
      problems.push_back({std::string(e->message), std::string(e->pointer),
                          std::string(e->expected), std::string(e->actual)});
    } else {
      problems.push_back({schema.error().message(), {}, {}, {}});
    }
    return tl::unexpected(std::move(problems));
  }
  return compile(*schema, limits);
}

}  // namespace fairlead::json
