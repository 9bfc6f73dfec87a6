// SPDX-License-Identifier: BSL-1.0
// Only errors come here, so this is written for people who read it, not for speed.
#include "text.hpp"

#include "rules.hpp"
#include "scalar.hpp"

#include <charconv>
#include <cmath>
#include <utility>

namespace fairlead::json::detail {

namespace {

constexpr std::size_t longest_shown = 32;  // bytes of a value
constexpr std::size_t longest_list = 200;  // bytes of "one of ..."

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

class list {
 public:
  void add(std::string item) {
    if (full_) {
      return;
    }
    if (text_.size() + item.size() > longest_list) {
      text_ += ", ...";
      full_ = true;
      return;
    }
    text_ += text_.empty() ? "one of " : ", ";
    text_ += item;
  }
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  std::string text_;
  bool full_ = false;
};

std::string counted(std::string_view what, const rule& r, std::string_view unit) {
  std::string out(what);
  if (r.low == r.high) {
    out += " of " + shown(r.low);
  } else if (std::isinf(r.high)) {
    out += " of at least " + shown(r.low);
  } else if (r.low <= 0 || std::isinf(r.low)) {
    out += " of at most " + shown(r.high);
  } else {
    out += " of " + shown(r.low) + " to " + shown(r.high);
  }
  out += ' ';
  out += unit;
  const auto last = std::isinf(r.high) ? r.low : r.high;
  if (last == 1) {
    out.pop_back();
  }
  return out;
}

std::string ranged(std::string what, const rule& r) {
  const bool from = !std::isinf(r.low);
  const bool to = !std::isinf(r.high);
  if (from && to) {
    what += r.above ? " in (" : " in [";
    what += shown(r.low) + ", " + shown(r.high);
    what += r.below ? ')' : ']';
  } else if (from) {
    what += (r.above ? " > " : " >= ") + shown(r.low);
  } else if (to) {
    what += (r.below ? " < " : " <= ") + shown(r.high);
  }
  return what;
}

std::string container(const type_desc& type) {
  return type.kind == type_kind::map ? "object" : "array";
}
std::string_view entries(const type_desc& type) {
  return type.kind == type_kind::map ? "members" : "items";
}

std::string describe_alternatives(const variant_desc& variant) {
  std::string out;
  bool object = false;
  for (std::size_t i = 0; i < variant.count; ++i) {
    const auto& type = *variant.alternatives[i].type;
    if (type.kind == type_kind::object && std::exchange(object, true)) {
      continue;
    }
    out += out.empty() ? "" : " or ";
    out += describe(type);
  }
  return out;
}

}  // namespace

void append_token(std::string& pointer, std::string_view name) {
  pointer += '/';
  for (const char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

void append_token(std::string& pointer, std::size_t index) {
  pointer += '/';
  pointer += std::to_string(index);
}

std::string shown(std::string_view text) {
  std::string out = "\"";
  std::size_t end = text.size();
  if (end > longest_shown) {
    end = longest_shown;
    while (end > 0 && is_continuation(text[end])) {
      --end;
    }
  }
  for (const char c : text.substr(0, end)) {
    const auto u = static_cast<unsigned char>(c);
    out += u < 0x20 || u == 0x7f ? '?' : c;
  }
  out += end < text.size() ? "...\"" : "\"";
  return out;
}

std::string shown_number(std::string_view text) {
  std::string out(text.substr(0, longest_shown));
  if (text.size() > longest_shown) {
    out += "...";
  }
  return out;
}

std::string shown(bound value) {
  char buffer[64];
  if (std::trunc(value) == value && std::fabs(value) < 1e20L) {
    const auto [end, code] =
        std::to_chars(buffer, std::end(buffer), value, std::chars_format::fixed, 0);
    return {buffer, end};
  }
  const auto [end, code] = std::to_chars(buffer, std::end(buffer), static_cast<double>(value));
  return {buffer, end};
}

std::string describe(const type_desc& type) {
  switch (type.kind) {
    case type_kind::null:
      return "null";
    case type_kind::boolean:
      return "boolean";
    case type_kind::integer:
      return "integer";
    case type_kind::floating:
      return "number";
    case type_kind::string:
      return "string";
    case type_kind::enumeration: {
      list names;
      for (std::size_t i = 0; i < type.enumeration->count; ++i) {
        names.add(shown(type.enumeration->values[i].name));
      }
      return std::move(names).text();
    }
    case type_kind::timestamp:
      return "RFC 3339 timestamp";
    case type_kind::object:
    case type_kind::map:
      return "object";
    case type_kind::sequence:
      return type.sequence->fixed == SIZE_MAX
                 ? "array"
                 : counted("array",
                           {.kind = rule_kind::items,
                            .low = static_cast<bound>(type.sequence->fixed),
                            .high = static_cast<bound>(type.sequence->fixed)},
                           "items");
    case type_kind::optional:
      return describe(*type.optional->element) + " or null";
    case type_kind::variant:
      return describe_alternatives(*type.variant);
    case type_kind::raw:
      return "any value";
  }
  return {};
}

std::string describe(const rule& rule, const type_desc& type) {
  switch (rule.kind) {
    case rule_kind::range:
      return ranged(describe(type), rule);
    case rule_kind::length:
      return counted("string", rule, "characters");
    case rule_kind::items:
      return counted(container(type), rule, entries(type));
    case rule_kind::non_empty:
      return "non-empty " + (type.kind == type_kind::string ? "string" : container(type));
    case rule_kind::pattern:
      return "string matching " + std::string(rule.text);
    case rule_kind::texts: {
      list values;
      for (std::size_t i = 0; i < rule.count; ++i) {
        values.add(shown(rule.texts[i]));
      }
      return std::move(values).text();
    }
    case rule_kind::numbers: {
      list values;
      for (std::size_t i = 0; i < rule.count; ++i) {
        values.add(shown(rule.numbers[i]));
      }
      return std::move(values).text();
    }
    case rule_kind::email:
      return "email address";
    case rule_kind::url:
      return "absolute URL";
    case rule_kind::integral:
      return "number without fraction";
    case rule_kind::has_default:
    case rule_kind::named:
      break;
  }
  return describe(type);
}

std::string describe(const type_desc& type, const rule_set& rules) {
  if (type.kind == type_kind::optional) {
    return describe(*type.optional->element, rules) + " or null";
  }
  for (const auto& r : rules.all) {
    if (r.level == rules.level) {
      return describe(r, type);
    }
  }
  return describe(type);
}

std::string describe_range(const type_desc& type) {
  if (type.kind == type_kind::floating) {
    return type.size == sizeof(float) ? "number in the range of float"
                                      : "number in the range of double";
  }
  return ranged("integer", {.kind = rule_kind::range, .low = lowest(type), .high = highest(type)});
}

std::string describe_tags(const variant_desc& variant) {
  list tags;
  for (std::size_t i = 0; i < variant.count; ++i) {
    if (variant.alternatives[i].type->kind == type_kind::object) {
      tags.add(shown(variant.alternatives[i].tag));
    }
  }
  return std::move(tags).text();
}

std::string describe_members(const object_desc& object) {
  list names;
  for (std::size_t i = 0; i < object.count; ++i) {
    names.add(shown(object.fields[i].name));
  }
  return object.count == 0 ? "no members" : std::move(names).text();
}

std::string shown_for(const rule& rule, const type_desc& type, const void* at) {
  switch (type.kind) {
    case type_kind::string: {
      const auto& text = as_string(at);
      if (rule.kind == rule_kind::length) {
        const auto n = std::to_string(code_points(text));
        return n == "0" ? "\"\"" : "string of " + n + (n == "1" ? " character" : " characters");
      }
      return shown(std::string_view(text));
    }
    case type_kind::sequence:
    case type_kind::map: {
      const auto n = entry_count(type, at);
      std::string out = n == 0 ? "empty " : "";
      out += container(type);
      if (n > 0) {
        out += " of " + std::to_string(n) + ' ';
        out += entries(type);
        if (n == 1) {
          out.pop_back();
        }
      }
      return out;
    }
    case type_kind::floating: {
      char buffer[64];
      const auto end =
          type.size == sizeof(float)
              ? std::to_chars(buffer, std::end(buffer), static_cast<float>(load_floating(type, at)))
              : std::to_chars(buffer, std::end(buffer), load_floating(type, at));
      return {buffer, end.ptr};
    }
    default:
      return shown(load_number(type, at));
  }
}

}  // namespace fairlead::json::detail
