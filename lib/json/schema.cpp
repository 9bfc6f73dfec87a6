// SPDX-License-Identifier: BSL-1.0
// JSON Schema (draft 2020-12) from descriptors.
//
// How it works: a struct is written once under "$defs" and referred to everywhere. Structs found on
// the way join the end of the list of definitions, which is written until there are no new ones.
#include <fairlead/json/schema.hpp>

#include "scalar.hpp"
#include "text.hpp"
#include "writer.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace fairlead::json::detail {

namespace {

// Writes an object member by member.
class members {
 public:
  explicit members(writer& out) : out_(out) { out_.put('{'); }
  members(const members&) = delete;
  members& operator=(const members&) = delete;
  ~members() { out_.put('}'); }

  void key(std::string_view name) {
    if (!first_) {
      out_.put(',');
    }
    first_ = false;
    text(name);
    out_.put(':');
  }
  void text_member(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  void number_member(std::string_view name, bound value) {
    key(name);
    out_.put(shown(value));
  }

 private:
  void text(std::string_view value) {
    if (!out_.string(value)) {  // a name in the program that is not UTF-8
      out_.put("?\"");
    }
  }

  writer& out_;
  bool first_ = true;
};

// The narrowest of several ranges.
struct limits {
  bound low = -std::numeric_limits<bound>::infinity();
  bound high = std::numeric_limits<bound>::infinity();
  bool above = false;
  bool below = false;

  void narrow(const rule& r) {
    if (r.low > low || (r.low == low && r.above)) {
      low = r.low;
      above = r.above;
    }
    if (r.high < high || (r.high == high && r.below)) {
      high = r.high;
      below = r.below;
    }
  }
};

class schema_writer {
 public:
  explicit schema_writer(std::string& text) : out_(text) {}

  void document(const type_desc& type) {
    {
      members root(out_);
      root.text_member("$schema", "https://json-schema.org/draft/2020-12/schema");
      body(root, type, {});
      for (std::size_t i = 0; i < definitions_.size(); ++i) {
        if (i == 0) {
          root.key("$defs");
        }
        out_.put(i == 0 ? '{' : ',');
        out_.put('"');
        out_.put(definitions_[i].name);
        out_.put("\":");
        definition(*definitions_[i].object);
      }
      if (!definitions_.empty()) {
        out_.put('}');
      }
    }
    out_.flush();
  }

 private:
  struct named_object {
    const object_desc* object;
    std::string name;
  };

  void schema(const type_desc& type, const rule_set& rules) {
    members m(out_);
    body(m, type, rules);
  }

  void body(members& m, const type_desc& type, const rule_set& rules) {
    switch (type.kind) {
      case type_kind::null:
        return m.text_member("type", "null");
      case type_kind::boolean:
        return m.text_member("type", "boolean");
      case type_kind::integer:
      case type_kind::floating:
        return number(m, type, rules);
      case type_kind::string:
        return string(m, rules);
      case type_kind::enumeration:
        m.key("enum");
        return list(type.enumeration->count,
                    [&](std::size_t i) { quoted(type.enumeration->values[i].name); });
      case type_kind::timestamp:
        m.text_member("type", "string");
        return m.text_member("format", "date-time");
      case type_kind::object:
        return m.text_member("$ref", "#/$defs/" + name_of(*type.object));
      case type_kind::sequence:
        return sequence(m, *type.sequence, rules);
      case type_kind::map:
        m.text_member("type", "object");
        m.key("additionalProperties");
        schema(*type.map->element, rules.of_elements());
        return counts(m, rules, "minProperties", "maxProperties");
      case type_kind::optional:
        m.key("anyOf");
        out_.put('[');
        schema(*type.optional->element, rules);
        return out_.put(",{\"type\":\"null\"}]");
      case type_kind::variant:
        return variant(m, *type.variant);
      case type_kind::raw:
        return;
    }
  }

  void number(members& m, const type_desc& type, const rule_set& rules) {
    limits range;
    bool whole = type.kind == type_kind::integer;
    if (whole) {
      range.narrow({.low = lowest(type), .high = highest(type)});
    }
    for_rules(rules, [&](const rule& r) {
      if (r.kind == rule_kind::range) {
        range.narrow(r);
      }
      whole = whole || r.kind == rule_kind::integral;
    });
    m.text_member("type", whole ? "integer" : "number");
    if (!type.unit.empty()) {
      m.text_member("description", type.unit);
    }
    if (!std::isinf(range.low)) {
      m.number_member(range.above ? "exclusiveMinimum" : "minimum", range.low);
    }
    if (!std::isinf(range.high)) {
      m.number_member(range.below ? "exclusiveMaximum" : "maximum", range.high);
    }
    choices(m, rules);
  }

  void string(members& m, const rule_set& rules) {
    m.text_member("type", "string");
    counts(m, rules, "minLength", "maxLength");
    std::vector<std::string_view> patterns;
    for_rules(rules, [&](const rule& r) {
      if (r.kind == rule_kind::pattern) {
        patterns.push_back(r.text);
      }
    });
    if (patterns.size() == 1) {
      m.text_member("pattern", patterns.front());
    } else if (!patterns.empty()) {
      m.key("allOf");
      list(patterns.size(), [&](std::size_t i) {
        members one(out_);
        one.text_member("pattern", patterns[i]);
      });
    }
    std::string_view format;
    for_rules(rules, [&](const rule& r) {
      format = r.kind == rule_kind::email ? "email" : r.kind == rule_kind::url ? "uri" : format;
    });
    if (!format.empty()) {
      m.text_member("format", format);
    }
    choices(m, rules);
  }

  // The first list of allowed values; further ones are left to the codec.
  void choices(members& m, const rule_set& rules) {
    const rule* found = nullptr;
    for_rules(rules, [&](const rule& r) {
      const bool lists = r.kind == rule_kind::texts || r.kind == rule_kind::numbers;
      found = lists && found == nullptr ? &r : found;
    });
    if (found != nullptr) {
      m.key("enum");
      list(found->count, [&](std::size_t i) {
        if (found->kind == rule_kind::texts) {
          quoted(found->texts[i]);
        } else {
          out_.put(shown(found->numbers[i]));
        }
      });
    }
  }

  void counts(members& m, const rule_set& rules, std::string_view low, std::string_view high) {
    limits count;
    for_rules(rules, [&](const rule& r) {
      if (r.kind == rule_kind::length || r.kind == rule_kind::items) {
        count.narrow(r);
      } else if (r.kind == rule_kind::non_empty) {
        count.narrow({.low = 1});
      }
    });
    if (count.low > 0) {
      m.number_member(low, count.low);
    }
    if (!std::isinf(count.high)) {
      m.number_member(high, count.high);
    }
  }

  void sequence(members& m, const sequence_desc& desc, const rule_set& rules) {
    m.text_member("type", "array");
    m.key("items");
    schema(*desc.element, rules.of_elements());
    if (desc.fixed != SIZE_MAX) {
      m.number_member("minItems", static_cast<bound>(desc.fixed));
      m.number_member("maxItems", static_cast<bound>(desc.fixed));
    } else {
      counts(m, rules, "minItems", "maxItems");
    }
  }

  void variant(members& m, const variant_desc& desc) {
    m.key("anyOf");
    list(desc.count, [&](std::size_t i) {
      const auto& alternative = desc.alternatives[i];
      members one(out_);
      body(one, *alternative.type, {});
      if (alternative.type->kind == type_kind::object) {
        one.key("properties");
        {
          members properties(out_);
          properties.key(desc.tag_member);
          members tag(out_);
          tag.text_member("const", alternative.tag);
        }
        one.key("required");
        list(1, [&](std::size_t) { quoted(desc.tag_member); });
      }
    });
  }

  void definition(const object_desc& object) {
    members m(out_);
    m.text_member("type", "object");
    m.key("properties");
    {
      members properties(out_);
      for (std::size_t i = 0; i < object.count; ++i) {
        const auto& field = object.fields[i];
        properties.key(field.name);
        schema(*field.type, {{field.rules, field.rule_count}, 0});
      }
    }
    std::vector<std::string_view> required;
    for (std::size_t i = 0; i < object.count; ++i) {
      const auto& field = object.fields[i];
      if (field.set_default == nullptr && field.type->kind != type_kind::optional) {
        required.push_back(field.name);
      }
    }
    if (!required.empty()) {
      m.key("required");
      list(required.size(), [&](std::size_t i) { quoted(required[i]); });
    }
  }

  // The type's name in characters that may stand in a URI; a second type of that name gets a
  // number.
  std::string name_of(const object_desc& object) {
    for (const auto& d : definitions_) {
      if (d.object == &object) {
        return d.name;
      }
    }
    std::string name;
    for (const char c : object.type_name) {
      const bool plain =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      name += plain ? c : '_';
    }
    const auto taken = [&](const std::string& n) {
      return std::any_of(definitions_.begin(), definitions_.end(),
                         [&](const auto& d) { return d.name == n; });
    };
    auto unique = name;
    for (int n = 2; taken(unique); ++n) {
      unique = name + '_' + std::to_string(n);
    }
    definitions_.push_back({&object, unique});
    return unique;
  }

  template <class F>
  static void for_rules(const rule_set& rules, F f) {
    for (const auto& r : rules.all) {
      if (r.level == rules.level) {
        f(r);
      }
    }
  }

  template <class F>
  void list(std::size_t n, F item) {
    out_.put('[');
    for (std::size_t i = 0; i < n; ++i) {
      if (i > 0) {
        out_.put(',');
      }
      item(i);
    }
    out_.put(']');
  }

  void quoted(std::string_view text) {
    if (!out_.string(text)) {
      out_.put("?\"");
    }
  }

  writer out_;
  std::vector<named_object> definitions_;
};

}  // namespace

std::string schema(const type_desc& type) {
  std::string text;
  schema_writer(text).document(type);
  return text;
}

}  // namespace fairlead::json::detail
